// RESP replies out of any bytes, cut anyhow: the reader finds the same as when all come at once,
// and what it finds is within its bounds. Rule N11.
#include <string>

#include "lib/resp/reader.h"
#include "tests/fuzz/input.h"

namespace quorumlock::fuzz {
namespace {

using resp::Reader;
using resp::Type;
using resp::Value;

void write(const Value& value, int depth, std::string& out) {
    FUZZ_CHECK(depth <= resp::kMaxDepth || value.type != Type::array);
    out += std::to_string(static_cast<int>(value.type)) + "," + std::to_string(value.integer) +
           "," + std::to_string(value.size) + ",";
    FUZZ_CHECK(value.text.size() <= resp::kMaxReplyBytes);
    FUZZ_CHECK(value.type == Type::array || value.size == 0);
    out.append(value.text) += ";";
    for (std::size_t i = 0; i < value.size; ++i) write(value.elements[i], depth + 1, out);
}

/// Takes what is there; false: nothing more will come.
bool drain(Reader& reader, std::string& out) {
    for (;;) {
        switch (reader.next()) {
            case Reader::Next::need_more:
                return true;
            case Reader::Next::broken:
                FUZZ_CHECK(is_one_line(reader.error()));
                FUZZ_CHECK(reader.next() == Reader::Next::broken);
                return false;
            case Reader::Next::value:
                write(reader.value(), 1, out);
                break;
        }
    }
}

}  // namespace
}  // namespace quorumlock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace quorumlock::fuzz;
    Input input(bytes, size);
    const std::size_t piece = 1 + input.byte();
    const std::string whole(input.rest());

    quorumlock::resp::Reader at_once;
    std::string expected;
    at_once.feed(whole.data(), whole.size());
    const bool alive = drain(at_once, expected);

    quorumlock::resp::Reader in_pieces;
    std::string found;
    bool fed = true;
    for (std::size_t at = 0; fed && at < whole.size(); at += piece) {
        const std::string part = whole.substr(at, piece);  // gone when the next one comes
        in_pieces.feed(part.data(), part.size());
        fed = drain(in_pieces, found);
    }
    FUZZ_CHECK(found == expected);
    FUZZ_CHECK(fed == alive);
    return 0;
}
