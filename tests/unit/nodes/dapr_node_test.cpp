// A Dapr node and its sidecar: reaching it, asking it, and what its answers become.
#include "lib/nodes/dapr_node.h"

#include "tests/unit/nodes/dapr_node_fixture.h"

namespace quorumlock::nodes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr auto kGranted = R"({"success":true})";
constexpr auto kRefused = R"({"success":false})";
constexpr auto kDialError =
    R"({"errorCode":"ERR_TRY_LOCK","message":"failed to try acquiring lock: dial tcp: refused"})";

TEST_F(DaprNodeTest, a_healthy_sidecar_makes_the_node_ready) {
    open();
    EXPECT_THAT(take_seen(), ElementsAre("GET /v1.0/healthz", "GET /v1.0/metadata"));
    EXPECT_TRUE(node->ready());
    EXPECT_TRUE(node->settled());
    EXPECT_THAT(ready_changes, ElementsAre(true));
    const NodeStatus status = node->status();
    EXPECT_EQ(status.label, "10.0.0.1:3500/st");
    EXPECT_EQ(status.kind, "dapr");
    EXPECT_EQ(status.app_id, "app");
    EXPECT_EQ(status.version, "1.16.0");
    EXPECT_EQ(status.cause.text, "");
    EXPECT_EQ(env.requests[0]->address, "10.0.0.1");
    EXPECT_EQ(env.requests[0]->port, 3500);
    EXPECT_EQ(env.requests[0]->host, "10.0.0.1:3500");
    EXPECT_THAT(env.requests[0]->headers, IsEmpty());
}

TEST_F(DaprNodeTest, an_acquire_asks_for_whole_seconds_and_takes_each_answer) {
    open();
    take_seen();
    acquire('a', 1, ms(1500));
    EXPECT_THAT(take_seen(), ElementsAre(lock('a', 2)));
    answer("lock", 200, kGranted);
    EXPECT_THAT(take_heard(), ElementsAre(Heard{1, Outcome::granted}));
    acquire('b', 2);
    answer("lock", 200, kRefused);
    EXPECT_THAT(take_heard(), ElementsAre(Heard{2, Outcome::refused, -1}));
    acquire('c', 3);
    answer("lock", 500, kDialError);
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{3, Outcome::unknown, 0, CauseClass::unreachable}));
}

TEST_F(DaprNodeTest, what_the_sidecar_rejects_is_failed_with_its_own_text_and_owes_nothing) {
    open();
    acquire('a', 1);
    answer("lock", 400, R"({"errorCode":"ERR_LOCK_STORE_NOT_FOUND","message":"no st"})");
    const auto all = take_heard();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].outcome, Outcome::failed);
    EXPECT_EQ(all[0].cause, CauseClass::rejected);
    EXPECT_THAT(all[0].text, HasSubstr("400 ERR_LOCK_STORE_NOT_FOUND: no st"));
    EXPECT_EQ(node->owed(), 0U);
    EXPECT_EQ(times("unlock"), 0U);
    EXPECT_TRUE(node->ready());
}

TEST_F(DaprNodeTest, a_release_tells_what_the_sidecar_says) {
    open();
    const std::pair<int, Outcome> rows[] = {
        {0, Outcome::released}, {1, Outcome::absent}, {2, Outcome::taken}};
    for (const auto& [status, outcome] : rows) {
        take_seen();
        ask(Step::release, 'a', 7);
        EXPECT_THAT(take_seen(), ElementsAre(unlock('a')));
        EXPECT_EQ(node->owed(), 1U);
        answer_status(status);
        EXPECT_THAT(take_heard(), ElementsAre(Heard{7, outcome}));
        EXPECT_EQ(node->owed(), 0U);
    }
}

TEST_F(DaprNodeTest, extend_and_inspect_are_unsupported_and_not_asked) {
    open();
    take_seen();
    ask(Step::extend, 'a', 1);
    ask(Step::inspect, 'a', 2);
    EXPECT_THAT(take_outcomes(),
                ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::unsupported},
                            Heard{2, Outcome::failed, 0, CauseClass::unsupported}));
    EXPECT_THAT(take_seen(), IsEmpty());
    EXPECT_FALSE(node->abilities().extend);
    EXPECT_FALSE(node->abilities().inspect);
    EXPECT_FALSE(node->abilities().any_name);
    EXPECT_EQ(node->abilities().patience, s(8));
}

TEST_F(DaprNodeTest, a_sidecar_that_is_not_there_is_looked_for_again_with_a_back_off) {
    sidecar_is_gone = true;
    open();
    EXPECT_FALSE(node->ready());
    EXPECT_TRUE(node->settled());
    EXPECT_EQ(node->status().cause.text, "connection refused (10.0.0.1:3500)");
    acquire('a', 1);
    EXPECT_THAT(take_heard(), ElementsAre(Heard{1, Outcome::failed, 0, CauseClass::unreachable,
                                                "connection refused (10.0.0.1:3500)"}));
    env.advance(s(60));
    EXPECT_GE(env.requests.size(), 12U);
    EXPECT_LE(env.requests.size(), 25U);
    sidecar_is_gone = false;
    env.advance(s(7));
    EXPECT_TRUE(node->ready());
}

TEST_F(DaprNodeTest, every_address_of_a_name_is_tried) {
    uri.host = "sidecar";
    uri.label = uri.address();
    env.names["sidecar"] = {"10.0.0.8", "10.0.0.9"};
    env.on_request = [this](FakeHttp& request) {
        if (request.address == "10.0.0.8") return request.fail("connection refused", false);
        serve(request);
    };
    open();
    ASSERT_TRUE(node->ready());
    EXPECT_EQ(env.requests.back()->address, "10.0.0.9");
    EXPECT_EQ(env.requests.back()->host, "sidecar:3500");
    acquire('a', 1);
    EXPECT_EQ(env.requests.back()->address, "10.0.0.9");
    EXPECT_EQ(env.requests.back()->host, "sidecar:3500");
}

TEST_F(DaprNodeTest, a_look_up_has_a_time_limit) {
    uri.host = "sidecar";
    env.hold_lookups = true;
    open();
    env.advance(s(1));
    EXPECT_TRUE(node->settled());
    EXPECT_EQ(node->status().cause.text, "the name look-up took too long (sidecar:3500)");
    env.hold_lookups = false;
    env.names["sidecar"] = {"10.0.0.1"};
    env.advance(s(1));
    EXPECT_TRUE(node->ready());
}

TEST_F(DaprNodeTest, the_token_is_a_header_read_anew_at_each_attempt_and_never_shown) {
    uri.password_env = "TOKEN";
    env.variables = {{"TOKEN", "s3cret"}, {"DAPR_API_TOKEN", "other"}};
    metadata_status = 401;
    metadata = "invalid api token s3cret";
    open();
    EXPECT_THAT(env.requests.back()->headers, ElementsAre("dapr-api-token: s3cret"));
    EXPECT_FALSE(node->ready());
    EXPECT_EQ(node->status().cause.kind, CauseClass::rejected);
    EXPECT_THAT(node->status().cause.text, HasSubstr("401 invalid api token"));
    EXPECT_THAT(node->status().cause.text, Not(HasSubstr("s3cret")));
    metadata_status = 200;
    metadata = R"({"id":"app"})";
    env.variables["TOKEN"] = "right";
    env.advance(s(2));
    EXPECT_TRUE(node->ready());
    EXPECT_THAT(env.requests.back()->headers, ElementsAre("dapr-api-token: right"));
}

TEST_F(DaprNodeTest, daprs_own_variable_is_the_token_where_the_uri_names_none) {
    env.variables = {{"DAPR_API_TOKEN", "from dapr"}};
    open();
    EXPECT_THAT(env.requests.back()->headers, ElementsAre("dapr-api-token: from dapr"));
}

TEST_F(DaprNodeTest, a_token_that_cannot_be_read_or_would_break_its_header_is_told) {
    uri.password_file = "/run/token";
    open();
    EXPECT_EQ(node->status().cause.text,
              "token_file /run/token cannot be read: no such file or directory (the node URI names "
              "it)");
    EXPECT_THAT(env.requests, IsEmpty());
    env.files["/run/token"] = "a\tb";
    env.advance(s(2));
    EXPECT_EQ(node->status().cause.text, "the API token contains a control character");
    EXPECT_THAT(env.requests, IsEmpty());
}

TEST_F(DaprNodeTest, the_environment_tells_where_the_sidecar_is) {
    struct Row {
        const char *endpoint, *port, *label;
    };
    for (const Row& row :
         {Row{"", "", "127.0.0.1:3500/st"}, Row{"", "3601", "127.0.0.1:3601/st"},
          Row{"http://Side-car:3700", "3601", "side-car:3700/st"},
          Row{"http://side/", "", "side:80/st"}, Row{"http://[::1]:9", "", "[::1]:9/st"}}) {
        uri.host.clear();
        uri.port = 0;
        uri.label = uri.address();
        env.variables = {{"DAPR_HTTP_ENDPOINT", row.endpoint}, {"DAPR_HTTP_PORT", row.port}};
        EXPECT_EQ(DaprNode(uri, options, env).label(), row.label);
    }
    uri.host = "given";
    EXPECT_EQ(DaprNode(uri, options, env).label(), "/st") << "a label that is given stays";
    env.variables = {{"DAPR_HTTP_ENDPOINT", "https://cloud"}};
    uri.host.clear();
    open();
    EXPECT_EQ(node->status().cause.text,
              "DAPR_HTTP_ENDPOINT is no http://host:port; correct it, or name host and port in the "
              "node URI");
    EXPECT_THAT(env.requests, IsEmpty());
}

TEST_F(DaprNodeTest, a_unix_socket_is_asked_without_a_look_up) {
    uri.kind = NodeUri::Kind::dapr_unix;
    uri.path = "/run/dapr.sock";
    uri.host.clear();
    open();
    EXPECT_TRUE(node->ready());
    EXPECT_THAT(env.looked_up, IsEmpty());
    EXPECT_EQ(env.requests.back()->socket_path, "/run/dapr.sock");
    EXPECT_EQ(env.requests.back()->host, "");
}

TEST_F(DaprNodeTest, a_connection_that_fails_makes_the_node_look_for_its_sidecar) {
    open();
    acquire('a', 1);
    sidecar_is_gone = true;
    asked("lock").fail("connection reset by the server", true);
    env.run();
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken}));
    EXPECT_FALSE(node->ready());
    acquire('b', 2);
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{2, Outcome::failed, 0, CauseClass::broken}));
    sidecar_is_gone = false;
    env.advance(s(1));
    EXPECT_TRUE(node->ready());
}

// A store that is silent must not cost every caller its time limit.
TEST_F(DaprNodeTest, while_the_store_is_silent_nothing_is_asked_but_undos) {
    open();
    acquire('a', 1);
    answer("lock", 500, kDialError);
    undo('a');
    take_heard();
    EXPECT_FALSE(node->ready());
    const std::size_t locks = times("lock");
    acquire('b', 2);
    const auto told = take_heard();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].outcome, Outcome::failed);
    EXPECT_THAT(told[0].text, HasSubstr("dial tcp: refused"));
    EXPECT_EQ(times("lock"), locks);
    answer_status(1);
    EXPECT_TRUE(node->ready());
    acquire('c', 3);
    EXPECT_EQ(times("lock"), locks + 1);
}

TEST_F(DaprNodeTest, a_silent_store_without_undos_is_asked_by_the_next_acquire) {
    open();
    acquire('a', 1);
    answer("lock", 500, kDialError);
    EXPECT_FALSE(node->ready());
    env.advance(s(1));
    EXPECT_TRUE(node->ready()) << "nobody else would find out that it is back";
}

TEST_F(DaprNodeTest, who_answers_garbage_is_asked_as_little_as_who_is_silent) {
    open();
    acquire('a', 1);
    answer("lock", 200, "<html>");
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::broken}));
    undo('a');
    EXPECT_FALSE(node->ready());
    const std::size_t locks = times("lock");
    for (std::uint32_t i = 0; i < 100; ++i) {
        acquire('b', 2);
        if (open_requests("unlock") > 0) answer("unlock", 200, "<html>");
        env.advance(s(1));
    }
    EXPECT_EQ(times("lock"), locks);
    EXPECT_EQ(node->owed(), 1U);
    EXPECT_LE(times("unlock"), 100U);
    take_heard();
    env.advance(s(5));
    answer_status(1);
    EXPECT_TRUE(node->ready());
}

TEST_F(DaprNodeTest, the_backlog_is_bounded) {
    open();
    for (std::uint32_t i = 0; i < 4; ++i) acquire(static_cast<char>('a' + i), i);
    EXPECT_EQ(open_requests("lock"), 4U);
    acquire('f', 9);
    EXPECT_EQ(open_requests("lock"), 4U);
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{9, Outcome::failed, 0, CauseClass::silent}));
}

TEST_F(DaprNodeTest, close_answers_what_is_open) {
    open();
    acquire('a', 1);
    ask(Step::release, 'b', 2);
    node->close();
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{1, Outcome::unknown, 0, CauseClass::closed},
                                             Heard{2, Outcome::unknown, 0, CauseClass::closed}));
    EXPECT_EQ(open_requests("lock") + open_requests("unlock"), 0U);
    acquire('c', 3);
    EXPECT_THAT(take_outcomes(), ElementsAre(Heard{3, Outcome::failed, 0, CauseClass::closed}));
    env.advance(s(60));
    EXPECT_THAT(take_heard(), IsEmpty());
}

TEST_F(DaprNodeTest, a_node_may_end_with_everything_open) {
    open();
    acquire('a', 1);
    ask(Step::release, 'b', 2);
    acquire('c', 3);
    acquire('d', 4);
    acquire('e', 5);
    acquire('f', 6);
    node.reset();
    env.advance(s(60));
    EXPECT_THAT(take_heard(), ElementsAre(Heard{6, Outcome::failed, 0, CauseClass::silent,
                                                "too far behind: 4 locks are asked for "
                                                "(max_backlog is 4)"}));
}

}  // namespace
}  // namespace quorumlock::nodes
