// `quorumlock doctor` over three servers that answer its questions with lies: it ends in bounded
// time, is told once, and what it says of them is lines for people and JSON.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/fuzz/servers.h"
#include "tools/cli/doctor_findings.h"
#include "tools/cli/doctor_text.h"

namespace quorumlock::fuzz {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kServers = 3;
constexpr Nanos kLimit = 100ms;
/// The connect, the first questions, two looks at the clock, and the steps of a SCAN.
constexpr Nanos kBound = 40 * kLimit;

class World final : nodes::CheckupEvents {
  public:
    explicit World(Input& input) {
        const std::size_t piece = input.below(3);
        for (std::size_t i = 0; i < kServers; ++i) {
            servers_.push_back(std::make_unique<Server>(env_, i));
            servers_[i]->piece = piece == 0 ? 4096 : 5 * piece;
            for (std::size_t lies = input.below(32); lies > 0; --lies) {
                servers_[i]->lies.push_back(take_lie(input, std::string(32, 'a')));
            }
            servers_[i]->occupy("key" + std::to_string(i), 5000);
        }
        env_.on_connect = [this](testing::FakeConnection& c) {
            for (const auto& each : env_.connections) {
                if (each.get() == &c) server_of(c).on_connect(each);
            }
        };
        env_.on_sent = [this](testing::FakeConnection& c) { server_of(c).on_sent(c); };
        options_.time_limit = kLimit;
        options_.clock_span = kLimit;
        options_.client_name = "quorumlock";
        if (input.below(2) == 1) options_.resource = "r0";
        if (input.below(2) == 1) options_.scan_pattern = "*";
        options_.scan_limit = 1000;
    }

    void run(Input& input) {
        for (std::size_t i = 0; i < kServers; ++i) {
            auto uri = nodes::parse_node_uri("redis://10.0.0." + std::to_string(i));
            CheckupEvents& events = *this;
            checkups_.push_back(
                std::make_unique<nodes::RedisCheckup>(std::move(*uri), options_, env_, events));
            checkups_.back()->start();
        }
        env_.run();
        for (Nanos passed{0}; told_ < kServers && passed < kBound; passed += 10ms) {
            env_.advance(10ms);
            for (auto& server : servers_) server->settle();
            if (!input.empty()) {
                servers_[input.below(kServers)]->say(take_reply(input, std::string(32, 'a')));
            }
            env_.run();
        }
        FUZZ_CHECK(told_ == kServers);
        env_.advance(1s);
        FUZZ_CHECK(told_ == kServers);
        judge();
    }

  private:
    Server& server_of(const testing::FakeConnection& connection) {
        return *servers_[static_cast<std::size_t>(connection.to.address.back() - '0')];
    }
    void on_checked() override { ++told_; }

    void judge() {
        std::vector<cli::DoctorNode> nodes;
        for (const auto& checkup : checkups_) {
            cli::DoctorNode node;
            node.label = checkup->uri().label;
            node.kind = "redis";
            node.identity = checkup->uri().identity();
            node.redis = checkup->facts();
            nodes.push_back(std::move(node));
        }
        cli::DoctorTerms terms;
        terms.questions.resource = options_.resource;
        terms.questions.scan_pattern = options_.scan_pattern;
        const auto findings = cli::judge(nodes, terms);
        for (const cli::Finding& finding : findings) {
            FUZZ_CHECK(finding.means.empty() || is_one_line(finding.means));
            FUZZ_CHECK(finding.advice.empty() || is_one_line(finding.advice));
        }
        for (const char c : cli::doctor_text(nodes, findings)) {
            FUZZ_CHECK(c == '\n' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f));
        }
        const auto object = cli::doctor_json(nodes, findings, 2);
        const std::string text =
            object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
        FUZZ_CHECK(is_one_line(text) && object["nodes"].size() == kServers);
    }

    testing::FakeEnv env_;
    std::vector<std::unique_ptr<Server>> servers_;
    nodes::CheckupOptions options_;
    std::vector<std::unique_ptr<nodes::RedisCheckup>> checkups_;
    std::size_t told_ = 0;
};

}  // namespace
}  // namespace quorumlock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace quorumlock::fuzz;
    if (size > 4096) return 0;
    Input input(bytes, size);
    World(input).run(input);
    return 0;
}
