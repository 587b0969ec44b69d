#include "tests/support/resp_commands.h"

#include <charconv>

#include "lib/base/check.h"

namespace quorumlock::testing {

namespace {

/// The number of "*2\r\n", whose line is taken away; -1 while it is not all there.
long take_number(std::string_view& bytes, char mark) {
    const auto end = bytes.find("\r\n");
    if (end == bytes.npos) return -1;
    long value = -1;
    const auto [rest, bad] = std::from_chars(bytes.data() + 1, bytes.data() + end, value);
    QL_CHECK(bytes[0] == mark && bad == std::errc() && rest == bytes.data() + end && value >= 0);
    bytes.remove_prefix(end + 2);
    return value;
}

}  // namespace

std::size_t command_size(std::string_view bytes) {
    std::string_view rest = bytes;
    const long words = take_number(rest, '*');
    if (words < 0) return 0;
    for (long i = 0; i < words; ++i) {
        const long size = take_number(rest, '$');
        if (size < 0 || rest.size() < static_cast<std::size_t>(size) + 2) return 0;
        rest.remove_prefix(static_cast<std::size_t>(size) + 2);
    }
    return bytes.size() - rest.size();
}

}  // namespace quorumlock::testing
