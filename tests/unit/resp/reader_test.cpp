#include "lib/resp/reader.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace quorumlock::resp {
namespace {

using Next = Reader::Next;

void feed(Reader& reader, std::string_view bytes) { reader.feed(bytes.data(), bytes.size()); }

/// One line that has everything of a value in it.
std::string shown(const Value& value) {
    switch (value.type) {
        case Type::nil:
            return "nil";
        case Type::status:
            return "status(" + std::string(value.text) + ")";
        case Type::error:
            return "error(" + std::string(value.text) + ")";
        case Type::string:
            return "string(" + std::string(value.text) + ")";
        case Type::integer:
            return "integer(" + std::to_string(value.integer) + ")";
        case Type::array:
            break;
    }
    std::string out = "[";
    for (std::size_t i = 0; i < value.size; ++i) {
        if (i != 0) out += " ";
        out += shown(value.elements[i]);
    }
    return out + "]";
}

/// All that comes out of a reader that has these bytes; ends with "..." or "broken: why".
std::vector<std::string> drained(Reader& reader) {
    std::vector<std::string> out;
    for (;;) {
        switch (reader.next()) {
            case Next::value:
                out.push_back(shown(reader.value()));
                continue;
            case Next::need_more:
                out.push_back("...");
                return out;
            case Next::broken:
                out.push_back("broken: " + reader.error());
                return out;
        }
    }
}

std::string read_one(std::string_view bytes) {
    Reader reader;
    feed(reader, bytes);
    return drained(reader).front();
}

std::string nested(int depth) {
    std::string bytes;
    for (int i = 0; i < depth; ++i) bytes += "*1\r\n";
    return bytes + ":1\r\n";
}

TEST(Reader, reads_every_type) {
    EXPECT_EQ(read_one("+OK\r\n"), "status(OK)");
    EXPECT_EQ(read_one("+\r\n"), "status()");
    EXPECT_EQ(read_one("-ERR no\r\n"), "error(ERR no)");
    EXPECT_EQ(read_one(":0\r\n"), "integer(0)");
    EXPECT_EQ(read_one(":-1\r\n"), "integer(-1)");
    EXPECT_EQ(read_one(":9223372036854775807\r\n"), "integer(9223372036854775807)");
    EXPECT_EQ(read_one(":-9223372036854775808\r\n"), "integer(-9223372036854775808)");
    EXPECT_EQ(read_one("$5\r\nhello\r\n"), "string(hello)");
    EXPECT_EQ(read_one("$0\r\n\r\n"), "string()");
    EXPECT_EQ(read_one("$-1\r\n"), "nil");
    EXPECT_EQ(read_one("*-1\r\n"), "nil");
    EXPECT_EQ(read_one("*0\r\n"), "[]");
    EXPECT_EQ(read_one("*2\r\n$1\r\na\r\n:2\r\n"), "[string(a) integer(2)]");
}

TEST(Reader, strings_hold_any_bytes) {
    const std::string bytes("a\0\r\n+OK\r\n\xff", 10);
    EXPECT_EQ(read_one("$10\r\n" + bytes + "\r\n"), "string(" + bytes + ")");
}

TEST(Reader, arrays_nest_and_keep_the_order_of_their_elements) {
    EXPECT_EQ(read_one("*4\r\n*2\r\n+a\r\n*1\r\n:1\r\n$-1\r\n*0\r\n*2\r\n*-1\r\n-E x\r\n"),
              "[[status(a) [integer(1)]] nil [] [nil error(E x)]]");
    EXPECT_EQ(read_one("*3\r\n*2\r\n:1\r\n:2\r\n*2\r\n:3\r\n:4\r\n:5\r\n"),
              "[[integer(1) integer(2)] [integer(3) integer(4)] integer(5)]");
}

TEST(Reader, the_outcome_is_the_same_however_the_bytes_are_cut) {
    const std::string bytes =
        "+OK\r\n:12\r\n$-1\r\n*3\r\n$4\r\na\r\nb\r\n*2\r\n:1\r\n-E\r\n*-1\r\n$0\r\n\r\n+last\r\n";
    const std::vector<std::string> expected = {
        "status(OK)", "integer(12)",  "nil", "[string(a\r\nb) [integer(1) error(E)] nil]",
        "string()",   "status(last)", "..."};
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        Reader reader;
        feed(reader, std::string_view(bytes).substr(0, cut));
        auto got = drained(reader);
        ASSERT_EQ(got.back(), "...") << "cut at " << cut;
        got.pop_back();
        feed(reader, std::string_view(bytes).substr(cut));
        for (auto& more : drained(reader)) got.push_back(std::move(more));
        EXPECT_EQ(got, expected) << "cut at " << cut;
    }
    Reader reader;
    std::vector<std::string> got;
    for (const char c : bytes) {
        reader.feed(&c, 1);
        for (auto& one : drained(reader)) {
            if (one != "...") got.push_back(std::move(one));
        }
    }
    got.push_back("...");
    EXPECT_EQ(got, expected);
}

TEST(Reader, a_number_has_no_leading_zero_whether_it_comes_at_once_or_in_pieces) {
    for (const std::string bytes : {":007\r\n", ":00\r\n", ":-0\r\n", ":-01\r\n", ":-\r\n"}) {
        const std::string at_once = read_one(bytes);
        EXPECT_TRUE(at_once.starts_with("broken: ")) << bytes;
        Reader reader;
        std::string in_pieces;
        for (const char c : bytes) {
            reader.feed(&c, 1);
            in_pieces = drained(reader).back();
        }
        EXPECT_EQ(in_pieces, at_once) << bytes;
    }
}

TEST(Reader, a_reply_cut_in_the_middle_needs_more) {
    for (const std::string_view part :
         {"", "+", "+O", "+OK", "+OK\r", "$", "$3", "$3\r\n", "$3\r\nabc", "$3\r\nabc\r", "*",
          "*2\r\n", "*2\r\n:1\r\n"}) {
        Reader reader;
        feed(reader, part);
        EXPECT_EQ(drained(reader), std::vector<std::string>{"..."}) << part;
        EXPECT_EQ(drained(reader), std::vector<std::string>{"..."}) << part;
    }
}

TEST(Reader, feeds_gather_until_somebody_reads) {
    Reader reader;
    for (const std::string_view part : {"+a", "\r\n+b\r\n", "+c\r", "\n"}) feed(reader, part);
    EXPECT_EQ(drained(reader),
              (std::vector<std::string>{"status(a)", "status(b)", "status(c)", "..."}));
    feed(reader, "+d\r\n+e\r\n");
    EXPECT_EQ(reader.next(), Next::value);
    feed(reader, "+f\r\n");
    EXPECT_EQ(drained(reader), (std::vector<std::string>{"status(e)", "status(f)", "..."}));
}

TEST(Reader, a_thousand_replies_in_one_feed) {
    std::string bytes;
    for (int i = 0; i < 1000; ++i) {
        bytes += ":" + std::to_string(i) + "\r\n*2\r\n+OK\r\n$6\r\nstring\r\n";
    }
    Reader reader;
    feed(reader, bytes);
    for (int i = 0; i < 1000; ++i) {
        ASSERT_EQ(reader.next(), Next::value);
        ASSERT_EQ(reader.value().integer, i);
        ASSERT_EQ(reader.next(), Next::value);
        ASSERT_EQ(shown(reader.value()), "[status(OK) string(string)]");
    }
    EXPECT_EQ(reader.next(), Next::need_more);
}

TEST(Reader, a_large_batch_costs_linear_time) {
    // 48 MB in one feed: moving the rest after each KiB would copy 1 TB, beyond any time limit.
    std::string bytes;
    constexpr int kReplies = 12'000'000;
    for (int i = 0; i < kReplies; ++i) bytes += ":1\r\n";
    Reader reader;
    feed(reader, bytes);
    int replies = 0;
    while (reader.next() == Next::value) ++replies;
    EXPECT_EQ(replies, kReplies);
}

TEST(Reader, arrays_nest_seven_deep_and_no_deeper) {
    EXPECT_EQ(read_one(nested(kMaxDepth)), "[[[[[[[integer(1)]]]]]]]");
    const std::string too_deep = "broken: the reply nests arrays more than 7 deep";
    EXPECT_EQ(read_one(nested(kMaxDepth + 1)), too_deep);
    EXPECT_EQ(read_one(nested(9)), too_deep);
    EXPECT_EQ(read_one(nested(10'000)), too_deep);
}

TEST(Reader, a_string_too_large_is_refused_when_it_is_announced) {
    EXPECT_EQ(read_one("$1073741824\r\n"),
              "broken: the reply announces 1073741824 bytes, more than 1 MiB");
    EXPECT_EQ(read_one("*2\r\n:1\r\n$1048577\r\nabc"),
              "broken: the reply announces 1048577 bytes, more than 1 MiB");
    EXPECT_EQ(read_one("$1048576\r\n"), "...");
    EXPECT_EQ(read_one("$1073741824"), "...");
}

TEST(Reader, the_largest_reply_is_one_mib_with_all_its_parts) {
    const std::string text(kMaxReplyBytes - 12, 'x');  // "$1048564\r\n" before it, "\r\n" behind
    Reader reader;
    const std::string both = "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n+OK\r\n";
    feed(reader, both);
    ASSERT_EQ(reader.next(), Next::value);
    EXPECT_EQ(reader.value().text, text);
    EXPECT_EQ(drained(reader), (std::vector<std::string>{"status(OK)", "..."}));
    EXPECT_EQ(read_one("$1048565\r\nx" + text + "\r\n"), "broken: the reply is larger than 1 MiB");
}

TEST(Reader, an_array_that_grows_without_end_is_cut_off) {
    std::string bytes = "*300000\r\n";
    while (bytes.size() <= kMaxReplyBytes) bytes += "$5\r\n12345\r\n";
    EXPECT_EQ(read_one(bytes), "broken: the reply is larger than 1 MiB");
}

TEST(Reader, an_array_of_more_elements_than_fit_is_refused_when_it_is_announced) {
    EXPECT_EQ(read_one("*1000000\r\n"),
              "broken: the reply announces 1000000 elements, more than fit into 1 MiB");
    EXPECT_EQ(read_one("*2147483647\r\n"),
              "broken: the reply announces 2147483647 elements, more than fit into 1 MiB");
    EXPECT_EQ(read_one("*349525\r\n"), "...");
    EXPECT_TRUE(read_one("*9999999999999999999999\r\n").starts_with("broken: not a Redis reply"));
}

TEST(Reader, a_line_without_end_is_cut_off) {
    EXPECT_EQ(read_one("+" + std::string(70'000, 'x')),
              "broken: the reply has a line of more than 65536 bytes");
    EXPECT_EQ(read_one("*" + std::string(70'000, '1')),
              "broken: the reply has a line of more than 65536 bytes");
    EXPECT_EQ(read_one("-" + std::string(60'000, 'x') + "\r\n"),
              "error(" + std::string(60'000, 'x') + ")");
}

TEST(Reader, bad_numbers_are_no_replies) {
    for (const std::string_view bytes :
         {":9223372036854775808\r\n", ":\r\n", ":1x\r\n", "$-2\r\n", "$x\r\n",
          "$99999999999999999999\r\n", "*-2\r\n", "*x\r\n", "*1\r\n:x\r\n"}) {
        const auto got = read_one(bytes);
        EXPECT_TRUE(got.starts_with("broken: not a Redis reply: ")) << bytes << " gave " << got;
        EXPECT_EQ(got.find('\n'), std::string::npos);
    }
}

TEST(Reader, a_string_must_end_where_it_said) {
    for (const std::string_view bytes : {"$3\r\nabcde\r\n", "$3\r\nabc\rx", "$3\r\nabcx\n"}) {
        EXPECT_EQ(read_one(bytes), "broken: not a Redis reply: a string ends without its line end");
    }
}

TEST(Reader, garbage_is_named_by_what_it_looks_like) {
    EXPECT_EQ(read_one("\x16\x03\x01"),
              "broken: not a Redis reply: it began with 0x16 (the server seems to want TLS; "
              "use rediss://)");
    EXPECT_EQ(read_one("\x15\x03\x03"),
              "broken: not a Redis reply: it began with 0x15 (the server seems to want TLS; "
              "use rediss://)");
    EXPECT_EQ(read_one(std::string_view("\0", 1)), "broken: not a Redis reply: it began with 0x00");
    EXPECT_EQ(read_one("SSH-2.0-OpenSSH_9.2\r\n"),
              "broken: not a Redis reply: it began with \"SSH-2.0-OpenSSH_9.2\"");
    EXPECT_EQ(read_one("HTTP/1.1 400 Bad Request\r\nServer: x\r\n"),
              "broken: not a Redis reply but a web server's: \"HTTP/1.1 400 Bad Request\"");
    EXPECT_TRUE(read_one("*1\r\nx\r\n").starts_with("broken: not a Redis reply: "));
}

TEST(Reader, types_of_a_newer_protocol_are_refused) {
    for (const std::string_view bytes :
         {"_\r\n", "#t\r\n", ",1.5\r\n", "%1\r\n+a\r\n:1\r\n", "~0\r\n", ">0\r\n",
          "=5\r\ntxt:a\r\n", "(1\r\n", "*1\r\n_\r\n", "*1\r\n#t\r\n", "*1\r\n,1.5\r\n",
          "*1\r\n%0\r\n"}) {
        EXPECT_TRUE(read_one(bytes).starts_with("broken: not a ")) << bytes;
    }
}

TEST(Reader, what_came_before_the_garbage_is_still_read) {
    Reader reader;
    feed(reader, "+OK\r\n:1\r\n!");
    EXPECT_EQ(drained(reader),
              (std::vector<std::string>{"status(OK)", "integer(1)",
                                        "broken: not a Redis reply: it began with \"!\""}));
}

TEST(Reader, broken_is_for_ever) {
    Reader reader;
    feed(reader, "?");
    EXPECT_EQ(reader.next(), Next::broken);
    const auto why = reader.error();
    feed(reader, "+OK\r\n");
    EXPECT_EQ(reader.next(), Next::broken);
    EXPECT_EQ(reader.error(), why);
}

}  // namespace
}  // namespace quorumlock::resp
