#include "lib/resp/writer.h"

#include <charconv>
#include <cstring>

namespace quorumlock::resp {

namespace {

void append_header(std::string& out, char type, std::size_t value) {
    char line[24];
    line[0] = type;
    const auto end = std::to_chars(line + 1, line + sizeof(line) - 2, value).ptr;
    end[0] = '\r';
    end[1] = '\n';
    out.append(line, static_cast<std::size_t>(end + 2 - line));
}

}  // namespace

void append_command(std::string& out, std::initializer_list<std::string_view> args) {
    append_header(out, '*', args.size());
    for (const auto arg : args) {
        append_header(out, '$', arg.size());
        out.append(arg);
        out.append("\r\n", 2);
    }
}

Decimal::Decimal(std::int64_t value) noexcept {
    char digits[sizeof(text_)];
    const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    const auto size = static_cast<std::size_t>(end - digits);
    start_ = static_cast<unsigned char>(sizeof(text_) - size);
    std::memcpy(text_ + start_, digits, size);
}

}  // namespace quorumlock::resp
