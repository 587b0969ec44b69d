// A key in a plain Redis that refuses writers whose lock has ended without their knowing. The Redis
// with the data need be none of those that the lock is on: it only has to run scripts.
#include <hiredis/hiredis.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "late_writer.h"

namespace {

struct Close {
    void operator()(redisContext* redis) const { redisFree(redis); }
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Redis = std::unique_ptr<redisContext, Close>;

// Nothing comes between the lines of a script. A fence is exact in Lua, being below 2^53.
constexpr const char* kWrite =
    "if tonumber(redis.call('HGET', KEYS[1], 'fence') or '0') > tonumber(ARGV[1]) then\n"
    "  return 0\n"
    "end\n"
    "redis.call('HSET', KEYS[1], 'fence', ARGV[1], 'text', ARGV[2])\n"
    "return 1\n";

Written write(redisContext* redis, const std::string& text, std::uint64_t fence) {
    if (fence == 0) return Written::failed;  // these nodes give none
    const std::unique_ptr<redisReply, Close> reply(static_cast<redisReply*>(
        redisCommand(redis, "EVAL %s 1 document:7:data %s %b", kWrite,
                     std::to_string(fence).c_str(), text.data(), text.size())));
    if (reply == nullptr || reply->type != REDIS_REPLY_INTEGER) return Written::failed;
    return reply->integer == 1 ? Written::yes : Written::refused;
}

}  // namespace

// WHERE is the port of the Redis on this machine, else that of QUORUMLOCK_DATA, else 6379.
int main(int argc, char** argv) {
    const char* port = argc > 1 ? argv[1] : std::getenv("QUORUMLOCK_DATA");
    const Redis redis(redisConnect("127.0.0.1", port != nullptr ? std::atoi(port) : 6379));
    if (redis == nullptr || redis->err != 0) return std::puts("no Redis for the data"), 1;
    return late_writer(argc, argv, [&](const std::string& text, std::uint64_t fence) {
        return write(redis.get(), text, fence);
    });
}
