// What a Dapr sidecar answers: statuses, JSON, and connections that break. A vote is a yes only
// where the sidecar said so; reasons are one line, of bounded size, and never contain the token of
// the API; and each question has one answer. Rules D2..D5.
#include <string>
#include <vector>

#include "lib/nodes/dapr_node.h"
#include "tests/fuzz/input.h"
#include "tests/support/fake_env.h"

namespace quorumlock::fuzz {
namespace {

using namespace std::chrono_literals;
using nodes::Outcome;
using nodes::Step;

constexpr std::string_view kSecret = "Zq9-api-token-9Zq";

void check_cause(const Cause& cause) {
    if (cause.text.empty()) return;
    FUZZ_CHECK(is_one_line(cause.text) && cause.text.size() < 1500);
    FUZZ_CHECK(cause.text.find(kSecret) == std::string::npos);
}

int take_status(Input& input) {
    static constexpr int kStatuses[] = {200, 204, 301, 400, 401, 403, 404, 429, 500, 503, 0, -1};
    const std::size_t which = input.below(std::size(kStatuses) + 1);
    if (which < std::size(kStatuses)) return kStatuses[which];
    return static_cast<int>(input.number());
}

std::string take_body(Input& input) {
    static constexpr std::string_view kBodies[] = {
        R"({"success":true})",
        R"({"success":false})",
        R"({"status":0})",
        R"({"status":1})",
        R"({"status":2})",
        R"({"status":18446744073709551615})",
        R"({"errorCode":"ERR_TRY_LOCK","message":"failed to try acquiring lock: OOM x"})",
        R"({"errorCode":"ERR_LOCK_STORE_NOT_FOUND","message":"Zq9-api-token-9Zq"})",
        R"({"id":"app","runtimeVersion":"1.16.0","components":[{"name":"st","type":"lock.redis"}]})",
        R"({"success":1})",
        R"({"success":true,"success":false})",
        "null"};
    const std::size_t which = input.below(std::size(kBodies) + 4);
    if (which < std::size(kBodies)) return std::string(kBodies[which]);
    return std::string(input.bytes());
}

void messages(Input& input) {
    env::HttpAnswer answer;
    answer.status = take_status(input);
    const std::size_t how = input.byte();
    answer.cut = how % 2 == 1;
    answer.timed_out = how / 2 % 2 == 1;
    answer.may_be_sent = how / 4 % 2 == 1;
    answer.why = "broken";
    const std::string body = how / 8 % 2 == 0 ? take_body(input) : std::string(input.rest());
    answer.body = body;
    const nodes::dapr::Context context{"10.0.0.1:3500", {std::string(kSecret)}};
    const bool understood = answer.status == 200 && !answer.cut;

    const auto lock = nodes::dapr::read_lock_answer(answer, context);
    check_cause(lock.cause);
    const bool voted = lock.outcome == Outcome::granted || lock.outcome == Outcome::refused;
    FUZZ_CHECK(!voted || (understood && body.find("success") != body.npos) ||
               body.find("\\u") != body.npos);
    FUZZ_CHECK(lock.outcome != Outcome::granted || body.find("true") != body.npos);
    FUZZ_CHECK(voted || lock.outcome == Outcome::failed || lock.outcome == Outcome::unknown);
    FUZZ_CHECK(voted || lock.cause.kind != CauseClass::none);

    const auto unlock = nodes::dapr::read_unlock_answer(answer, context);
    check_cause(unlock.cause);
    const bool done = unlock.outcome == Outcome::released || unlock.outcome == Outcome::absent ||
                      unlock.outcome == Outcome::taken;
    FUZZ_CHECK(!done || understood);
    check_cause(nodes::dapr::read_health(answer, context));
    const auto metadata = nodes::dapr::read_metadata(answer, "st", context);
    check_cause(metadata.refused);
    FUZZ_CHECK(metadata.note.empty() || is_one_line(metadata.note));
    FUZZ_CHECK(metadata.version.empty() || is_one_line(metadata.version));
}

/// A node on a sidecar that answers as the input says.
class World final : nodes::AnswerEvents, nodes::NodeEvents {
  public:
    explicit World(Input& input) : input_(input) {
        nodes::NodeUri uri;
        uri.kind = nodes::NodeUri::Kind::dapr_tcp;
        uri.host = "10.0.0.1";
        uri.port = 3500;
        uri.store = "st";
        uri.password_env = "TOKEN";
        uri.label = uri.address();
        env_.variables["TOKEN"] = kSecret;
        env_.on_request = [this](testing::FakeHttp& request) { serve(request); };
        nodes::NodeOptions options;
        options.connect_timeout = 1s;
        options.max_backlog = 4;
        node_ = std::make_unique<nodes::DaprNode>(uri, options, env_);
        node_->open(0, *this);
        env_.run();
    }

    void run() {
        while (!input_.empty()) {
            act();
            env_.run();
            check_cause(node_->status().cause);
        }
        node_->close();
        env_.run();
        for (const Asked& asked : asked_) FUZZ_CHECK(asked.answers == (asked.given_up ? 0 : 1));
    }

  private:
    struct Asked {
        Step step = Step::acquire;
        nodes::Ticket ticket = 0;
        int answers = 0;
        bool given_up = false;
    };

    void serve(testing::FakeHttp& request) {
        const bool probe = request.target == "/v1.0/healthz" || request.target == "/v1.0/metadata";
        if (probe && probes_ > 0) {
            --probes_;
            return request.answer(request.target == "/v1.0/healthz" ? 204 : 200, "{}");
        }
        if (probe) probes_ = static_cast<int>(input_.below(4));
        answer(request);
    }
    void answer(testing::FakeHttp& request) {
        switch (input_.below(8)) {
            case 0:
                return request.fail("connection refused", false);
            case 1:
                return request.fail("reset by the other end", true);
            case 2:
                return;  // never, or by act()
            case 3:
                return request.answer_cut(200, take_body(input_));
            case 4:
                said_yes_ = true;
                return request.answer(200, R"({"success":true,"status":0})");
            default: {
                const int status = take_status(input_);
                const std::string body = take_body(input_);
                said_yes_ = said_yes_ || body.find("true") != body.npos;
                request.retry_after = Nanos(static_cast<Nanos::rep>(input_.byte()) * 1'000'000'000);
                if (status > 0) return request.answer(status, body);
                return request.fail("broken", input_.below(2) == 1);
            }
        }
    }
    void act() {
        static constexpr Nanos kTimes[] = {1ms, 100ms, 1s, 9s, 60s};
        switch (input_.below(7)) {
            case 0:
            case 1:
                return ask(Step::acquire);
            case 2:
                return ask(Step::release);
            case 3:
                return node_->undo("r", token(), 10s);
            case 4: {
                if (asked_.empty()) return;
                Asked& asked = asked_[input_.below(asked_.size())];
                if (asked.answers > 0 || asked.given_up) return;
                node_->give_up(asked.ticket, input_.below(2) == 1);
                asked.given_up = true;
                return;
            }
            case 5:
                for (const auto& request : env_.requests) {
                    if (request->open()) return answer(*request);
                }
                return;
            default:
                env_.advance(kTimes[input_.below(std::size(kTimes))]);
                return;
        }
    }
    void ask(Step step) {
        if (asked_.size() >= 64) return;
        const Token mine = step == Step::acquire ? fresh_token() : token();
        nodes::Ask ask;
        ask.step = step;
        ask.resource = "r";
        ask.token = &mine;
        ask.ttl = 10s;
        asked_.push_back({step});
        const auto tag = static_cast<std::uint32_t>(asked_.size() - 1);
        const nodes::Ticket ticket = node_->ask(ask, *this, tag);
        asked_[tag].ticket = ticket;
    }
    /// Of each acquire one of its own: rule A2.
    Token fresh_token() {
        ++tokens_;
        return nth_token(tokens_);
    }
    Token token() { return nth_token(input_.below(tokens_ + 1)); }
    static Token nth_token(std::size_t number) {
        Token made;
        made.hex.fill('a');
        made.hex[0] = static_cast<char>('0' + number);
        return made;
    }
    void on_answer(std::uint32_t tag, const nodes::Answer& answer) override {
        Asked& asked = asked_[tag];
        FUZZ_CHECK(!asked.given_up && asked.answers == 0);
        ++asked.answers;
        FUZZ_CHECK(answer.outcome != Outcome::granted || said_yes_);
        if (answer.cause != nullptr) check_cause(*answer.cause);
    }
    void on_node_changed(int) override {}

    Input& input_;
    testing::FakeEnv env_;
    std::unique_ptr<nodes::DaprNode> node_;
    std::vector<Asked> asked_;
    int probes_ = 2;
    std::size_t tokens_ = 0;
    bool said_yes_ = false;
};

}  // namespace
}  // namespace quorumlock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace quorumlock::fuzz;
    if (size > 4096) return 0;
    Input input(bytes, size);
    if (input.below(2) == 0) {
        messages(input);
    } else {
        World(input).run();
    }
    return 0;
}
