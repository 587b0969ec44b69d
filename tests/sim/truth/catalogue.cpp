#include "tests/sim/truth/catalogue.h"

#include "lib/nodes/redis_commands.h"
#include "tests/sim/redis_sha1.h"

namespace quorumlock::sim::truth {

const std::string kToken(32, 'a');

const std::string kAcquireScript =
    "if redis.call('EXISTS',KEYS[1])==1 then return redis.call('PTTL',KEYS[1]) end\n"
    "redis.call('SET',KEYS[1],ARGV[1],'PX',ARGV[2])\n"
    "return redis.status_reply('granted')\n";

const std::string kRewriteScript =
    "local v=redis.call('GET',KEYS[1])\n"
    "redis.call('DEL',KEYS[1])\n"
    "redis.call('SET',KEYS[1],v)\n"
    "return {v,false,7}\n";

std::string sha(std::string_view script) { return sha1_hex(script); }
std::string release_sha() { return sha(nodes::kReleaseScript); }
std::string extend_sha() { return sha(nodes::kExtendScript); }

std::vector<Command> furniture() {
    return {
        {"SET", "string", "value"},
        {"SET", "mine", kToken, "PX", "100000"},
        {"SET", "number", "41"},
        {"RPUSH", "list", "a", "b"},
        {"SCRIPT", "LOAD", std::string(nodes::kReleaseScript)},
        {"SCRIPT", "LOAD", std::string(nodes::kExtendScript)},
        {"SCRIPT", "LOAD", kAcquireScript},
        {"SCRIPT", "LOAD", kRewriteScript},
    };
}

namespace {

std::vector<Command> about_connections() {
    return {
        {"PING"},
        {"ping", "there"},
        {"PING", "a", "b"},
        {"AUTH"},
        {"AUTH", "wrong"},
        {"AUTH", "default", "wrong-too"},
        {"AUTH", "nobody", "wrong"},
        {"AUTH", "a", "b", "c"},
        {"HELLO"},
        {"HELLO", "2"},
        {"HELLO", "x"},
        {"HELLO", "4"},
        {"HELLO", "2", "COLOUR"},
        {"SELECT"},
        {"SELECT", "1"},
        {"SELECT", "0"},
        {"SELECT", "16"},
        {"SELECT", "-1"},
        {"SELECT", "01"},
        {"SELECT", "4294967296"},
        {"SELECT", "one"},
        {"CLIENT"},
        {"CLIENT", "ID"},
        {"client", "iD"},
        {"CLIENT", "ID", "more"},
        {"CLIENT", "GETNAME"},
        {"CLIENT", "SETNAME", "ql"},
        {"CLIENT", "SETNAME", "two words"},
        {"CLIENT", "SETNAME", ""},
        {"CLIENT", "SETNAME"},
        {"CLIENT", "NONSENSE"},
        {"CLIENT", "a-subcommand-with-a-very-long-name"},
        {"CLIENT", "KILL"},
        {"CLIENT", "KILL", "1.2.3.4:5"},
        {"CLIENT", "KILL", "ID", "999999"},
        {"CLIENT", "KILL", "ID", "0"},
        {"CLIENT", "KILL", "ID", "-3"},
        {"CLIENT", "KILL", "ID", "x"},
        {"CLIENT", "KILL", "ID", "999999", "SKIPME", "maybe"},
        {"CLIENT", "KILL", "ID", "999999", "SKIPME"},
        {"CLIENT", "KILL", "COLOUR", "red"},
    };
}

std::vector<Command> about_waiting() {
    const std::string channel = "__redis__:invalidate";
    return {
        {"CLIENT", "TRACKING"},
        {"CLIENT", "TRACKING", "MAYBE"},
        {"CLIENT", "TRACKING", "ON", "COLOUR"},
        {"CLIENT", "TRACKING", "ON", "REDIRECT"},
        {"CLIENT", "TRACKING", "ON", "REDIRECT", "999999", "OPTIN"},
        {"CLIENT", "TRACKING", "ON", "REDIRECT", "0"},
        {"CLIENT", "TRACKING", "ON", "REDIRECT", "-1"},
        {"CLIENT", "TRACKING", "ON", "REDIRECT", "x"},
        {"CLIENT", "TRACKING", "ON", "REDIRECT", "<id 1>", "REDIRECT", "<id 1>"},
        {"CLIENT", "TRACKING", "ON", "OPTIN", "OPTOUT"},
        {"CLIENT", "TRACKING", "ON", "BCAST", "OPTIN"},
        {"CLIENT", "TRACKING", "ON", "PREFIX", "p"},
        {"CLIENT", "CACHING"},
        {"CLIENT", "CACHING", "YES"},
        {"CLIENT", "CACHING", "YES", "more"},
        {"CLIENT", "TRACKING", "OFF"},
        {"client", "tracking", "on", "optout"},
        {"CLIENT", "CACHING", "YES"},
        {"CLIENT", "CACHING", "NO"},
        {"CLIENT", "CACHING", "MAYBE"},
        {"CLIENT", "TRACKING", "ON", "OPTIN"},
        {"CLIENT", "TRACKING", "ON", "BCAST"},
        {"CLIENT", "TRACKING", "ON", "NOLOOP"},
        {"CLIENT", "TRACKING", "ON", "OPTIN"},
        {"CLIENT", "CACHING", "yes"},
        {"CLIENT", "CACHING", "NO"},
        {"CLIENT", "TRACKING", "OFF"},
        {"SUBSCRIBE"},
        {"SUBSCRIBE", channel},
        {"PING"},
        {"PING", "there"},
        {"PING", "a", "b"},
        {"GET", "string"},
        {"SET", "string", "value"},
        {"CLIENT", "ID"},
        {"CLIENT", "TRACKING", "OFF"},
        {"HELLO"},
        {"AUTH", "wrong"},
        {"NONSENSE"},
        {"EVAL", "return 1", "0"},
        {"SUBSCRIBE", "a", channel, "a"},
        {"UNSUBSCRIBE", "a", "b"},
        {"UNSUBSCRIBE"},
        {"UNSUBSCRIBE"},
        {"UNSUBSCRIBE", "a"},
        {"EVAL", "return redis.call('SUBSCRIBE','a')", "0"},
        {"RESET", "now"},
        {"PING"},
    };
}

std::vector<Command> about_the_server() {
    return {
        {"INFO"},
        {"INFO", "server"},
        {"info", "REPLICATION"},
        {"INFO", "clients", "server"},
        {"INFO", "persistence"},
        {"INFO", "all"},
        {"INFO", "nonsense"},
        {"TIME"},
        {"TIME", "now"},
        {"DBSIZE"},
        {"FLUSHALL", "NOW"},
        {"FLUSHALL", "SYNC", "ASYNC"},
        {"NONSENSE"},
        {"NONSENSE", "with", "some", "words"},
        {"NON\r\nSENSE", "a\nb"},
        {std::string("NON\0SENSE", 9), std::string("a\0b", 3)},
        {"", "empty"},
        {std::string(200, 'n'), std::string(100, 'x'), std::string(100, 'y')},
    };
}

std::vector<Command> about_keys() {
    return {
        {"GET", "string"},
        {"GET", "absent"},
        {"GET", "list"},
        {"GET"},
        {"GET", "a", "b"},
        {"SET", "other", "1", "PX", "100000"},
        {"SET", "other", "2", "NX"},
        {"SET", "other", "2", "XX", "GET", "KEEPTTL"},
        {"SET", "list", "1", "GET"},
        {"SET", "list", "1", "NX"},
        {"SET", "other"},
        {"SET", "other", "1", "NX", "XX"},
        {"SET", "other", "1", "PX"},
        {"SET", "other", "1", "PX", "0"},
        {"SET", "other", "1", "PX", "-5"},
        {"SET", "other", "1", "PX", "1.5"},
        {"SET", "other", "1", "EX", "9223372036854775807"},
        {"SET", "other", "1", "PX", "9223372036854775807"},
        {"SET", "other", "1", "PX", "10", "EX", "10"},
        {"SET", "other", "1", "KEEPTTL", "PX", "10"},
        {"SET", "other", "1", "COLOUR"},
        {"DEL", "other", "other", "absent"},
        {"DEL"},
        {"EXISTS", "string", "string", "absent"},
        {"EXISTS"},
        {"SETRANGE", "string", "0", ""},
        {"SETRANGE", "string", "9", ""},
        {"SETRANGE", "absent", "0", ""},
        {"SETRANGE", "list", "0", ""},
        {"SETRANGE", "string", "-1", ""},
        {"SETRANGE", "string", "x", ""},
        {"SETRANGE", "string", "0"},
        {"EXISTS", "absent"},
        {"INCR", "number"},
        {"INCRBY", "number", "-1"},
        {"INCRBY", "number", "x"},
        {"INCRBY", "number", "9223372036854775807"},
        {"INCR", "string"},
        {"INCR", "list"},
        {"INCR"},
        {"RPUSH", "list", "c"},
        {"RPUSH", "string", "c"},
        {"RPUSH", "list"},
        {"TTL", "string"},
        {"TTL", "mine"},
        {"PTTL", "mine"},
        {"PTTL", "absent"},
        {"PTTL", "list"},
        {"PTTL"},
        {"PEXPIRE", "mine", "200000"},
        {"PEXPIRE", "mine", "300000", "NX"},
        {"PEXPIRE", "mine", "300000", "GT"},
        {"PEXPIRE", "mine", "400000", "LT"},
        {"PEXPIRE", "mine", "500000", "XX"},
        {"PEXPIRE", "mine", "1", "NX", "XX"},
        {"PEXPIRE", "mine", "1", "GT", "LT"},
        {"PEXPIRE", "mine", "1", "COLOUR"},
        {"PEXPIRE", "absent", "1"},
        {"PEXPIRE", "mine", "x"},
        {"PEXPIRE", "mine", "9223372036854775807"},
        {"EXPIRE", "mine", "9223372036854775"},
        {"EXPIRE", "mine", "600"},
        {"EXPIREAT", "mine", "9223372036854775807"},
        {"PEXPIREAT", "mine", "x"},
        {"PEXPIREAT", "mine"},
    };
}

std::vector<Command> about_scripts() {
    return {
        {"EVALSHA", release_sha(), "1", "mine", std::string(32, 'b')},
        {"EVALSHA", release_sha(), "1", "absent", kToken},
        {"EVALSHA", release_sha(), "1", "list", kToken},
        {"EVALSHA", extend_sha(), "1", "mine", kToken, "700000"},
        {"EVALSHA", extend_sha(), "1", "mine", kToken, "5"},
        {"EVALSHA", extend_sha(), "1", "mine", kToken, "soon"},
        {"EVALSHA", extend_sha(), "1", "mine", kToken},
        {"EVALSHA", sha(kAcquireScript), "1", "other", kToken, "100000"},
        {"EVALSHA", sha(kAcquireScript), "1", "other", kToken, "100000"},
        {"EVALSHA", release_sha(), "1", "other", kToken},
        {"EVALSHA", sha(kRewriteScript), "1", "string"},
        {"EVALSHA", sha(kRewriteScript), "1", "list"},
        {"EVALSHA", std::string(40, 'f'), "0"},
        {"EVALSHA", "short", "0"},
        {"EVALSHA", release_sha(), "x"},
        {"EVALSHA", release_sha(), "-1"},
        {"EVALSHA", release_sha(), "3", "mine", kToken},
        {"EVALSHA", release_sha()},
        {"EVAL", "return redis.call('INFO','nonsense')", "0"},
        {"EVAL", "return redis.pcall('CLIENT','ID')", "0"},
        {"EVAL", "return redis.call('CLIENT','KILL','ID','1')", "0"},
        {"EVAL", "return redis.call('PING')", "0"},
        {"EVAL", "return redis.call('SET',KEYS[1],'x')", "1", "other"},
        {"EVAL", "return redis.pcall('DEL',KEYS[1])", "1", "other"},
        {"EVAL", "this is no lua", "0"},
        {"SCRIPT", "EXISTS", release_sha(), std::string(40, 'f'), "short"},
        {"SCRIPT", "EXISTS"},
        {"SCRIPT", "LOAD", std::string(nodes::kReleaseScript)},
        {"SCRIPT", "LOAD", "this is no lua"},
        {"SCRIPT", "LOAD"},
        {"SCRIPT", "FLUSH", "NOW"},
        {"SCRIPT", "FLUSH", "SYNC", "SYNC"},
        {"SCRIPT", "NONSENSE"},
        {"SCRIPT"},
    };
}

}  // namespace

std::vector<Command> catalogue() {
    std::vector<Command> all;
    for (const auto& part : {about_connections(), about_waiting(), about_the_server(), about_keys(),
                             about_scripts()}) {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

}  // namespace quorumlock::sim::truth
