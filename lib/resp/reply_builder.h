// Collects what hiredis finds into Values, in memory that is used again for the next reply.
#pragma once

#include <hiredis/read.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/resp/reader.h"

namespace quorumlock::resp {

/// No element is shorter than 3 bytes, so a longer array cannot fit into kMaxReplyBytes.
inline constexpr std::size_t kMaxElements = kMaxReplyBytes / 3;

class ReplyBuilder {
  public:
    /// Why a callback told the parser to stop.
    enum class Refusal : std::uint8_t { none, depth, elements, type, framing, memory };

    ReplyBuilder();
    ReplyBuilder(const ReplyBuilder&) = delete;
    ReplyBuilder& operator=(const ReplyBuilder&) = delete;

    /// For redisReaderCreateWithFunctions; the reader's privdata must be this object.
    redisReplyObjectFunctions* functions() { return &functions_; }

    /// Forgets the last reply; gives back what one large reply had taken.
    void begin();
    /// A whole reply that needed no parser.
    void take_line(const Value& value) noexcept { values_.front() = value; }
    /// Makes root() of what was collected. False when memory ran out.
    bool finish() noexcept;
    const Value& root() const noexcept { return values_.front(); }

    Refusal refusal() const { return refusal_; }
    /// How many elements were announced when the refusal is `elements`.
    long long refused_size() const { return refused_size_; }

    // What the parser calls. The answer names the part (its number + 1); null stops the parser.
    void* on_string(const redisReadTask& task, const char* bytes, std::size_t size) noexcept;
    void* on_array(const redisReadTask& task, long long size) noexcept;
    void* on_integer(const redisReadTask& task, long long value) noexcept;
    void* on_nil(const redisReadTask& task) noexcept;
    void* refuse(Refusal why) noexcept;

  private:
    /// One part in the order of arrival: an array stands before its elements. Elements of one
    /// array are only neighbours after finish(), as arrays may stand between them.
    struct Part {
        Type type = Type::nil;
        std::int64_t integer = 0;
        std::size_t text_at = 0;
        std::size_t size = 0;    ///< of the text, or elements of the array
        std::size_t parent = 0;  ///< number of the array it is in
        std::size_t index = 0;   ///< place in there
        std::size_t first = 0;   ///< where an array's elements begin in values_
    };

    void* add(const redisReadTask& task, Part part) noexcept;

    redisReplyObjectFunctions functions_{};
    std::vector<Part> parts_;
    std::string text_;
    std::vector<Value> values_;
    Refusal refusal_ = Refusal::none;
    long long refused_size_ = 0;
};

}  // namespace quorumlock::resp
