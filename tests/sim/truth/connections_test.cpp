// Whose commands are executed, and what is left of a connection that was killed.
#include "tests/sim/truth/truth_fixture.h"

namespace quorumlock::sim::truth {
namespace {

class TruthConnections : public Truth {
  protected:
    static std::string all(const std::vector<Command>& commands) {
        std::string bytes;
        for (const Command& words : commands) bytes += encoded(words);
        return bytes;
    }
};

TEST_F(TruthConnections, each_has_its_own_name_database_and_number) {
    same(1, {"CLIENT", "SETNAME", "first"});
    same(2, {"CLIENT", "GETNAME"});
    same(1, {"SELECT", "5"});
    same(1, {"SET", "k", "five"});
    same(2, {"GET", "k"});
    same(2, {"CLIENT", "ID"});
    same(1, {"CLIENT", "ID"});
    same(1, {"HELLO", "2"});
    same(1, {"CLIENT", "GETNAME"});
    same(1, {"GET", "k"});
}

TEST_F(TruthConnections, a_killed_one_is_over_and_the_others_live) {
    same(2, {"SET", "k", "v"});
    same(3, {"PING"});
    same(1, {"CLIENT", "KILL", "ID", "<id 2>"});
    same(1, {"CLIENT", "KILL", "ID", "<id 3>", "SKIPME", "no"});
    same(2, {"GET", "k"});
    same(1, {"PING"});
}

TEST_F(TruthConnections, killing_oneself_answers_first) {
    same(1, {"CLIENT", "KILL", "ID", "<id 1>"});
    same(1, {"CLIENT", "KILL", "ID", "<id 1>", "SKIPME", "no"});
    same(1, {"PING"});
    same(2, {"PING"});
    same(1, {"client", "kill", "skipme", "YES", "id", "<id 1>"});
    same(1, {"QUIT"});
    same(1, {"QUIT", "now"});
    same(1, {"PING"});
}

TEST_F(TruthConnections, nothing_is_executed_behind_the_own_end) {
    same(2, {"CLIENT", "ID"});
    same_bytes({all({{"SET", "a", "1"}, {"QUIT"}, {"SET", "b", "1"}})});
    same_bytes({all({{"SET", "c", "1"},
                     {"CLIENT", "KILL", "SKIPME", "no", "ID", "1", "ID", "999999"},
                     {"SET", "d", "1"}})});
    same(2, {"EXISTS", "a"});
    same(2, {"EXISTS", "b"});
    same(2, {"EXISTS", "c"});
    same(2, {"EXISTS", "d"});
}

TEST_F(TruthConnections, bytes_may_come_in_any_pieces) {
    const std::string bytes = all({{"SET", "k", std::string("a\r\n\0b", 5)},
                                   {"GET", "k"},
                                   {"NONSENSE", "x"},
                                   {"SET", "", ""},
                                   {"GET", ""},
                                   {"EXISTS", "k", "k", "l"}});
    same_bytes({bytes});
    std::vector<std::string> single;
    for (const char c : bytes) single.emplace_back(1, c);
    same_bytes(single);
    for (std::size_t at = 1; at < bytes.size(); ++at) {
        same_bytes({bytes.substr(0, at), bytes.substr(at)});
    }
}

TEST_F(TruthConnections, what_is_no_request_ends_the_connection) {
    const std::string ping = encoded({"PING"});
    for (const char* bad : {"*x\r\n", "*1x\r\n", "* 1\r\n", "*01\r\n", "*\r\n", "*2147483648\r\n",
                            "*1\r\n+PING\r\n", "*1\r\n:1\r\n", "*1\r\nPING\r\n", "*1\r\n\r\n",
                            "*1\r\n$x\r\n", "*1\r\n$-1\r\n", "*1\r\n$\r\n", "*1\r\n$04\r\nPING\r\n",
                            "*1\r\n$536870913\r\n", "*2\r\n$3\r\nGET\r\n*1\r\n"}) {
        same_bytes({ping + bad, ping});
    }
    same_bytes({"*" + std::string(70'000, '1')});
    same_bytes({"*1\r\n$" + std::string(70'000, '1')});
}

TEST_F(TruthConnections, what_is_hardly_a_request_is_taken) {
    const std::string ping = encoded({"PING"});
    same_bytes({"*0\r\n" + ping});
    same_bytes({"*-1\r\n" + ping});
    same_bytes({"*-7\r\n*0\r\n" + ping});
    same_bytes({"*1\r\n$4\r\nPINGxx" + ping});
    same_bytes({"*1\rx$4\rxPING\r\n" + ping});
    same_bytes({"*1\r\n$0\r\n\r\n" + ping});
}

}  // namespace
}  // namespace quorumlock::sim::truth
