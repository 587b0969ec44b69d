// What happened in a run: always as a hash, by which two runs are compared, and as text when a
// person is going to read it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/clock.h"
#include "tests/sim/hash.h"

namespace quorumlock::sim {

/// Kinds of entries, for the hash. The order is of no meaning.
enum class Mark : std::uint8_t {
    connect,
    open,
    closed,
    lookup,
    sent,
    received,
    replied,
    fault,
    call,
    result,
    held,
    loss,
    pause,
    vendor,
    phase,
};

class Trace {
  public:
    struct Line {
        Time at;
        std::string text;
    };

    explicit Trace(bool telling = false) : telling_(telling) {}

    bool telling() const noexcept { return telling_; }
    std::uint64_t hash() const noexcept { return hash_; }
    std::uint64_t entries() const noexcept { return entries_; }
    const std::vector<Line>& lines() const noexcept { return lines_; }

    /// One thing that happened. `text`: called for its std::string only when somebody reads it.
    template <class Text>
    void note(Time at, Mark mark, std::uint64_t a, std::uint64_t b, const Text& text) {
        add(static_cast<std::uint64_t>(at));
        add((static_cast<std::uint64_t>(mark) << 56) ^ (a << 32) ^ b);
        ++entries_;
        if (telling_) lines_.push_back({at, text()});
    }
    template <class Text>
    void note(Time at, Mark mark, std::uint64_t a, std::string_view bytes, const Text& text) {
        note(at, mark, a, hash_of(bytes), text);
    }

  private:
    void add(std::uint64_t value) noexcept {
        hash_ = (hash_ ^ value) * 0x9fb21c651e98df25ULL;
        hash_ ^= hash_ >> 29;
    }

    bool telling_;
    std::uint64_t hash_ = 0x243f6a8885a308d3ULL;
    std::uint64_t entries_ = 0;
    std::vector<Line> lines_;
};

/// "2.5 ms": for timelines.
std::string text_of(Time time);
/// Commands or replies in the words of the protocol, as one printable line; what is long is cut.
std::string in_words(std::string_view bytes);

}  // namespace quorumlock::sim
