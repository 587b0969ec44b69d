#include "lib/nodes/redis_commands.h"

#include <charconv>
#include <cstring>

#include "lib/base/check.h"

namespace quorumlock::nodes {

// Rule N10: both read and check before their one write, and have no shebang: with one a full
// server would refuse even the delete. An error of GET (WRONGTYPE) is handed on as it is.
const std::string_view kReleaseScript =
    "local v=redis.pcall('GET',KEYS[1])\n"
    "if type(v)=='table' then return v end\n"
    "if not v then return 0 end\n"
    "if v~=ARGV[1] then return -1 end\n"
    "redis.call('DEL',KEYS[1])\n"
    "return 1\n";

const std::string_view kExtendScript =
    "local v=redis.pcall('GET',KEYS[1])\n"
    "if type(v)=='table' then return v end\n"
    "if not v then return 0 end\n"
    "if v~=ARGV[1] then return -1 end\n"
    "local left=redis.call('PTTL',KEYS[1])\n"
    "if left>=0 and left<tonumber(ARGV[2]) then redis.call('PEXPIRE',KEYS[1],ARGV[2]) end\n"
    "return 1\n";

namespace {

constexpr std::size_t kFrame = 256;  // more than the fixed bytes and numbers of any command

std::string script_head(int arguments, std::string_view verb, std::string_view script) {
    std::string head = "*" + std::to_string(arguments) + "\r\n$" + std::to_string(verb.size());
    head += "\r\n";
    head += verb;
    head += "\r\n$" + std::to_string(script.size()) + "\r\n";
    head += script;
    head += "\r\n$1\r\n1\r\n";
    return head;
}

}  // namespace

std::int64_t whole_ms(Nanos ttl) noexcept {
    constexpr std::int64_t kMs = 1'000'000;
    return ttl.count() / kMs + (ttl.count() % kMs > 0 ? 1 : 0);
}

void RedisCommands::set_scripts(std::string_view release_sha, std::string_view extend_sha) {
    release_by_sha_ = script_head(5, "EVALSHA", release_sha);
    extend_by_sha_ = script_head(6, "EVALSHA", extend_sha);
}

void RedisCommands::acquire(std::string_view resource, const Token& token, std::int64_t ttl_ms) {
    if (ttl_ms != acquire_ttl_ms_) {
        const std::string digits = std::to_string(ttl_ms);
        acquire_tail_ = "\r\n$2\r\nNX\r\n$2\r\nPX\r\n$" + std::to_string(digits.size()) + "\r\n" +
                        digits + "\r\n";
        acquire_ttl_ms_ = ttl_ms;
    }
    reserve(resource.size() + kFrame);
    literal("*6\r\n$3\r\nSET\r\n");
    bulk(resource);
    literal("$32\r\n");
    fixed<Token::kLength>(token.hex.data());
    raw(acquire_tail_);
}

void RedisCommands::extend(By by, std::string_view resource, const Token& token,
                           std::int64_t ttl_ms) {
    std::string text;
    if (by == By::text) text = script_head(6, "EVAL", kExtendScript);
    const std::string& head = by == By::text ? text : extend_by_sha_;
    reserve(head.size() + resource.size() + kFrame);
    raw(head);
    bulk(resource);
    bulk(token);
    bulk_number(static_cast<std::uint64_t>(ttl_ms));
}

void RedisCommands::release(By by, std::string_view resource, const Token& token) {
    std::string text;
    if (by == By::text) text = script_head(5, "EVAL", kReleaseScript);
    const std::string& head = by == By::text ? text : release_by_sha_;
    reserve(head.size() + resource.size() + kFrame);
    raw(head);
    bulk(resource);
    bulk(token);
}

void RedisCommands::pttl(std::string_view resource) {
    reserve(resource.size() + kFrame);
    literal("*2\r\n$4\r\nPTTL\r\n");
    bulk(resource);
}

void RedisCommands::get(std::string_view resource) {
    reserve(resource.size() + kFrame);
    literal("*2\r\n$3\r\nGET\r\n");
    bulk(resource);
}

void RedisCommands::ping() {
    reserve(kFrame);
    literal("*1\r\n$4\r\nPING\r\n");
}

void RedisCommands::client_kill(std::int64_t client_id) {
    reserve(kFrame);
    literal("*4\r\n$6\r\nCLIENT\r\n$4\r\nKILL\r\n$2\r\nID\r\n");
    bulk_number(static_cast<std::uint64_t>(client_id));
}

void RedisCommands::reserve(std::size_t more) {
    if (buffer_.size() - size_ < more) buffer_.resize(2 * (buffer_.size() + more));
}

void RedisCommands::raw(std::string_view bytes) noexcept {
    std::memcpy(buffer_.data() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
}

void RedisCommands::number(std::uint64_t value) noexcept {
    char* at = buffer_.data() + size_;
    if (value < 100) {  // nearly always: the length of a name
        if (value >= 10) *at++ = static_cast<char>('0' + value / 10);
        *at++ = static_cast<char>('0' + value % 10);
    } else {
        at = std::to_chars(at, at + 20, value).ptr;
    }
    size_ = static_cast<std::size_t>(at - buffer_.data());
}

void RedisCommands::bulk(std::string_view bytes) noexcept {
    literal("$");
    number(bytes.size());
    literal("\r\n");
    if (!bytes.empty()) raw(bytes);
    literal("\r\n");
}

void RedisCommands::bulk(const Token& token) noexcept {
    literal("$32\r\n");
    fixed<Token::kLength>(token.hex.data());
    literal("\r\n");
}

void RedisCommands::bulk_number(std::uint64_t value) noexcept {
    char digits[20];
    const char* const end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    bulk(std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

}  // namespace quorumlock::nodes
