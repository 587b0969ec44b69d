#include "tests/fuzz/lies.h"

#include <array>
#include <charconv>
#include <iterator>
#include <optional>

#include "lib/base/told.h"

namespace quorumlock::fuzz {

namespace {

std::string bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

constexpr std::array<std::string_view, 20> kErrors{
    "NOSCRIPT No matching script.",
    "LOADING Redis is loading the dataset in memory",
    "OOM command not allowed when used memory > 'maxmemory'.",
    "BUSY Redis is busy running a script.",
    "NOAUTH Authentication required.",
    "WRONGPASS invalid username-password pair",
    "NOPERM this user has no permissions",
    "READONLY You can't write against a read only replica.",
    "MISCONF Redis is configured to save RDB snapshots",
    "MASTERDOWN Link with MASTER is down",
    "CLUSTERDOWN Hash slot not served",
    "MOVED 1234 10.0.0.9:6379",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "QLCLOCK its clock is 20 s off",
    "QLFENCE the fencing counter is no string",
    "EXECABORT Transaction discarded",
    "ERR unknown command 'SET', with args beginning with: 'secret'",
    "ERR Error running script (call to f_0): @user_script:6: -READONLY x",
    "ERR max number of clients reached",
    ""};

constexpr std::array<std::int64_t, 16> kNumbers{0,
                                                1,
                                                2,
                                                -1,
                                                -2,
                                                3,
                                                1000,
                                                INT64_MAX,
                                                INT64_MIN,
                                                INT64_MAX / 1'000'000,
                                                9'223'372'036'855,
                                                (1LL << 53) - 1,
                                                1LL << 53,
                                                1'700'001'000'000'000,
                                                86'400'000,
                                                1LL << 31};

/// Of a table, or any.
std::int64_t take_number(Input& input) {
    const std::size_t which = input.below(std::size(kNumbers) + 2);
    if (which < std::size(kNumbers)) return kNumbers[which];
    return static_cast<std::int64_t>(input.number());
}

std::string integer(std::int64_t value) { return ":" + std::to_string(value) + "\r\n"; }

std::string two(std::int64_t said, std::int64_t value) {
    return "*2\r\n" + integer(said) + integer(value);
}

std::string info(Input& input) {
    std::string text = "# Server\r\nredis_version:7.0.15\r\nrun_id:";
    text += std::string(1 + input.below(40), static_cast<char>('a' + input.below(6)));
    text += "\r\nuptime_in_seconds:" + std::to_string(take_number(input));
    text += "\r\nserver_time_usec:" + std::to_string(take_number(input)) + "\r\n";
    text += "role:" + std::string(input.below(2) == 0 ? "master" : "slave") + "\r\n";
    text.append(input.take(input.byte()));
    return bulk(text);
}

std::string push(Input& input) {
    const std::string resource = "r" + std::to_string(input.below(3));
    const std::string head = "*3\r\n" + bulk("message") + bulk("__redis__:invalidate");
    switch (input.below(3)) {
        case 0:
            return head + "*1\r\n" + bulk(resource);
        case 1:
            return head + "*-1\r\n";
        default:
            return head + "*2\r\n" + integer(1) + bulk(std::string(input.below(256), 'x'));
    }
}

/// Takes "X<number>\r\n" from the front.
std::optional<std::int64_t> take_line(std::string_view& bytes, char mark) {
    const auto end = bytes.find("\r\n");
    if (end == bytes.npos || bytes.front() != mark) return std::nullopt;
    std::int64_t value = 0;
    const auto [rest, bad] = std::from_chars(bytes.data() + 1, bytes.data() + end, value);
    if (bad != std::errc() || rest != bytes.data() + end) return std::nullopt;
    bytes.remove_prefix(end + 2);
    return value;
}

/// One whole reply that no command of ours can take for a yes.
bool is_no(std::string_view bytes) {
    if (bytes.starts_with('-')) {
        return bytes.ends_with("\r\n") && bytes.find('\n') + 1 == bytes.size();
    }
    std::string_view rest = bytes;
    if (const auto size = take_line(rest, '$')) {
        return *size == -1 ? rest.empty()
                           : *size >= 0 && rest.ends_with("\r\n") &&
                                 rest.size() == static_cast<std::size_t>(*size) + 2;
    }
    const auto elements = take_line(rest, '*');
    if (!elements) return false;
    if (*elements == -1) return rest.empty();
    const auto said = take_line(rest, ':');
    const auto counter = take_line(rest, ':');
    if (*elements != 2 || !said || !counter || !rest.empty()) return false;
    return (*said != 1 && *said != 2) || *counter < 0 || *counter > kMaxFence;
}

}  // namespace

std::string take_reply(Input& input, std::string_view token) {
    switch (input.below(16)) {
        case 0:
            return integer(take_number(input));
        case 1:
            return two(1, take_number(input));
        case 2:
            return two(0, take_number(input));
        case 3:
            return two(2, take_number(input));
        case 4:
            return two(take_number(input), take_number(input));
        case 5:
            return "-" + std::string(kErrors[input.below(std::size(kErrors))]) + "\r\n";
        case 6:
            return "+OK\r\n";
        case 7:
            return input.below(2) == 0 ? "$-1\r\n" : "*-1\r\n";
        case 8:
            return bulk(token);
        case 9:
            return bulk(std::to_string(take_number(input)));
        case 10:
            return info(input);
        case 11:
            return push(input);
        case 12:
            return "$" + std::to_string(take_number(input)) + "\r\n";
        case 13:
            return "*" + std::to_string(take_number(input)) + "\r\n";
        case 14:
            return bulk(std::string(40, 'a'));
        default:
            return std::string(input.bytes());
    }
}

bool Lie::can_fake() const noexcept {
    if (what == What::pass || what == What::close) return false;
    // Anything but one reply for one reply makes later ones answer for others.
    return what != What::instead || !is_no(bytes);
}

Lie take_lie(Input& input, std::string_view token) {
    Lie lie;
    lie.what = static_cast<Lie::What>(input.below(Lie::kWhats));
    if (lie.what == Lie::What::instead || lie.what == Lie::What::before ||
        lie.what == Lie::What::behind) {
        lie.bytes = take_reply(input, token);
    }
    return lie;
}

}  // namespace quorumlock::fuzz
