#include "tests/sim/truth/random_steps.h"

#include <algorithm>
#include <numeric>

#include "lib/nodes/redis_commands.h"
#include "tests/sim/truth/catalogue.h"

namespace quorumlock::sim::truth {

namespace {

const std::vector<std::string> kKeys = {"a", "b", std::string("c\0\r\n", 4)};
/// The last of them is in half of the sequences the one that is told of changes.
constexpr int kConnections = 4;
const std::string kChannel = "__redis__:invalidate";
constexpr std::size_t kTimes = 400;

// None of them a short time, which would pass on the real server only.
const std::vector<std::string> kWrongTimes = {"0",
                                              "-1",
                                              "9223372036854775807",
                                              "-9223372036854775808",
                                              "9223372036854775808",
                                              "01",
                                              "1.5",
                                              "soon",
                                              " 2",
                                              ""};
const std::vector<std::string> kNumbers = {
    "0", "1", "-1", "7", "9223372036854775807", "-9223372036854775808", "01", "1.5", "many", ""};

}  // namespace

RandomSteps::RandomSteps(std::uint64_t seed, std::int64_t now_ms)
    : state_(seed * 0x9e3779b97f4a7c15ULL + 1), now_ms_(now_ms), times_(kTimes) {
    std::iota(times_.begin(), times_.end(), 10);
    for (std::size_t i = times_.size(); i > 1; --i) std::swap(times_[i - 1], times_[below(i)]);
}

std::uint64_t RandomSteps::below(std::uint64_t bound) {
    // splitmix64
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return (z ^ (z >> 31)) % bound;
}

std::string RandomSteps::key() { return any(kKeys); }

std::string RandomSteps::value() {
    return any({kToken, kToken, std::string(32, 'b'), "7", "text", "", std::string("x\0\r\ny", 5),
                "9223372036854775807"});
}

std::string RandomSteps::ms() {
    const std::int64_t tens = times_.back();
    times_.pop_back();
    return std::to_string(tens * 10'000);
}

std::string RandomSteps::id() {
    return chance(80) ? "<id " + std::to_string(1 + below(kConnections)) + ">" : any(kWrongTimes);
}

std::vector<Step> RandomSteps::sequence(int length) {
    std::vector<Step> steps;
    if (chance(50)) steps = listening();
    while (static_cast<int>(steps.size()) < length) {
        if (chance(10)) {
            const int who = 1 + static_cast<int>(below(kConnections));
            steps.push_back({who, {"CLIENT", "CACHING", "YES"}});
            steps.push_back({who, chance(50) ? read() : chance(50) ? script() : own_script()});
        } else if (chance(3)) {
            steps.push_back({kOperator, {any(operators())}});
        } else {
            steps.push_back({1 + static_cast<int>(below(kConnections)), command()});
        }
    }
    for (const std::string& name : kKeys) {
        steps.push_back({1, {"GET", name}});
        steps.push_back({1, {"PTTL", name}});
    }
    return steps;
}

/// All others are told through the last one.
std::vector<Step> RandomSteps::listening() {
    std::vector<Step> steps{{kConnections, {"SUBSCRIBE", kChannel}}};
    const std::string last = "<id " + std::to_string(kConnections) + ">";
    for (int who = 1; who < kConnections; ++who) {
        Command words{"CLIENT", "TRACKING", "ON", "REDIRECT", last};
        if (chance(80)) words.push_back("OPTIN");
        if (chance(10)) words.push_back("NOLOOP");
        steps.push_back({who, words});
    }
    return steps;
}

Command RandomSteps::command() {
    struct Choice {
        std::uint64_t weight;
        Command (RandomSteps::*make)();
    };
    static constexpr Choice kChoices[] = {
        {20, &RandomSteps::set},        {15, &RandomSteps::read},   {10, &RandomSteps::expire},
        {6, &RandomSteps::count},       {24, &RandomSteps::script}, {8, &RandomSteps::own_script},
        {10, &RandomSteps::connection}, {3, &RandomSteps::server},  {4, &RandomSteps::scrambled},
        {8, &RandomSteps::waiting},
    };
    std::uint64_t total = 0;
    for (const Choice& choice : kChoices) total += choice.weight;
    std::uint64_t at = below(total);
    for (const Choice& choice : kChoices) {
        if (at < choice.weight) return (this->*choice.make)();
        at -= choice.weight;
    }
    return {};
}

Command RandomSteps::set() {
    Command words{any({"SET", "SET", "set", "sEt"}), key(), value()};
    while (chance(45)) words.push_back(any({"NX", "XX", "GET", "KEEPTTL", "nx", "COLOUR"}));
    if (chance(50)) {
        words.push_back(any({"PX", "PX", "px"}));
        words.push_back(chance(85) ? ms() : any(kWrongTimes));
    } else if (chance(15)) {
        words.push_back("PXAT");
        words.push_back(chance(50) ? "1" : std::to_string(now_ms_ + std::stoll(ms())));
    } else if (chance(10)) {
        words.push_back("EX");
        words.push_back(chance(50) ? "5000000" : any(kWrongTimes));
    }
    return words;
}

Command RandomSteps::read() {
    switch (below(6)) {
        case 0:
            return {"DEL", key()};
        case 1:
            return {"DEL", key(), key(), "absent"};
        case 2:
            return {"EXISTS", key(), key()};
        case 3:
            return {any({"PTTL", "TTL"}), key()};
        default:
            return {"GET", key()};
    }
}

Command RandomSteps::expire() {
    Command words;
    if (chance(80)) {
        words = {"PEXPIRE", key(), chance(80) ? ms() : any(kWrongTimes)};
    } else {
        words = {"PEXPIREAT", key(), chance(80) ? std::to_string(now_ms_ + std::stoll(ms())) : "1"};
    }
    while (chance(30)) words.push_back(any({"NX", "XX", "GT", "LT", "COLOUR"}));
    return words;
}

Command RandomSteps::count() {
    switch (below(4)) {
        case 0:
            return {"INCRBY", key(), any(kNumbers)};
        case 1:
            return {"RPUSH", key(), value()};
        default:
            return {"INCR", key()};
    }
}

Command RandomSteps::script() {
    const std::string_view text = chance(40)   ? nodes::kReleaseScript
                                  : chance(60) ? nodes::kExtendScript
                                  : chance(70) ? std::string_view(kAcquireScript)
                                               : std::string_view(kRewriteScript);
    if (chance(15)) return {"SCRIPT", "LOAD", std::string(text)};
    Command words = chance(40) ? Command{"EVAL", std::string(text)} : Command{"EVALSHA", sha(text)};
    words.push_back(chance(95) ? "1" : any(kNumbers));
    words.push_back(key());
    if (chance(95)) words.push_back(value());
    if (chance(95)) words.push_back(chance(90) ? ms() : any(kWrongTimes));
    return words;
}

/// Scripts of a few calls, the errors of some of which are caught.
Command RandomSteps::own_script() {
    std::string text;
    for (std::uint64_t calls = 1 + below(3); calls > 0; --calls) {
        const std::string call =
            any({"'SET',KEYS[1],ARGV[1]", "'GET',KEYS[1]", "'DEL',KEYS[1]", "'INCR',KEYS[1]",
                 "'RPUSH',KEYS[1],ARGV[1]", "'NONSENSE'", "'INFO','nonsense'", "'EXISTS',KEYS[1]",
                 "'GET'", "'CLIENT','ID'", "'SELECT',1", "'FLUSHALL'"});
        text +=
            any({"local r=redis.call(", "local r=redis.pcall(", "r=redis.pcall("}) + call + ")\n";
    }
    text +=
        any({"return r", "return {r}", "return type(r)", "return", "return 1", "return {1,r,2}"});
    return {"EVAL", text, "1", key(), value()};
}

Command RandomSteps::connection() {
    switch (below(9)) {
        case 0:
            return {"CLIENT", "KILL", "ID", id()};
        case 1:
            return {"CLIENT", "KILL", "ID", id(), "SKIPME", any({"no", "yes", "maybe"})};
        case 2:
            return {"SELECT", any({"0", "0", "1", "15", "16", "x"})};
        case 3:
            return {"CLIENT", "SETNAME", any({"name", "", "no name", "x\n"})};
        case 4:
            return {"CLIENT", "GETNAME"};
        case 5:
            return {"HELLO", any({"2", "4", "x"})};
        case 6:
            return {"QUIT"};
        case 7:
            return {"PING", value()};
        default:
            return {"CLIENT", "ID"};
    }
}

Command RandomSteps::waiting() {
    Command words{"CLIENT", "TRACKING"};
    switch (below(9)) {
        case 0:
        case 1:
        case 2:
            words.push_back(any({"ON", "ON", "on", "OFF", "MAYBE"}));
            if (chance(80)) words.insert(words.end(), {"REDIRECT", id()});
            while (chance(45))
                words.push_back(any({"OPTIN", "OPTIN", "OPTOUT", "NOLOOP", "PREFIX"}));
            return words;
        case 3:
        case 4:
            return {"CLIENT", "CACHING", any({"YES", "YES", "NO", "MAYBE"})};
        case 5:
            return {"SUBSCRIBE", kChannel};
        case 6:
            return chance(50) ? Command{"UNSUBSCRIBE"} : Command{"UNSUBSCRIBE", kChannel, "other"};
        case 7:
            return {"RESET"};
        default:
            return {"SUBSCRIBE", "other", kChannel};
    }
}

Command RandomSteps::server() {
    switch (below(7)) {
        case 0:
            return {"FLUSHALL", any({"ASYNC", "SYNC", "NOW"})};
        case 1:
            return {"SCRIPT", "FLUSH"};
        case 2:
            return {"SCRIPT", "EXISTS", release_sha(), extend_sha(), sha(kAcquireScript)};
        case 3:
            return {"AUTH", any({"default", "nobody"}), "x"};
        case 4:
            return {"TIME"};
        case 5:
            return {any({"NONSENSE", "SE\nT", ""}), value(), value()};
        default:
            return {"INFO", any({"server", "replication", "persistence"})};
    }
}

/// A command with a word too many, too few, or another one.
Command RandomSteps::scrambled() {
    Command words = command();
    switch (below(3)) {
        case 0:
            words.push_back(value());
            break;
        case 1:
            if (words.size() > 1) words.pop_back();
            break;
        default:
            // Not the first: what is unknown is repeated in the error, the ids of both sides too.
            if (words.size() > 1)
                words[1 + below(words.size() - 1)] = any({"GET", "0", "", "CLIENT", "KILL", "NX"});
    }
    return words;
}

}  // namespace quorumlock::sim::truth
