// The bytes of every command that a Redis node sends once it is ready, and its scripts.
// Written 500,000 times a second: straight into one buffer that is kept.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/node.h>
#include <quorumlock/time.h>
#include <quorumlock/token.h>

namespace quorumlock::nodes {

/// KEYS[1] resource, ARGV[1] token. 1 released, 0 absent, -1 taken. Rule N10.
extern const std::string_view kReleaseScript;
/// KEYS[1] resource, ARGV[1] token, ARGV[2] ttl in ms. 1 extended, 0 absent, -1 taken; never
/// shortens (rule E2). Rule N10.
extern const std::string_view kExtendScript;

/// KEYS[1] resource, KEYS[2] its counter, or none where it is not counted; ARGV[1] token, [2] ttl
/// and [3] the counter's retention in ms, [4] the asker's wall clock in us, or 0. For a TRANSFER
/// also [5], the token that gives. {1, counter} granted, {2, counter} from the one that gives,
/// {0, remaining ms} refused. Rules F1, F3, F5, N10, W5.
extern const std::string_view kAcquireScript;
/// KEYS as above; ARGV[1] token, [2] m, [3] retention. 1 raised, 0 not ours, or no counter of at
/// most m. Rules F2, N10.
extern const std::string_view kRaiseScript;

/// The key of a resource's fencing counter: rule F6.
void append_counter_key(std::string& to, std::string_view resource);

/// Whole milliseconds, rounded up: a lease must not end on the server before it ends here.
std::int64_t whole_ms(Nanos ttl) noexcept;

class RedisCommands {
  public:
    enum class By : std::uint8_t { sha, text };

    /// The scripts' SHA-1 as the server told them, 40 hex digits each.
    struct Scripts {
        std::string release, extend, acquire, raise;
    };
    void set_scripts(const Scripts& sha);
    /// How long a counter outlives its last use. Rule F4.
    void set_retention(Nanos retention);

    /// Each appends one command to bytes().
    void acquire(std::string_view resource, const Token& token, std::int64_t ttl_ms);
    /// With a fence. `wall_us` 0: the server's clock is trusted.
    void acquire(By by, std::string_view resource, const Token& token, std::int64_t ttl_ms,
                 std::int64_t wall_us);
    /// Uncounted, by the script: its refusal alone reads the key (rule W1).
    void acquire_uncounted(By by, std::string_view resource, const Token& token,
                           std::int64_t ttl_ms);
    void raise(By by, std::string_view resource, const Token& token, std::int64_t counter);
    /// `wall_us` as above; not counted: anything.
    void transfer(By by, std::string_view resource, const Token& from, const Token& to,
                  std::int64_t ttl_ms, bool counted, std::int64_t wall_us);
    /// The refusal of the next command arms a wake-up. Rule W1.
    void caching();
    /// Where the wake-ups of this connection go: the connection of that id.
    void tracking(std::int64_t client_id);
    void extend(By by, std::string_view resource, const Token& token, std::int64_t ttl_ms);
    void release(By by, std::string_view resource, const Token& token);
    void pttl(std::string_view resource);
    void get(std::string_view resource);
    void get_counter(std::string_view resource);
    void ping();
    void client_kill(std::int64_t client_id);

    std::string_view bytes() const noexcept { return {buffer_.data(), size_}; }
    void clear() noexcept { size_ = 0; }
    /// How many were composed so far, but for those of connecting and of being woken.
    std::uint64_t count() const noexcept { return count_; }

  private:
    void reserve(std::size_t more);
    /// Of a size known to the compiler: a few moves instead of a call.
    template <std::size_t Size>
    void fixed(const char* bytes) noexcept {
        std::memcpy(buffer_.data() + size_, bytes, Size);
        size_ += Size;
    }
    template <std::size_t Size>
    void literal(const char (&text)[Size]) noexcept {
        fixed<Size - 1>(text);
    }
    void raw(std::string_view bytes) noexcept;
    void number(std::uint64_t value) noexcept;
    void bulk(std::string_view bytes) noexcept;
    void bulk(const Token& token) noexcept;
    void bulk_number(std::uint64_t value) noexcept;

    std::vector<char> buffer_ = std::vector<char>(1024);
    std::size_t size_ = 0;
    std::uint64_t count_ = 0;
    /// A script's command up to where the resource's length begins.
    void head(By by, const std::string& by_sha, int words, int keys, std::string_view script,
              std::size_t more);
    void counter_key(std::string_view resource) noexcept;

    std::string release_by_sha_, extend_by_sha_, acquire_by_sha_, raise_by_sha_;
    std::string transfer_by_sha_, plain_transfer_by_sha_, plain_acquire_by_sha_;
    std::string retention_;  // as an argument
    // An acquire's end, of the ttl that was asked last: it hardly ever changes.
    std::string acquire_tail_;
    std::int64_t acquire_ttl_ms_ = -1;
};

}  // namespace quorumlock::nodes
