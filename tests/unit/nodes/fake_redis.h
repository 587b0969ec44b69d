// A scripted Redis behind FakeEnv: answers handshakes (and CLIENT KILL) by itself, as told here;
// of everything else it keeps note, and the test answers.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/fake_env.h"

namespace quorumlock::testing {

/// A RESP bulk string.
std::string bulk(std::string_view text);

class FakeRedis {
  public:
    explicit FakeRedis(FakeEnv& env);

    // What the server is like; changes count from the next connection or command on.
    std::string password;
    std::string version = "7.0.15";
    std::string server_lines;  ///< More lines of INFO server.
    std::string replication = "role:master\r\n";
    std::string run_id = "run-1";
    std::int64_t next_id = 7;  ///< Of the next connection.
    std::string kill_reply = ":1\r\n";
    /// Replies instead of the usual ones, by the command's beginning, e.g. "CLIENT ID".
    std::map<std::string, std::string> instead;
    bool accepts = true;     ///< False: connections are refused.
    bool answers = true;     ///< False: not even the handshake is answered.
    bool auto_kill = true;   ///< False: the test answers CLIENT KILL.
    bool auto_pings = true;  ///< False: PING is kept note of and left to the test.

    /// Commands other than the handshake's, of all connections, in order: "2: SET r tttt NX ...".
    /// The number is the connection's, from 1. Scripts appear as RELEASE, EXTEND,
    /// ACQUIRE, RAISE, and with _TEXT behind them when they come by EVAL.
    std::vector<std::string> seen;
    /// Handshake commands of all connections, likewise.
    std::vector<std::string> greeted;
    /// Forgets and returns what was seen.
    std::vector<std::string> take();

    /// Bytes for the newest connection, then run().
    void reply(std::string_view bytes);

    static constexpr std::string_view kReleaseSha = "1111111111111111111111111111111111111111";
    static constexpr std::string_view kExtendSha = "2222222222222222222222222222222222222222";
    static constexpr std::string_view kAcquireSha = "3333333333333333333333333333333333333333";
    static constexpr std::string_view kRaiseSha = "4444444444444444444444444444444444444444";

  private:
    struct Session {
        std::size_t parsed = 0;
        bool authenticated = false;
        std::int64_t id = 0;
    };

    void on_connect(FakeConnection& connection);
    void on_sent(FakeConnection& connection);
    void handle(std::size_t index, const std::vector<std::string>& words);
    bool handshake(Session& session, const std::string& line, std::string& reply);

    FakeEnv& env_;
    std::map<std::size_t, Session> sessions_;
};

}  // namespace quorumlock::testing
