#include "tests/sim/redis_request.h"

#include <limits>

namespace quorumlock::sim {

namespace {

constexpr std::size_t kLongestHeader = 64 * 1024;
constexpr std::int64_t kLongestWord = std::int64_t{512} << 20;
// For clients that have not authenticated.
constexpr std::int64_t kFewWords = 10;
constexpr std::int64_t kShortWord = 16384;

}  // namespace

void RequestParser::feed(std::string_view bytes) {
    if (waiting_.empty()) {
        bytes_ = bytes;
        return;
    }
    waiting_.append(bytes);
    bytes_ = waiting_;
}

RequestParser::Found RequestParser::next(Words& words, bool authenticated) {
    const Found found = read(authenticated);
    if (found == Found::command) {
        words.clear();
        for (const auto& [from, size] : words_) words.push_back(bytes_.substr(start_ + from, size));
    } else if (found == Found::nothing && bytes_.size() - start_ > kMostWaiting) {
        error_.clear();
        return Found::error;
    }
    return found;
}

RequestParser::Found RequestParser::read(bool authenticated) {
    while (missing_ == 0) {
        if (at_ == bytes_.size()) return Found::nothing;
        start_ = at_;
        words_.clear();
        const Found found = begin(authenticated);
        if (found != Found::command) return found;
    }
    while (missing_ > 0) {
        const Found found = word(authenticated);
        if (found != Found::command) return found;
    }
    return Found::command;
}

/// Reads how many words the command has; none at all is no command, and skipped.
RequestParser::Found RequestParser::begin(bool authenticated) {
    if (bytes_[at_] != '*') return fail("Protocol error: inline commands are not simulated");
    std::string_view line;
    switch (header(line)) {
        case Line::partial:
            return Found::nothing;
        case Line::too_long:
            return fail("Protocol error: too big mbulk count string");
        case Line::whole:
            break;
    }
    const auto count = whole_number(line.substr(1));
    if (!count || *count > std::numeric_limits<int>::max()) {
        return fail("Protocol error: invalid multibulk length");
    }
    if (*count > kFewWords && !authenticated) {
        return fail("Protocol error: unauthenticated multibulk length");
    }
    missing_ = *count > 0 ? *count : 0;
    return Found::command;
}

RequestParser::Found RequestParser::word(bool authenticated) {
    if (length_ < 0) {
        std::string_view line;
        switch (header(line)) {
            case Line::partial:
                return Found::nothing;
            case Line::too_long:
                return fail("Protocol error: too big bulk count string");
            case Line::whole:
                break;
        }
        if (!line.starts_with('$')) {
            const char got = line.empty() ? '\r' : line.front();
            return fail(
                in_one_line(std::string("Protocol error: expected '$', got '") + got + "'"));
        }
        const auto length = whole_number(line.substr(1));
        if (!length || *length < 0 || *length > kLongestWord) {
            return fail("Protocol error: invalid bulk length");
        }
        if (*length > kShortWord && !authenticated) {
            return fail("Protocol error: unauthenticated bulk length");
        }
        length_ = *length;
    }
    const auto length = static_cast<std::size_t>(length_);
    if (bytes_.size() - at_ < length + 2) return Found::nothing;
    words_.emplace_back(at_ - start_, length);
    at_ += length + 2;  // what ends a word is not looked at, as in the server
    length_ = -1;
    --missing_;
    return Found::command;
}

RequestParser::Line RequestParser::header(std::string_view& line) {
    const auto end = bytes_.find('\r', at_);
    if (end == std::string_view::npos) {
        return bytes_.size() - at_ > kLongestHeader ? Line::too_long : Line::partial;
    }
    if (end + 1 == bytes_.size()) return Line::partial;
    line = bytes_.substr(at_, end - at_);
    at_ = end + 2;
    return Line::whole;
}

RequestParser::Found RequestParser::fail(std::string_view text) {
    error_ = "ERR ";
    error_ += text;
    return Found::error;
}

void RequestParser::keep() {
    if (missing_ == 0) start_ = at_;
    if (waiting_.empty()) {
        waiting_.assign(bytes_.substr(start_));
    } else {
        waiting_.erase(0, start_);
    }
    at_ -= start_;
    start_ = 0;
    bytes_ = waiting_;
}

}  // namespace quorumlock::sim
