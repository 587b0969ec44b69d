// Whole replies out of a byte stream. hiredis parses; this file keeps what it may cost bounded
// and collects what it found into memory that is used again for the next reply (rule N11).
#include "lib/resp/reader.h"

#include <hiredis/read.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "lib/base/check.h"
#include "lib/resp/reply_builder.h"
#include "lib/resp/reply_text.h"

namespace quorumlock::resp {

namespace {

// hiredis moves the rest of its buffer after every KiB it has parsed; small slices keep that
// linear however much arrived at once.
constexpr std::size_t kSlice = 4096;
// hiredis looks for the end of an unfinished line from its start at every attempt.
constexpr std::size_t kMaxLineBytes = 64 * 1024;
// Buffers that grew beyond this for one large reply are given back.
constexpr std::size_t kKeepBytes = 256 * 1024;

// A reply of this size may have made a buffer grow that is to be given back.
constexpr std::size_t kLargeReply = 16 * 1024;

// The task on top of the reader's stack: an array of tasks in hiredis 0.14, of pointers in 1.x.
template <class R>
int current_type(const R& reader) {
    if constexpr (requires { reader.rstack[0].type; }) {
        return reader.rstack[reader.ridx].type;
    } else {
        return reader.task[reader.ridx]->type;
    }
}

}  // namespace

struct Reader::Impl {
    Impl() : parser(redisReaderCreateWithFunctions(builder.functions())) {
        QL_CHECK(parser != nullptr);
        parser->privdata = &builder;
        // Its own limit is so low that every burst would give the buffer back.
        parser->maxbuf = kKeepBytes;
        warm();
    }
    ~Impl() { redisReaderFree(parser); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    std::size_t unparsed() const { return parser->len - parser->pos; }
    const char* unparsed_bytes() const { return parser->buf + parser->pos; }

    void warm();
    Next next();
    bool take_short_line();
    void keep_fresh();
    std::string_view next_slice() const;
    bool feed_slice();
    bool begin_reply();
    bool check_unfinished();
    Next fail(std::string why);
    std::string parser_failure() const;

    ReplyBuilder builder;
    redisReader* parser;
    std::string_view fresh;  // the caller's bytes, behind those of input
    bool at_front = false;   // nothing of it has been given to the parser
    std::string input;       // kept; not yet given to the parser from input_at on
    std::size_t input_at = 0;
    std::uint64_t fed = 0;          // bytes given to the parser, ever
    std::uint64_t reply_start = 0;  // of these, how many came before the current reply
    bool in_reply = false;
    int tidying = 0;  // so many replies go through the parser, to give back what a large one took
    bool broken = false;
    std::string error;
};

// hiredis drops what it has parsed once that exceeds a KiB; its buffer grows till then. Better now
// than in the middle of the work.
void Reader::Impl::warm() {
    const std::string line = '+' + std::string(2 * 1024, ' ') + "\r\n";
    void* reply = nullptr;
    QL_CHECK(redisReaderFeed(parser, line.data(), line.size()) == REDIS_OK);
    QL_CHECK(redisReaderGetReply(parser, &reply) == REDIS_OK && reply != nullptr);
    builder.begin();
}

Reader::Next Reader::Impl::next() {
    if (broken) return Next::broken;
    if (take_short_line()) return Next::value;
    for (;;) {
        // hiredis must not be asked without a byte to read: it would begin a reply then.
        if (unparsed() == 0 && !feed_slice()) return broken ? Next::broken : Next::need_more;
        if (!in_reply && !begin_reply()) return Next::broken;

        void* reply = nullptr;
        if (redisReaderGetReply(parser, &reply) != REDIS_OK) return fail(parser_failure());
        if (reply != nullptr) {
            if (fed - unparsed() - reply_start > kMaxReplyBytes) return fail(text::too_large());
            if (!builder.finish()) return fail(text::out_of_memory());
            in_reply = false;
            if (fed - unparsed() - reply_start > kLargeReply) {
                tidying = 2;
            } else if (tidying > 0) {
                --tidying;
            }
            return Next::value;
        }
        if (!check_unfinished()) return Next::broken;
        if (!feed_slice()) return broken ? Next::broken : Next::need_more;
    }
}

// Nearly every reply is "+OK", ":1" or "$-1", whole and on its own: read where it lies. All else,
// and all that is wrong, is hiredis' to judge.
bool Reader::Impl::take_short_line() {
    constexpr std::size_t kShort = 24;
    if (in_reply || tidying > 0 || fresh.size() < 4 || unparsed() != 0 || !input.empty())
        return false;
    const auto end = fresh.substr(0, kShort).find('\n');
    if (end == std::string_view::npos || end < 2 || fresh[end - 1] != '\r') return false;
    const std::string_view text = fresh.substr(1, end - 2);
    if (fresh.front() == '+') {
        builder.take_line({.type = Type::status, .integer = 0, .text = text});
    } else if (fresh.front() == ':') {
        // Else whether "007" is a number would depend on how the bytes were cut.
        const std::string_view digits = text.substr(text.front() == '-' ? 1 : 0);
        if (digits.empty() || (digits.front() == '0' && text.size() > 1)) return false;
        std::int64_t integer = 0;
        const auto [rest, bad] = std::from_chars(text.data(), text.data() + text.size(), integer);
        if (bad != std::errc() || rest != text.data() + text.size()) return false;
        builder.take_line({.type = Type::integer, .integer = integer});
    } else if (fresh.front() == '$' && text == "-1") {
        builder.take_line({});
    } else {
        return false;
    }
    fresh.remove_prefix(end + 1);
    return true;
}

/// Somebody feeds before all was read: what is left must be kept.
void Reader::Impl::keep_fresh() {
    if (fresh.empty()) return;
    input.erase(0, std::exchange(input_at, 0));
    input.append(fresh);
    fresh = {};
}

/// The next bytes for the parser: what was kept, then the caller's own. A line that was cut gets
/// its end first, so that the lines behind it can be read where they lie.
std::string_view Reader::Impl::next_slice() const {
    const auto kept = std::string_view(input).substr(input_at);
    if (!kept.empty()) return kept.substr(0, kSlice);
    const auto end = at_front ? fresh.substr(0, kSlice).find('\n') : std::string_view::npos;
    return fresh.substr(0, end == std::string_view::npos ? kSlice : end + 1);
}

bool Reader::Impl::feed_slice() {
    const auto slice = next_slice();
    if (slice.empty()) return false;
    if (redisReaderFeed(parser, slice.data(), slice.size()) != REDIS_OK) {
        fail(text::out_of_memory());
        return false;
    }
    fed += slice.size();
    if (input.empty()) {
        fresh.remove_prefix(slice.size());
        at_front = false;
    } else if (input_at += slice.size(); input_at == input.size()) {
        input.clear();
        input_at = 0;
        if (input.capacity() > kKeepBytes) input.shrink_to_fit();
    }
    return true;
}

bool Reader::Impl::begin_reply() {
    const char first = *unparsed_bytes();
    if (std::string_view("+-:$*").find(first) == std::string_view::npos) {
        fail(text::no_reply({unparsed_bytes(), unparsed()}));
        return false;
    }
    builder.begin();
    reply_start = fed - unparsed();
    in_reply = true;
    return true;
}

// Rule N11: what an unfinished reply has cost so far, and what it announces.
bool Reader::Impl::check_unfinished() {
    if (fed - reply_start > kMaxReplyBytes) {
        fail(text::too_large());
        return false;
    }
    if (parser->ridx < 0) return true;
    const std::string_view rest(unparsed_bytes(), unparsed());
    if (current_type(*parser) == REDIS_REPLY_STRING) {
        const auto announced = text::announced_bytes(rest);
        if (announced.empty()) return true;
        fail(text::announces_too_much(announced, "bytes", "1 MiB"));
        return false;
    }
    if (rest.size() > kMaxLineBytes) {
        fail(text::line_too_long(kMaxLineBytes));
        return false;
    }
    return true;
}

Reader::Next Reader::Impl::fail(std::string why) {
    broken = true;
    fresh = {};
    error = std::move(why);
    input = std::string();
    input_at = 0;
    builder.begin();
    return Next::broken;
}

std::string Reader::Impl::parser_failure() const {
    switch (builder.refusal()) {
        case ReplyBuilder::Refusal::none:
            break;
        case ReplyBuilder::Refusal::depth:
            return text::too_deep(kMaxDepth);
        case ReplyBuilder::Refusal::elements:
            return text::announces_too_much(std::to_string(builder.refused_size()), "elements",
                                            "fit into 1 MiB");
        case ReplyBuilder::Refusal::type:
            return text::not_resp2();
        case ReplyBuilder::Refusal::framing:
            return text::unterminated();
        case ReplyBuilder::Refusal::memory:
            return text::out_of_memory();
    }
    return text::parser_said(parser->errstr);
}

Reader::Reader() : impl_(std::make_unique<Impl>()) {}
Reader::~Reader() = default;

void Reader::feed(const char* bytes, std::size_t size) {
    auto& impl = *impl_;
    if (impl.broken || size == 0) return;
    impl.keep_fresh();
    impl.fresh = {bytes, size};
    impl.at_front = true;
}

Reader::Next Reader::next() { return impl_->next(); }
const Value& Reader::value() const noexcept { return impl_->builder.root(); }
const std::string& Reader::error() const noexcept { return impl_->error; }

}  // namespace quorumlock::resp
