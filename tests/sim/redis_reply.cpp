#include "tests/sim/redis_reply.h"

#include <charconv>

namespace quorumlock::sim {

void ReplyWriter::status(std::string_view text) {
    out_->push_back('+');
    out_->append(text);
    out_->append("\r\n", 2);
}

void ReplyWriter::error(std::string_view text) {
    out_->push_back('-');
    out_->append(text);
    out_->append("\r\n", 2);
}

void ReplyWriter::integer(std::int64_t value) { line(':', value); }

void ReplyWriter::bulk(std::string_view bytes) {
    line('$', static_cast<std::int64_t>(bytes.size()));
    out_->append(bytes);
    out_->append("\r\n", 2);
}

void ReplyWriter::array(std::size_t count) { line('*', static_cast<std::int64_t>(count)); }

void ReplyWriter::insert_array(std::size_t position, std::size_t count) {
    out_->insert(position, "*" + std::to_string(count) + "\r\n");
}

void ReplyWriter::line(char type, std::int64_t number) {
    char text[24];
    text[0] = type;
    char* const end = std::to_chars(text + 1, text + sizeof(text) - 2, number).ptr;
    end[0] = '\r';
    end[1] = '\n';
    out_->append(text, static_cast<std::size_t>(end + 2 - text));
}

}  // namespace quorumlock::sim
