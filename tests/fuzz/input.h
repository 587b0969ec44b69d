// What every fuzz target is made of: bytes to take choices from, and a check that always counts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

/// One input. libFuzzer and the replay driver call it; 0 always.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

/// A finding: says what does not hold and ends the program.
#define FUZZ_CHECK(holds)                                                                   \
    do {                                                                                    \
        if (!(holds)) {                                                                     \
            std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #holds); \
            std::abort();                                                                   \
        }                                                                                   \
    } while (false)

namespace quorumlock::fuzz {

/// Choices out of an input, from its front on. What is missing is zero, so each input has a
/// meaning.
class Input {
  public:
    Input(const std::uint8_t* bytes, std::size_t size)
        : rest_(reinterpret_cast<const char*>(bytes), size) {}

    bool empty() const noexcept { return rest_.empty(); }
    std::uint8_t byte() noexcept {
        if (rest_.empty()) return 0;
        const char first = rest_.front();
        rest_.remove_prefix(1);
        return static_cast<std::uint8_t>(first);
    }
    /// 0 .. bound - 1; the bound is at most 256.
    std::size_t below(std::size_t bound) noexcept { return byte() % bound; }
    std::uint64_t number() noexcept {
        std::uint64_t value = 0;
        for (int i = 0; i < 8; ++i) value = value << 8 | byte();
        return value;
    }
    std::string_view take(std::size_t size) noexcept {
        const std::string_view taken = rest_.substr(0, size);
        rest_.remove_prefix(taken.size());
        return taken;
    }
    /// As many bytes as two bytes of the input say, and not more than there are.
    std::string_view bytes() noexcept {
        const std::size_t high = byte();
        return take(high << 8 | byte());
    }
    std::string_view rest() noexcept { return take(rest_.size()); }
    /// Up to the next newline, which is dropped.
    std::string_view line() noexcept {
        const std::string_view taken = rest_.substr(0, rest_.find('\n'));
        rest_.remove_prefix(taken.size() < rest_.size() ? taken.size() + 1 : taken.size());
        return taken;
    }

  private:
    std::string_view rest_;
};

inline bool is_one_line(std::string_view text) {
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
    }
    return !text.empty();
}

}  // namespace quorumlock::fuzz
