// RESP2 replies, appended to a client's output.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quorumlock::sim {

class ReplyWriter {
  public:
    explicit ReplyWriter(std::string& out) noexcept : out_(&out) {}

    void ok() { out_->append("+OK\r\n"); }
    void status(std::string_view text);
    /// `text` begins with its code: "ERR ...", "WRONGTYPE ...".
    void error(std::string_view text);
    void integer(std::int64_t value);
    void bulk(std::string_view bytes);
    void null() { out_->append("$-1\r\n"); }
    /// As many replies follow.
    void array(std::size_t count);

    /// For what is known only later: where it stands, and bytes put in there.
    std::size_t position() const noexcept { return out_->size(); }
    void insert_array(std::size_t position, std::size_t count);

  private:
    void line(char type, std::int64_t number);

    std::string* out_;
};

}  // namespace quorumlock::sim
