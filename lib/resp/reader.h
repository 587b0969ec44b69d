// RESP2 replies out of a byte stream: hiredis' redisReader with object functions of our own.
// No allocation for statuses, integers and nil once warm. What a reply may cost is bounded before
// the reader sees it: depth, buffered bytes, elements.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quorumlock::resp {

enum class Type : std::uint8_t { nil, status, error, string, integer, array };

/// One reply, valid until the next call of next(). Elements of an array are in order, nested
/// ones by index into the same flat list.
struct Value {
    Type type = Type::nil;
    std::int64_t integer = 0;         ///< integer
    std::string_view text{};          ///< status, error, string
    const Value* elements = nullptr;  ///< array
    std::size_t size = 0;             ///< array
};

inline constexpr int kMaxDepth = 7;
inline constexpr std::size_t kMaxReplyBytes = 1 << 20;

class Reader {
  public:
    enum class Next : std::uint8_t { value, need_more, broken };

    Reader();
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    /// The bytes must stay where they are until next() has answered need_more or broken.
    void feed(const char* bytes, std::size_t size);
    /// Takes the next whole reply into value(). After `broken` nothing more comes; error() says
    /// why in one line ("the reply announces 1073741824 bytes, more than 1 MiB").
    Next next();
    const Value& value() const noexcept;
    const std::string& error() const noexcept;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace quorumlock::resp
