// RESP2 commands, appended to a caller's buffer. No allocation once the buffer has grown.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace quorumlock::resp {

/// Appends `*N\r\n$len\r\narg\r\n...`. Binary safe.
void append_command(std::string& out, std::initializer_list<std::string_view> args);

/// A decimal number as text, in place: for arguments.
class Decimal {
  public:
    explicit Decimal(std::int64_t value) noexcept;
    std::string_view view() const noexcept { return {text_ + start_, sizeof(text_) - start_}; }

  private:
    char text_[20];
    unsigned char start_;
};

}  // namespace quorumlock::resp
