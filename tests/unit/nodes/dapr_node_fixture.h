// What the tests of the Dapr node share: a node on a scripted sidecar, and an ear.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "lib/nodes/dapr_node.h"
#include "tests/support/fake_env.h"
#include "tests/unit/nodes/redis_node_fixture.h"

namespace quorumlock::nodes {

class DaprNodeTest : public ::testing::Test, public AnswerEvents, public NodeEvents {
  protected:
    using ms = std::chrono::milliseconds;
    using s = std::chrono::seconds;
    using FakeHttp = testing::FakeHttp;

    DaprNodeTest() {
        uri.kind = NodeUri::Kind::dapr_tcp;
        uri.host = "10.0.0.1";
        uri.port = 3500;
        uri.store = "st";
        uri.label = uri.address();
        options.connect_timeout = s(1);
        options.max_backlog = 4;
        env.on_request = [this](FakeHttp& request) { serve(request); };
    }

    /// Makes and opens the node; a healthy sidecar makes it ready.
    void open() {
        node = std::make_unique<DaprNode>(uri, options, env);
        node->open(3, *this);
        env.run();
    }

    /// Health and metadata are answered; what is asked of the store stays open for the test.
    void serve(FakeHttp& request) {
        seen.push_back((request.method == env::HttpRequest::Method::get ? "GET " : "POST ") +
                       request.target + (request.body.empty() ? "" : " " + request.body));
        if (sidecar_is_gone) return request.fail("connection refused", false);
        if (request.target == "/v1.0/healthz") {
            request.answer(health, "");
        } else if (request.target == "/v1.0/metadata") {
            request.answer(metadata_status, metadata);
        }
    }
    /// The oldest request to "lock" or "unlock" that is open; there must be one.
    FakeHttp& asked(const std::string& verb) {
        for (const auto& request : env.requests) {
            if (request->open() && request->target == "/v1.0-alpha1/" + verb + "/st") {
                return *request;
            }
        }
        ADD_FAILURE() << "no open request to " << verb;
        static FakeHttp none;
        return none;
    }
    std::size_t open_requests(const std::string& verb) const {
        std::size_t count = 0;
        for (const auto& request : env.requests) {
            count += request->open() && request->target == "/v1.0-alpha1/" + verb + "/st" ? 1 : 0;
        }
        return count;
    }
    /// How often `verb` was asked at all.
    std::size_t times(const std::string& verb) const {
        std::size_t count = 0;
        for (const auto& request : env.requests) {
            count += request->target == "/v1.0-alpha1/" + verb + "/st" ? 1 : 0;
        }
        return count;
    }
    void answer(const std::string& verb, int status, std::string_view body) {
        asked(verb).answer(status, body);
        env.run();
    }
    void answer_status(int status) {
        answer("unlock", 200, "{\"status\":" + std::to_string(status) + "}");
    }

    static Token token(char c) {
        Token made;
        made.hex.fill(c);
        return made;
    }
    Ticket ask(Step step, char who, std::uint32_t tag, Nanos ttl = s(10),
               std::string_view resource = "r") {
        const Token mine = token(who);
        Ask ask;
        ask.step = step;
        ask.resource = resource;
        ask.token = &mine;
        ask.ttl = ttl;
        const Ticket ticket = node->ask(ask, *this, tag);
        env.run();
        return ticket;
    }
    Ticket acquire(char who, std::uint32_t tag, Nanos ttl = s(10)) {
        return ask(Step::acquire, who, tag, ttl);
    }
    void undo(char who, Nanos ttl = s(10)) {
        node->undo("r", token(who), ttl);
        env.run();
    }
    void give_up(Ticket ticket, bool silent) {
        node->give_up(ticket, silent);
        env.run();
    }
    static std::string lock(char who, int seconds) {
        return "POST /v1.0-alpha1/lock/st {\"expiryInSeconds\":" + std::to_string(seconds) +
               ",\"lockOwner\":\"" + std::string(32, who) + "\",\"resourceId\":\"r\"}";
    }
    static std::string unlock(char who) {
        return "POST /v1.0-alpha1/unlock/st {\"lockOwner\":\"" + std::string(32, who) +
               "\",\"resourceId\":\"r\"}";
    }

    void on_answer(std::uint32_t tag, const Answer& answer) override {
        heard.push_back({tag, answer.outcome, answer.value,
                         answer.cause != nullptr ? answer.cause->kind : CauseClass::none,
                         answer.cause != nullptr ? answer.cause->text : std::string()});
    }
    void on_node_changed(int index) override {
        EXPECT_EQ(index, 3);
        ready_changes.push_back(node->ready());
    }
    std::vector<Heard> take_heard() { return std::exchange(heard, {}); }
    std::vector<Heard> take_outcomes() {
        auto all = take_heard();
        for (auto& one : all) one.text.clear();
        return all;
    }
    std::vector<std::string> take_seen() { return std::exchange(seen, {}); }

    testing::FakeEnv env;
    NodeUri uri;
    NodeOptions options;
    std::unique_ptr<DaprNode> node;
    bool sidecar_is_gone = false;
    int health = 204;
    int metadata_status = 200;
    std::string metadata =
        R"({"id":"app","runtimeVersion":"1.16.0","components":[{"name":"st","type":"lock.redis"}]})";
    std::vector<std::string> seen;
    std::vector<Heard> heard;
    std::vector<bool> ready_changes;
};

}  // namespace quorumlock::nodes
