// The Redis node on a real server and the real Env: that the server means what the scripted one
// of the other tests says.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/env/uv_env.h"
#include "lib/nodes/redis_node.h"
#include "tests/support/redis_server.h"

namespace quorumlock::nodes {
namespace {

using namespace std::chrono_literals;
using quorumlock::testing::RedisOptions;
using quorumlock::testing::RedisServer;
using ::testing::HasSubstr;

class RedisNodeServer : public ::testing::Test,
                        public AnswerEvents,
                        public NodeEvents,
                        public env::UvEnv::TurnEvents {
  protected:
    void TearDown() override {
        if (node_) node_->close();
        node_.reset();
        env_->turn(false);  // what the nodes had posted
        env_->close_handles([] {});
    }

    void open(const std::string& uri) {
        auto parsed = parse_node_uri(uri);
        ASSERT_TRUE(parsed) << parsed.error().message();
        node_ = std::make_unique<RedisNode>(*parsed, NodeOptions{1s, 100, "ql"}, *env_);
        node_->open(0, *this);
        run_until([this] { return node_->settled(); });
    }

    void run_until(const std::function<bool()>& done) {
        const Instant end = env_->now() + 20s;
        while (!done() && env_->now() < end) {
            env_->turn(false);
        }
        ASSERT_TRUE(done());
    }

    struct Told {
        Outcome outcome;
        std::int64_t value;
        CauseClass kind;
        std::string text;
    };
    Told ask(Step step, char who, bool remaining = false) {
        Token token;
        token.hex.fill(who);
        told_.clear();
        node_->ask({step, "r", &token, 10s, remaining}, *this, 1);
        run_until([this] { return !told_.empty(); });
        return told_.empty() ? Told{Outcome::unknown, 0, CauseClass::none, "nothing"} : told_[0];
    }
    Outcome outcome(Step step, char who) { return ask(step, who).outcome; }

    void on_answer(std::uint32_t, const Answer& answer) override {
        told_.push_back({answer.outcome, answer.value,
                         answer.cause != nullptr ? answer.cause->kind : CauseClass::none,
                         answer.cause != nullptr ? answer.cause->text : std::string(answer.text)});
    }
    void on_node_changed(int) override {}
    void before_wait() override {}
    bool about_to_wait() override { return false; }
    void woke() override {}

    std::unique_ptr<env::UvEnv> env_ = env::UvEnv::create(nullptr, *this).value();
    std::unique_ptr<RedisNode> node_;
    std::vector<Told> told_;
};

TEST_F(RedisNodeServer, every_step_does_what_it_says) {
    RedisServer server;
    open(server.uri());
    ASSERT_TRUE(node_->ready()) << node_->status().cause.text;
    EXPECT_EQ(node_->status().role, "master");
    EXPECT_EQ(node_->status().run_id.size(), 40u);
    EXPECT_GT(node_->status().round_trip, 0ns);

    EXPECT_EQ(outcome(Step::extend, 'a'), Outcome::absent);
    EXPECT_EQ(outcome(Step::release, 'a'), Outcome::absent);
    EXPECT_EQ(outcome(Step::inspect, 'a'), Outcome::absent);
    EXPECT_EQ(outcome(Step::acquire, 'a'), Outcome::granted);
    EXPECT_EQ(server.command({"GET", "r"}), std::string(32, 'a'));
    const Told refused = ask(Step::acquire, 'b', true);
    EXPECT_EQ(refused.outcome, Outcome::refused);
    EXPECT_GT(refused.value, 0);
    EXPECT_LE(refused.value, 10'000);
    const Told inspected = ask(Step::inspect, 'b');
    EXPECT_EQ(inspected.outcome, Outcome::taken);
    EXPECT_EQ(inspected.text, std::string(32, 'a'));
    EXPECT_EQ(outcome(Step::extend, 'b'), Outcome::taken);
    EXPECT_EQ(outcome(Step::release, 'b'), Outcome::taken);
    EXPECT_EQ(outcome(Step::release, 'a'), Outcome::released);
    EXPECT_EQ(server.dbsize(), "0");
}

TEST_F(RedisNodeServer, an_extension_never_shortens) {
    RedisServer server;
    open(server.uri());
    server.command({"SET", "r", std::string(32, 'a'), "PX", "100000"});
    EXPECT_EQ(outcome(Step::extend, 'a'), Outcome::extended);
    EXPECT_GT(std::stoll(server.command({"PTTL", "r"})), 50'000);
    server.command({"PEXPIRE", "r", "5000"});
    EXPECT_EQ(outcome(Step::extend, 'a'), Outcome::extended);
    EXPECT_GT(std::stoll(server.command({"PTTL", "r"})), 6'000);
    server.command({"PERSIST", "r"});
    EXPECT_EQ(outcome(Step::extend, 'a'), Outcome::extended);
    EXPECT_EQ(server.command({"PTTL", "r"}), "-1");
}

TEST_F(RedisNodeServer, flushed_scripts_and_foreign_keys_are_met) {
    RedisServer server;
    open(server.uri());
    EXPECT_EQ(outcome(Step::acquire, 'a'), Outcome::granted);
    server.command({"SCRIPT", "FLUSH"});
    EXPECT_EQ(outcome(Step::extend, 'a'), Outcome::extended);
    server.command({"SCRIPT", "FLUSH"});
    EXPECT_EQ(outcome(Step::release, 'a'), Outcome::released);
    server.command({"RPUSH", "r", "x"});
    for (const Step step : {Step::extend, Step::release, Step::inspect}) {
        const Told told = ask(step, 'a');
        EXPECT_EQ(told.outcome, Outcome::failed);
        EXPECT_EQ(told.kind, CauseClass::wrong_data) << told.text;
    }
    EXPECT_EQ(outcome(Step::acquire, 'a'), Outcome::refused);
    EXPECT_EQ(server.command({"LLEN", "r"}), "1");
    EXPECT_TRUE(node_->ready());
}

TEST_F(RedisNodeServer, a_full_server_refuses_the_lock_and_still_frees_it) {
    RedisServer server;
    open(server.uri());
    EXPECT_EQ(outcome(Step::acquire, 'a'), Outcome::granted);
    server.command({"CONFIG", "SET", "maxmemory", "1"});
    EXPECT_EQ(outcome(Step::extend, 'a'), Outcome::extended);
    EXPECT_EQ(outcome(Step::release, 'a'), Outcome::released);
    const Told told = ask(Step::acquire, 'a');
    EXPECT_EQ(told.outcome, Outcome::failed);
    EXPECT_EQ(told.kind, CauseClass::no_space);
    EXPECT_THAT(told.text, HasSubstr("OOM "));
}

TEST_F(RedisNodeServer, a_cut_connection_comes_back_and_undoes) {
    RedisServer server;
    open(server.uri());
    EXPECT_EQ(outcome(Step::acquire, 'a'), Outcome::granted);
    server.command({"CLIENT", "KILL", "TYPE", "normal"});
    run_until([this] { return !node_->ready(); });
    Token token;
    token.hex.fill('a');
    node_->undo("r", token, 10s);
    EXPECT_EQ(node_->owed(), 1u);
    run_until([this] { return node_->owed() == 0; });
    EXPECT_EQ(server.dbsize(), "0");
}

TEST_F(RedisNodeServer, a_replica_is_refused_and_so_is_a_server_that_becomes_one) {
    RedisServer primary;
    RedisServer other;
    open(other.uri());
    ASSERT_TRUE(node_->ready());
    other.command({"REPLICAOF", "127.0.0.1", std::to_string(primary.port())});
    const Told told = ask(Step::acquire, 'a');
    EXPECT_EQ(told.outcome, Outcome::failed);
    EXPECT_EQ(told.kind, CauseClass::not_primary);
    const std::string expected =
        "is a replica of 127.0.0.1:" + std::to_string(primary.port()) + "; replicas never vote";
    run_until([&] { return node_->status().cause.text.find(expected) != std::string::npos; });
}

TEST_F(RedisNodeServer, few_rights_are_enough) {
    RedisServer server;
    server.command({"ACL", "SETUSER", "few", "on", ">pw", "~*", "-@all", "+ping", "+set", "+get",
                    "+del", "+pttl", "+pexpire", "+evalsha", "+eval", "+script|load"});
    open("redis://few:pw@" + server.label());
    ASSERT_TRUE(node_->ready()) << node_->status().cause.text;
    EXPECT_THAT(node_->status().cause.text, HasSubstr("INFO is refused"));
    EXPECT_EQ(outcome(Step::acquire, 'a'), Outcome::granted);
    EXPECT_EQ(outcome(Step::extend, 'a'), Outcome::extended);
    EXPECT_EQ(outcome(Step::release, 'a'), Outcome::released);
    server.command({"ACL", "SETUSER", "few", "resetkeys", "~other*"});
    for (const Step step : {Step::acquire, Step::extend, Step::inspect}) {
        const Told told = ask(step, 'a');
        EXPECT_EQ(told.outcome, Outcome::failed) << told.text;
        EXPECT_EQ(told.kind, CauseClass::rejected) << told.text;
    }
}

TEST_F(RedisNodeServer, a_wrong_password_and_a_database_out_of_range_are_named) {
    RedisServer server(RedisOptions{.password = "right"});
    open("redis://:wrong@" + server.label());
    EXPECT_THAT(node_->status().cause.text, HasSubstr("WRONGPASS "));
    node_->close();
    open("redis://" + server.label());
    EXPECT_THAT(node_->status().cause.text, HasSubstr("NOAUTH "));
    node_->close();
    open("redis://:right@" + server.label() + "/4711");
    EXPECT_THAT(node_->status().cause.text, HasSubstr("ERR DB index is out of range"));
    node_->close();
    open("redis://:right@" + server.label() + "/3");
    EXPECT_TRUE(node_->ready());
    EXPECT_EQ(outcome(Step::acquire, 'a'), Outcome::granted);
    EXPECT_EQ(server.dbsize(), "0") << "it went to database 3";
}

TEST_F(RedisNodeServer, a_dead_server_is_unreachable) {
    std::string label;
    {
        RedisServer server;
        label = server.label();
    }
    open("redis://" + label);
    EXPECT_FALSE(node_->ready());
    EXPECT_EQ(node_->status().cause.kind, CauseClass::unreachable);
    EXPECT_EQ(node_->status().cause.text, "connection refused (" + label + ")");
}

}  // namespace
}  // namespace quorumlock::nodes
