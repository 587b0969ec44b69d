#include "lib/nodes/redis_commands.h"

#include <charconv>
#include <cstring>

#include "lib/base/check.h"

namespace quorumlock::nodes {

// Rule N10: all read and check before their first write, and have no shebang: with one a full
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

// SETRANGE of nothing changes nothing: it asks whether the server may write this key and has memory
// left, so that no write behind it is forbidden. It has to be first: a server that is full lets a
// script go on behind any write, and takes even GETEX for one. GETEX, because unlike a GET it does
// not make the server watch the counter for this client. For the same reason only a refusal reads
// the resource's key (rule W1); and a TRANSFER, which is never armed.
const std::string_view kAcquireScript =
    "local n\n"
    "if KEYS[2] then\n"
    " local e=redis.pcall('SETRANGE',KEYS[2],0,'')\n"
    " if type(e)=='table' then\n"
    "  if string.find(e.err,'WRONGTYPE',1,true) then\n"
    "   return redis.error_reply('QLFENCE the fencing counter is no string')\n"
    "  end\n"
    "  return e\n"
    " end\n"
    " local c=redis.pcall('GETEX',KEYS[2])\n"
    " if type(c)=='table' then return c end\n"
    " if c then\n"
    "  n=tonumber(c)\n"
    "  if not n or n<1 or n>=9007199254740991 or n~=math.floor(n) then\n"
    "   return redis.error_reply('QLFENCE the fencing counter is no number below 2^53')\n"
    "  end\n"
    "  n=n+1\n"
    " else\n"
    "  local t=redis.pcall('TIME')\n"
    "  if t.err then return t end\n"
    "  n=t[1]*1000000+t[2]\n"
    "  local off=n-tonumber(ARGV[4])\n"
    "  if ARGV[4]~='0' and (off>1e7 or off<-1e7) then\n"
    "   return redis.error_reply(string.format('QLCLOCK its clock is %.0f s off',off/1e6))\n"
    "  end\n"
    " end\n"
    "end\n"
    "local given\n"
    "if ARGV[5] then\n"
    " given=redis.pcall('GET',KEYS[1])\n"
    " if type(given)=='table' then return given end\n"
    " if given and given~=ARGV[5] then return {0,redis.call('PTTL',KEYS[1])} end\n"
    " redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2])\n"
    "elseif not redis.call('SET',KEYS[1],ARGV[1],'NX','PX',ARGV[2]) then\n"
    " return {0,redis.call('PTTL',KEYS[1])}\n"
    "end\n"
    "if n then redis.call('SET',KEYS[2],string.format('%.0f',n),'PX',ARGV[3]) end\n"
    "return {given and 2 or 1,n or 0}\n";

const std::string_view kRaiseScript =
    "local v=redis.pcall('GET',KEYS[1])\n"
    "if type(v)=='table' then return v end\n"
    "if v~=ARGV[1] then return 0 end\n"
    "local c=redis.pcall('GET',KEYS[2])\n"
    "if type(c)=='table' then return c end\n"
    "c=c and tonumber(c)\n"
    "if not c or c>tonumber(ARGV[2]) then return 0 end\n"
    "redis.call('SET',KEYS[2],ARGV[2],'PX',ARGV[3])\n"
    "return 1\n";

namespace {

constexpr std::size_t kFrame = 512;  // more than the fixed bytes and numbers of any command

/// `words`: all of the command. `keys`: 1 or 2.
std::string script_head(int words, int keys, std::string_view verb, std::string_view script) {
    std::string head = "*" + std::to_string(words) + "\r\n$" + std::to_string(verb.size());
    head += "\r\n";
    head += verb;
    head += "\r\n$" + std::to_string(script.size()) + "\r\n";
    head += script;
    head += "\r\n$1\r\n" + std::to_string(keys) + "\r\n";
    return head;
}

/// Redis Cluster hashes only what stands between the first '{' and the next '}', if anything does.
bool has_hash_tag(std::string_view name) noexcept {
    const auto open = name.find('{');
    if (open == name.npos) return false;
    const auto close = name.find('}', open + 1);
    return close != name.npos && close > open + 1;
}

}  // namespace

std::int64_t whole_ms(Nanos ttl) noexcept {
    constexpr std::int64_t kMs = 1'000'000;
    return ttl.count() / kMs + (ttl.count() % kMs > 0 ? 1 : 0);
}

void append_counter_key(std::string& to, std::string_view resource) {
    to += kCounterPrefix;
    const bool tagged = has_hash_tag(resource);
    if (!tagged) to += '{';
    to += resource;
    if (!tagged) to += '}';
}

void RedisCommands::set_scripts(const Scripts& sha) {
    release_by_sha_ = script_head(5, 1, "EVALSHA", sha.release);
    extend_by_sha_ = script_head(6, 1, "EVALSHA", sha.extend);
    acquire_by_sha_ = script_head(9, 2, "EVALSHA", sha.acquire);
    raise_by_sha_ = script_head(8, 2, "EVALSHA", sha.raise);
    transfer_by_sha_ = script_head(10, 2, "EVALSHA", sha.acquire);
    plain_transfer_by_sha_ = script_head(9, 1, "EVALSHA", sha.acquire);
    plain_acquire_by_sha_ = script_head(8, 1, "EVALSHA", sha.acquire);
}

void RedisCommands::set_retention(Nanos retention) {
    const std::string digits = std::to_string(whole_ms(retention));
    retention_ = "$" + std::to_string(digits.size()) + "\r\n" + digits + "\r\n";
}

void RedisCommands::acquire(std::string_view resource, const Token& token, std::int64_t ttl_ms) {
    if (ttl_ms != acquire_ttl_ms_) {
        const std::string digits = std::to_string(ttl_ms);
        acquire_tail_ = "\r\n$2\r\nNX\r\n$2\r\nPX\r\n$" + std::to_string(digits.size()) + "\r\n" +
                        digits + "\r\n";
        acquire_ttl_ms_ = ttl_ms;
    }
    ++count_;
    reserve(resource.size() + kFrame);
    literal("*6\r\n$3\r\nSET\r\n");
    bulk(resource);
    literal("$32\r\n");
    fixed<Token::kLength>(token.hex.data());
    raw(acquire_tail_);
}

void RedisCommands::acquire(By by, std::string_view resource, const Token& token,
                            std::int64_t ttl_ms, std::int64_t wall_us) {
    head(by, acquire_by_sha_, 9, 2, kAcquireScript, 2 * resource.size());
    bulk(resource);
    counter_key(resource);
    bulk(token);
    bulk_number(static_cast<std::uint64_t>(ttl_ms));
    raw(retention_);
    bulk_number(static_cast<std::uint64_t>(wall_us));
}

void RedisCommands::acquire_uncounted(By by, std::string_view resource, const Token& token,
                                      std::int64_t ttl_ms) {
    head(by, plain_acquire_by_sha_, 8, 1, kAcquireScript, resource.size());
    bulk(resource);
    bulk(token);
    bulk_number(static_cast<std::uint64_t>(ttl_ms));
    raw(retention_);
    bulk_number(0);
}

void RedisCommands::raise(By by, std::string_view resource, const Token& token,
                          std::int64_t counter) {
    head(by, raise_by_sha_, 8, 2, kRaiseScript, 2 * resource.size());
    bulk(resource);
    counter_key(resource);
    bulk(token);
    bulk_number(static_cast<std::uint64_t>(counter));
    raw(retention_);
}

void RedisCommands::transfer(By by, std::string_view resource, const Token& from, const Token& to,
                             std::int64_t ttl_ms, bool counted, std::int64_t wall_us) {
    if (counted) {
        head(by, transfer_by_sha_, 10, 2, kAcquireScript, 2 * resource.size());
        bulk(resource);
        counter_key(resource);
    } else {
        head(by, plain_transfer_by_sha_, 9, 1, kAcquireScript, resource.size());
        bulk(resource);
    }
    bulk(to);
    bulk_number(static_cast<std::uint64_t>(ttl_ms));
    raw(retention_);
    bulk_number(static_cast<std::uint64_t>(wall_us));
    bulk(from);
}

void RedisCommands::extend(By by, std::string_view resource, const Token& token,
                           std::int64_t ttl_ms) {
    head(by, extend_by_sha_, 6, 1, kExtendScript, resource.size());
    bulk(resource);
    bulk(token);
    bulk_number(static_cast<std::uint64_t>(ttl_ms));
}

void RedisCommands::release(By by, std::string_view resource, const Token& token) {
    head(by, release_by_sha_, 5, 1, kReleaseScript, resource.size());
    bulk(resource);
    bulk(token);
}

void RedisCommands::head(By by, const std::string& by_sha, int words, int keys,
                         std::string_view script, std::size_t more) {
    ++count_;
    if (by == By::sha) {
        reserve(by_sha.size() + more + kFrame);
        raw(by_sha);
    } else {
        const std::string by_text = script_head(words, keys, "EVAL", script);
        reserve(by_text.size() + more + kFrame);
        raw(by_text);
    }
}

void RedisCommands::pttl(std::string_view resource) {
    ++count_;
    reserve(resource.size() + kFrame);
    literal("*2\r\n$4\r\nPTTL\r\n");
    bulk(resource);
}

void RedisCommands::get(std::string_view resource) {
    ++count_;
    reserve(resource.size() + kFrame);
    literal("*2\r\n$3\r\nGET\r\n");
    bulk(resource);
}

void RedisCommands::get_counter(std::string_view resource) {
    ++count_;
    reserve(resource.size() + kFrame);
    literal("*2\r\n$3\r\nGET\r\n");
    counter_key(resource);
}

/// Rule F6, without a string of its own: append_counter_key() is the readable form.
void RedisCommands::counter_key(std::string_view resource) noexcept {
    const bool tagged = has_hash_tag(resource);
    literal("$");
    number(kCounterPrefix.size() + resource.size() + (tagged ? 0 : 2));
    literal("\r\n");
    raw(kCounterPrefix);
    if (!tagged) literal("{");
    raw(resource);
    if (!tagged) literal("}");
    literal("\r\n");
}

void RedisCommands::ping() {
    ++count_;
    reserve(kFrame);
    literal("*1\r\n$4\r\nPING\r\n");
}

void RedisCommands::client_kill(std::int64_t client_id) {
    reserve(kFrame);
    literal("*4\r\n$6\r\nCLIENT\r\n$4\r\nKILL\r\n$2\r\nID\r\n");
    bulk_number(static_cast<std::uint64_t>(client_id));
}

void RedisCommands::caching() {
    reserve(kFrame);
    literal("*3\r\n$6\r\nCLIENT\r\n$7\r\nCACHING\r\n$3\r\nYES\r\n");
}

void RedisCommands::tracking(std::int64_t client_id) {
    reserve(kFrame);
    literal("*6\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n$8\r\nREDIRECT\r\n");
    bulk_number(static_cast<std::uint64_t>(client_id));
    literal("$5\r\nOPTIN\r\n");
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
