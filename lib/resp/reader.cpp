// Whole replies out of a byte stream. hiredis parses; this file keeps what it may cost bounded
// and collects what it found into memory that is used again for the next reply (rule N11).
#include "lib/resp/reader.h"

#include <hiredis/read.h>

#include <algorithm>

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
    }
    ~Impl() { redisReaderFree(parser); }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    std::size_t unparsed() const { return parser->len - parser->pos; }
    const char* unparsed_bytes() const { return parser->buf + parser->pos; }

    Next next();
    bool feed_slice();
    bool begin_reply();
    bool check_unfinished();
    Next fail(std::string why);
    std::string parser_failure() const;

    ReplyBuilder builder;
    redisReader* parser;
    std::string input;  // not yet given to the parser, from input_at on
    std::size_t input_at = 0;
    std::uint64_t fed = 0;          // bytes given to the parser, ever
    std::uint64_t reply_start = 0;  // of these, how many came before the current reply
    bool in_reply = false;
    bool broken = false;
    std::string error;
};

Reader::Next Reader::Impl::next() {
    if (broken) return Next::broken;
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
            return Next::value;
        }
        if (!check_unfinished()) return Next::broken;
        if (!feed_slice()) return broken ? Next::broken : Next::need_more;
    }
}

bool Reader::Impl::feed_slice() {
    const auto size = std::min(kSlice, input.size() - input_at);
    if (size == 0) return false;
    if (redisReaderFeed(parser, input.data() + input_at, size) != REDIS_OK) {
        fail(text::out_of_memory());
        return false;
    }
    fed += size;
    input_at += size;
    if (input_at == input.size()) {
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
    if (impl.input_at > impl.input.size() / 2) {
        impl.input.erase(0, impl.input_at);
        impl.input_at = 0;
    }
    impl.input.append(bytes, size);
}

Reader::Next Reader::next() { return impl_->next(); }
const Value& Reader::value() const noexcept { return impl_->builder.root(); }
const std::string& Reader::error() const noexcept { return impl_->error; }

}  // namespace quorumlock::resp
