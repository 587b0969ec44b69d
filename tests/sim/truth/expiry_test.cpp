// Keys that live long, that are gone already, and that go.
#include "tests/sim/truth/truth_fixture.h"

namespace quorumlock::sim::truth {
namespace {

using TruthExpiry = Truth;

TEST_F(TruthExpiry, an_absolute_time_in_the_past_is_no_life) {
    same({"SET", "k", "v", "PXAT", "1"});
    same({"EXISTS", "k"});
    same({"SET", "k", "v", "EXAT", "1", "NX"});
    same({"SET", "k", "v", "NX", "GET"});
    same({"PEXPIREAT", "k", "1"});
    same({"GET", "k"});
    same({"SET", "k", "v"});
    same({"EXPIREAT", "k", "-1"});
    same({"GET", "k"});
    same({"SET", "k", "v"});
    same({"PEXPIRE", "k", "-1"});
    same({"TTL", "k"});
    same({"SET", "k", "v"});
    same({"EXPIRE", "k", "0"});
    same({"PTTL", "k"});
    same({"SET", "k", "v"});
    same({"PEXPIRE", "k", "0", "GT"});
    same({"PEXPIRE", "k", "0", "XX"});
    same({"PEXPIRE", "k", "0", "LT"});
    same({"GET", "k"});
}

TEST_F(TruthExpiry, a_short_life_ends) {
    for (const Command& write : std::vector<Command>{
             {"SET", "k", "v", "PX", "1"},
             {"PEXPIRE", "k", "1"},
             {"EVAL", "return redis.call('PEXPIRE',KEYS[1],1)", "1", "k"},
         }) {
        same({"SET", "k", "old"});
        same(write);
        twins.wait_until_gone("k");
        same({"GET", "k"});
        same({"EXISTS", "k"});
        same({"PTTL", "k"});
        same({"PEXPIRE", "k", "100000"});
        same({"DEL", "k"});
        same({"SET", "k", "new", "XX"});
        same({"SET", "k", "new", "NX"});
        same({"TTL", "k"});
        same({"DBSIZE"});
    }
}

TEST_F(TruthExpiry, what_keeps_a_life_and_what_ends_its_bound) {
    same({"SET", "k", "1", "PX", "100000"});
    same({"INCR", "k"});
    same({"PTTL", "k"});
    same({"SET", "k", "5", "KEEPTTL"});
    same({"PTTL", "k"});
    same({"SET", "k", "6", "XX", "KEEPTTL", "GET"});
    same({"TTL", "k"});
    same({"SET", "k", "7"});
    same({"PTTL", "k"});
    same({"RPUSH", "l", "a"});
    same({"EXPIRE", "l", "1000"});
    same({"RPUSH", "l", "b"});
    same({"TTL", "l"});
    same({"SET", "l", "text", "KEEPTTL"});
    same({"PTTL", "l"});
    same({"SET", "l", "text", "EX", "100", "GET"});
    same({"TTL", "l"});
    same({"DEL", "l", "k"});
    same({"SET", "k", "1", "KEEPTTL"});
    same({"PTTL", "k"});
}

TEST_F(TruthExpiry, conditions_compare_with_the_life_there_is) {
    const auto at = [this](std::int64_t ms) { return std::to_string(twins.now_ms() + ms); };
    for (const char* condition : {"NX", "XX", "GT", "LT", "nx", "Gt"}) {
        for (const bool bounded : {false, true}) {
            for (const std::int64_t ms : {100'000, 300'000}) {
                same({"SET", "k", "v"});
                if (bounded) same({"PEXPIREAT", "k", at(200'000)});
                same({"PEXPIREAT", "k", at(ms), condition});
                same({"PTTL", "k"});
                same({"PEXPIREAT", "k", at(ms), condition, "XX"});
                same({"PTTL", "k"});
            }
        }
    }
    same({"PEXPIREAT", "k", at(200'000)});
    same({"PEXPIREAT", "k", at(200'000), "GT"});
    same({"PEXPIREAT", "k", at(200'000), "LT"});
}

TEST_F(TruthExpiry, units_and_bounds) {
    const std::string seconds = std::to_string(twins.now_ms() / 1000 + 1000);
    same({"SET", "k", "v", "EX", "1000"});
    same({"PTTL", "k"});
    same({"SET", "k", "v", "EXAT", seconds});
    same({"TTL", "k"});
    same({"EXPIREAT", "k", seconds});
    same({"TTL", "k"});
    same({"SET", "k", "v", "ex", "1000", "Nx"});
    for (const char* amount :
         {"9223372036854775807", "9223372036854775808", "-9223372036854775808",
          "-9223372036854775809", "9223372036854775", "9223372036854776", "-9223372036854775",
          "-9223372036854776", "", " 1", "1 ", "+1", "01", "-0", "0", "1e3", "0x10"}) {
        for (const char* option : {"EX", "PX"}) same({"SET", "k", "v", option, amount});
        for (const char* command : {"EXPIRE", "PEXPIRE"}) {
            same({"SET", "k", "v"});
            same({command, "k", amount});
            same({"EXISTS", "k"});
        }
    }
}

TEST_F(TruthExpiry, options_of_set_in_all_pairs) {
    const std::vector<Command> options = {
        {"NX"},        {"XX"},        {"GET"}, {"KEEPTTL"}, {"EX", "1000"}, {"PX", "2000000"},
        {"EXAT", "1"}, {"PXAT", "1"}, {"EX"},  {"COLOUR"}};
    for (const Command& first : options) {
        for (const Command& second : options) {
            Command words{"SET", "k", "v"};
            words.insert(words.end(), first.begin(), first.end());
            words.insert(words.end(), second.begin(), second.end());
            same(words);
            same({"TTL", "k"});
        }
    }
}

TEST_F(TruthExpiry, counters) {
    for (const char* value :
         {"9223372036854775807", "-9223372036854775808", "007", "1.0", " 5", "", "-0", "abc"}) {
        same({"SET", "k", value});
        same({"INCR", "k"});
        same({"INCRBY", "k", "-2"});
        same({"GET", "k"});
    }
    same({"DEL", "k"});
    same({"INCRBY", "k", "-5"});
    same({"GET", "k"});
    same({"INCRBY", "k", "-9223372036854775808"});
}

}  // namespace
}  // namespace quorumlock::sim::truth
