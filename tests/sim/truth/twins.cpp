#include "tests/sim/truth/twins.h"

#include <chrono>
#include <cstdio>
#include <thread>

#include "lib/base/check.h"
#include "tests/sim/truth/normalise.h"

namespace quorumlock::sim::truth {

namespace {

using State = SimRedisState;

/// One state of a server, put on or off on both sides.
struct Operation {
    const char* name;
    bool mends;
    std::vector<Command> (*real)();
    void (*sim)(State& state);
};

const Operation kOperations[] = {
    {"full", false,
     [] {
         return std::vector<Command>{{"CONFIG", "SET", "maxmemory", "1"}};
     },
     [](State& state) { state.out_of_memory = true; }},
    {"roomy", true,
     [] {
         return std::vector<Command>{{"CONFIG", "SET", "maxmemory", "0"}};
     },
     [](State& state) { state.out_of_memory = false; }},
    {"forbid", false,
     [] {
         return std::vector<Command>{{"ACL", "SETUSER", "default", "-client|kill", "-info"}};
     },
     [](State& state) { state.no_kill = state.no_info = true; }},
    {"deaf", false,
     [] {
         return std::vector<Command>{{"ACL", "SETUSER", "default", "-client|tracking"}};
     },
     [](State& state) { state.no_tracking = true; }},
    {"allow", true,
     [] {
         return std::vector<Command>{{"ACL", "SETUSER", "default", "+@all"}};
     },
     [](State& state) { state.no_kill = state.no_info = state.no_tracking = false; }},
    {"orphan", false,
     [] {
         return std::vector<Command>{{"CONFIG", "SET", "replica-serve-stale-data", "no"},
                                     {"REPLICAOF", "127.0.0.1", "1"}};
     },
     [](State& state) { state.readonly = state.stale = true; }},
    {"primary", true,
     [] {
         return std::vector<Command>{{"REPLICAOF", "NO", "ONE"}};
     },
     [](State& state) { state.readonly = state.stale = false; }},
};

}  // namespace

std::vector<std::string> operators() {
    std::vector<std::string> names;
    for (const Operation& operation : kOperations) names.emplace_back(operation.name);
    return names;
}

WallMicros wall_now() {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

std::string readable(const std::string& bytes) {
    std::string text;
    for (const char c : bytes) {
        if (c == '\r') {
            text += "\\r";
        } else if (c == '\n') {
            text += "\\n";
        } else if (c < ' ' || c > '~') {
            char hex[8];
            std::snprintf(hex, sizeof hex, "\\x%02x", static_cast<unsigned>(c) & 0xff);
            text += hex;
        } else {
            text += c;
        }
    }
    return text;
}

std::string readable(const Step& step) {
    std::string text = std::to_string(step.who) + ":";
    for (const std::string& word : step.words) text += " \"" + readable(word) + "\"";
    return text;
}

Twins::Twins(const quorumlock::testing::RedisServer& real, const std::string& password)
    : operator_(real.port()), real_side_(real.port()), sim_(wall_now()) {
    if (!password.empty()) QL_CHECK(configure({"AUTH", password}) == "OK");
    sim().state.password = password;
    configure({"FLUSHALL"});
    configure({"SCRIPT", "FLUSH"});
    let_keys_expire(false);
}

void Twins::let_keys_expire(bool unasked) {
    QL_CHECK(configure({"DEBUG", "SET-ACTIVE-EXPIRE", unasked ? "1" : "0"}) == "OK");
}

Twins::~Twins() {
    if (!operated_) return;
    for (const Operation& operation : kOperations) {
        if (operation.mends) operate(operation.name);
    }
}

void Twins::operate(const std::string& what) {
    operated_ = true;
    for (const Operation& operation : kOperations) {
        if (operation.name != what) continue;
        // "OK Already connected ..." is well too.
        for (const Command& words : operation.real()) QL_CHECK(configure(words).starts_with("OK"));
        operation.sim(sim().state);
    }
}

Command Twins::filled_in(Side& side, const Command& words) {
    Command filled = words;
    for (std::string& word : filled) {
        int who = 0;
        if (std::sscanf(word.c_str(), "<id %d>", &who) != 1) continue;
        used_.insert(who);
        word = std::to_string(side.id_of(who));
    }
    return filled;
}

std::string Twins::step(const Step& step) {
    if (step.who == kOperator) {
        operate(step.words.front());
        return {};
    }
    used_.insert(step.who);
    std::string sim = sim_.ask(step.who, filled_in(sim_, step.words));
    std::string real = real_side_.ask(step.who, filled_in(real_side_, step.words));
    settle();
    if (real != kClosed) real += real_side_.unread(step.who);
    return compare(step, std::move(real), std::move(sim));
}

std::string Twins::bytes(int who, const std::vector<std::string>& pieces) {
    used_.insert(who);
    std::string sim = sim_.exchange(who, pieces, std::string::npos);
    std::string real = real_side_.exchange(who, pieces, sim.size());
    return compare({who, {}}, std::move(real), std::move(sim));
}

std::string Twins::compare(const Step& step, std::string real, std::string sim) {
    Ids real_ids, sim_ids;
    for (const int who : used_) {
        real_ids[real_side_.id_of(who)] = who;
        sim_ids[sim_.id_of(who)] = who;
    }
    if (!same(step.words, real, real_ids, sim, sim_ids)) {
        return "real: " + readable(real) + "\n sim: " + readable(sim) + "\n";
    }
    return compare_pushes() + compare_ends();
}

/// A server writes what it has to say to all its clients before it looks for new commands: when
/// this one is answered, everything that the last one led to has been written.
void Twins::settle() { configure({"PING"}); }

std::string Twins::compare_pushes() {
    std::string difference;
    for (const int who : used_) {
        const std::string sim = sim_.unread(who), real = real_side_.unread(who);
        pushed_ = pushed_ || !real.empty();
        if (sim == real) continue;
        difference += "connection " + std::to_string(who) +
                      " is told, unasked,\nreal: " + readable(real) + "\n sim: " + readable(sim) +
                      "\n";
    }
    return difference;
}

std::string Twins::pushes() {
    settle();
    return compare_pushes();
}

/// Which connections are over; those are forgotten.
std::string Twins::compare_ends() {
    std::string difference;
    for (auto it = used_.begin(); it != used_.end();) {
        const int who = *it;
        const bool sim = sim_.ended(who, false);
        const bool real = real_side_.ended(who, sim);
        if (sim != real) {
            difference += "connection " + std::to_string(who) + (real ? " is over" : " lives") +
                          " on the real server only\n";
        }
        if (!sim && !real) {
            ++it;
            continue;
        }
        sim_.drop(who);
        real_side_.drop(who);
        it = used_.erase(it);
    }
    return difference;
}

// Both began to count at nearly the same time.
void Twins::advance() { sim_.now = wall_now() + 10'000; }

void Twins::wait_until_gone(const std::string& key) {
    while (configure({"EXISTS", key}) != "0") {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    advance();
}

}  // namespace quorumlock::sim::truth
