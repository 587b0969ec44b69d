// Commands out of a client's bytes: arrays of bulk strings, split at any byte. Inline commands are
// refused. The texts of the errors are the server's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/sim/redis_text.h"

namespace quorumlock::sim {

class RequestParser {
  public:
    enum class Found : std::uint8_t { command, nothing, error };

    /// A client that keeps more than this waiting is cut off without a word.
    static constexpr std::size_t kMostWaiting = std::size_t{64} << 20;

    /// Bytes that have come; they must stay until keep().
    void feed(std::string_view bytes);
    /// The next whole command, its words valid until keep(). Clients that have not authenticated
    /// are held to small ones.
    Found next(Words& words, bool authenticated);
    /// What is wrong, after Found::error; empty: nothing is to be said.
    const std::string& error() const noexcept { return error_; }
    /// Copies what is not a whole command yet.
    void keep();

  private:
    enum class Line : std::uint8_t { whole, partial, too_long };

    Line header(std::string_view& line);
    Found fail(std::string_view text);
    Found read(bool authenticated);
    Found begin(bool authenticated);
    Found word(bool authenticated);

    std::string waiting_;
    std::string_view bytes_;    // waiting_, or what was fed when nothing waited
    std::size_t start_ = 0;     // of the current command
    std::size_t at_ = 0;        // up to where it is read
    std::int64_t missing_ = 0;  // words of it that have not come
    std::int64_t length_ = -1;  // of the next word, once known
    std::vector<std::pair<std::size_t, std::size_t>> words_;  // from start_, length
    std::string error_;
};

}  // namespace quorumlock::sim
