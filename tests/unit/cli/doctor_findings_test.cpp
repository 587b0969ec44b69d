// What doctor makes of answers that real servers of a test cannot give.
#include "tools/cli/doctor_findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quorumlock::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Instant kNow{100'000s};

DoctorNode server(const std::string& label, const std::string& uptime = "5000") {
    DoctorNode node;
    node.label = label;
    node.kind = "redis";
    node.redis.emplace();
    node.redis->address = "10.0.0.1";
    node.redis->round_trip = 1ms;
    node.redis->asked = kNow;
    node.redis->info = "redis_version:7.0.15\r\nredis_mode:standalone\r\nrun_id:" + label +
                       "\r\nuptime_in_seconds:" + uptime +
                       "\r\nrole:master\r\nconnected_slaves:0\r\naof_enabled:0\r\nmaxmemory:0\r\n"
                       "used_memory:1000\r\nmaxmemory_policy:noeviction\r\n";
    node.redis->first_clock = nodes::ClockSample{0ms, 1ms, kNow};
    node.redis->last_clock = nodes::ClockSample{0ms, 1ms, kNow + 250ms};
    return node;
}

std::vector<DoctorNode> three() { return {server("a"), server("b"), server("c")}; }

/// "severity check" of one node (-1: the set), joined by commas; what is in order is left out.
std::string not_in_order(const std::vector<Finding>& findings, int node) {
    std::string all;
    for (const Finding& finding : findings) {
        if (finding.node != node || finding.severity == Severity::ok) continue;
        all += (all.empty() ? "" : ", ") + std::string(severity_name(finding.severity)) + " " +
               finding.check;
    }
    return all;
}

std::string words(const std::vector<Finding>& findings, int node, const std::string& check) {
    for (const Finding& finding : findings) {
        if (finding.node == node && finding.check == check) return finding.means;
    }
    return "";
}

TEST(DoctorFindings, three_servers_in_order) {
    const auto findings = judge(three(), {});
    for (int node = -1; node < 3; ++node) EXPECT_EQ(not_in_order(findings, node), "");
    EXPECT_EQ(worst(findings), Severity::ok);
}

TEST(DoctorFindings, plain_text_to_another_machine) {
    auto nodes = three();
    nodes[1].over_network = true;
    const auto findings = judge(nodes, {});
    EXPECT_EQ(not_in_order(findings, 1), "warning transport");
    EXPECT_THAT(words(findings, 1, "transport"), HasSubstr("plain text to 10.0.0.1"));
    nodes[1].tls = env::TlsOptions::Verify::full;
    EXPECT_EQ(not_in_order(judge(nodes, {}), 1), "");
    nodes[1].tls = env::TlsOptions::Verify::none;
    EXPECT_THAT(words(judge(nodes, {}), 1, "transport"), HasSubstr("any certificate"));
}

TEST(DoctorFindings, one_young_server_is_guarded_for_what_is_left) {
    auto nodes = three();
    nodes[2] = server("c", "20");
    const auto findings = judge(nodes, {});
    EXPECT_EQ(not_in_order(findings, 2), "warning guard");
    EXPECT_THAT(words(findings, 2, "guard"), HasSubstr("does not vote for 41.6 s more"));
    DoctorTerms off;
    off.service.restart_guard = RestartGuard::off;
    EXPECT_EQ(not_in_order(judge(nodes, off), 2), "error persistence");
}

TEST(DoctorFindings, no_number_that_a_server_tells_overflows) {
    std::vector<DoctorNode> nodes{server("a", "9223372036854775807"), server("b"), server("c")};
    auto& info = nodes[1].redis->info;
    info = info.substr(0, info.find("maxmemory:")) +
           "maxmemory:9223372036854775807\r\nused_memory:9000000000000000000\r\n"
           "maxmemory_policy:noeviction\r\n";
    const auto findings = judge(nodes, {});
    EXPECT_EQ(not_in_order(findings, 0), "");
    EXPECT_EQ(not_in_order(findings, 1), "warning memory");
    EXPECT_THAT(words(findings, 1, "memory"), HasSubstr("97 % of maxmemory are used"));
}

TEST(DoctorFindings, a_young_quorum_is_a_first_start) {
    std::vector<DoctorNode> nodes{server("a", "20"), server("b", "20"), server("c")};
    EXPECT_EQ(not_in_order(judge(nodes, {}), -1), "note guard");
    DoctorTerms strict;
    strict.service.restart_guard = RestartGuard::strict;
    EXPECT_EQ(not_in_order(judge(nodes, strict), 0), "warning guard");
}

TEST(DoctorFindings, a_server_that_does_not_tell_of_itself) {
    auto nodes = three();
    nodes[0].redis->info.clear();
    nodes[0].redis->refused[static_cast<std::size_t>(nodes::Right::info)] = "NOPERM";
    const auto findings = judge(nodes, {});
    EXPECT_EQ(not_in_order(findings, 0), "warning rights");
    EXPECT_THAT(words(findings, 0, "rights"), AllOf(HasSubstr("+info"), HasSubstr("unguarded")));
    EXPECT_EQ(words(findings, 0, "role"), "");
}

TEST(DoctorFindings, a_clock_is_not_blamed_for_what_the_network_may_have_done) {
    auto nodes = three();
    nodes[0].redis->last_clock = nodes::ClockSample{4ms, 1ms, kNow + 250ms};
    EXPECT_EQ(not_in_order(judge(nodes, {}), 0), "");  // 2 ms of 250 are below a hundredth
    nodes[0].redis->last_clock = nodes::ClockSample{5ms, 1ms, kNow + 250ms};
    const auto findings = judge(nodes, {});
    EXPECT_EQ(not_in_order(findings, 0), "error drift");
    EXPECT_THAT(words(findings, 0, "drift"), HasSubstr("gained by at least 1.2 % within 250 ms"));
}

TEST(DoctorFindings, clocks_that_differ_by_more_than_any_is_off) {
    auto nodes = three();
    nodes[0].redis->first_clock->ahead = nodes[0].redis->last_clock->ahead = 900ms;
    nodes[1].redis->first_clock->ahead = nodes[1].redis->last_clock->ahead = -900ms;
    const auto findings = judge(nodes, {});
    EXPECT_EQ(not_in_order(findings, -1), "warning clock");
    EXPECT_THAT(words(findings, -1, "clock"), HasSubstr("differ by 1.8 s"));
}

TEST(DoctorFindings, a_slow_answer_is_measured_against_the_time_limit) {
    auto nodes = three();
    nodes[0].redis->round_trip = 300ms;
    EXPECT_EQ(not_in_order(judge(nodes, {}), 0), "warning reach");
    DoctorTerms patient;
    patient.service.node_timeout = 2s;
    EXPECT_EQ(not_in_order(judge(nodes, patient), 0), "");
}

DoctorCertificate certificate(DoctorCertificate::Whose whose, std::chrono::seconds end) {
    return {whose, {"/CN=one", end}};
}

TEST(DoctorFindings, a_certificate_that_ends_within_the_days_asked_for) {
    using Whose = DoctorCertificate::Whose;
    constexpr std::chrono::seconds kDay = std::chrono::hours(24);
    for (const Whose whose : {Whose::server, Whose::authority, Whose::client, Whose::ca}) {
        auto nodes = three();
        nodes[1].tls = env::TlsOptions::Verify::full;
        nodes[1].wall = 20'000 * kDay;
        nodes[1].certificates = {certificate(whose, nodes[1].wall + 30 * kDay)};
        EXPECT_EQ(not_in_order(judge(nodes, {}), 1), "");
        EXPECT_THAT(words(judge(nodes, {}), 1, "certificate"),
                    HasSubstr("ends in 30 days, on 2024-11-03 00:00 UTC"));
        nodes[1].certificates[0].it.end -= 1s;
        const auto findings = judge(nodes, {});
        EXPECT_EQ(not_in_order(findings, 1), "warning certificate");
        EXPECT_THAT(words(findings, 1, "certificate"),
                    AllOf(HasSubstr("/CN=one"), HasSubstr("ends in 29 days, on 2024-11-02 23:59")));
        DoctorTerms sooner;
        sooner.questions.certificate_days = 29;
        EXPECT_EQ(not_in_order(judge(nodes, sooner), 1), "");
        nodes[1].certificates[0].it.end = nodes[1].wall;  // its last second
        EXPECT_EQ(not_in_order(judge(nodes, {}), 1), "warning certificate");
        nodes[1].certificates[0].it.end -= 1s;
        EXPECT_EQ(not_in_order(judge(nodes, {}), 1), "error certificate");
        sooner.questions.certificate_days = 0;
        EXPECT_EQ(not_in_order(judge(nodes, sooner), 1), "error certificate");
    }
}

TEST(DoctorFindings, an_old_authority_beside_the_next_one_is_a_note) {
    auto nodes = three();
    nodes[0].wall = 1'000'000'000s;
    nodes[0].certificates = {certificate(DoctorCertificate::Whose::ca, 999'999'999s),
                             certificate(DoctorCertificate::Whose::ca, 2'000'000'000s)};
    EXPECT_EQ(not_in_order(judge(nodes, {}), 0), "note certificate");
}

TEST(DoctorFindings, files_are_judged_where_the_server_is_not_reached) {
    auto nodes = three();
    nodes[0].redis->failed = {CauseClass::rejected, "to the server our certificate has expired"};
    nodes[0].wall = 1'000'000'000s;
    nodes[0].certificates = {certificate(DoctorCertificate::Whose::client, 999'999'999s)};
    EXPECT_EQ(not_in_order(judge(nodes, {}), 0), "error login, error certificate");
}

TEST(DoctorFindings, whatever_is_not_in_order_says_what_to_do) {
    std::vector<DoctorNode> nodes{server("a"), server("a", "20"), server("c"),
                                  server("d"), server("e"),       server("f")};
    const auto tell = [&](int i, const std::string& lines) {
        nodes[static_cast<std::size_t>(i)].redis->info = lines + nodes[0].redis->info;
    };
    tell(1, "connected_slaves:2\r\nmaxmemory:1000\r\nmaxmemory_policy:allkeys-lru\r\n");
    tell(2, "redis_version:5.0.0\r\nrole:slave\r\nmaster_host:x\r\n");
    nodes[2].redis->writes_refused = {CauseClass::no_space, "OOM"};
    nodes[2].redis->last_clock->ahead = nodes[2].redis->first_clock->ahead = 30s;
    nodes[2].over_network = true;
    for (const CauseClass kind :
         {CauseClass::unreachable, CauseClass::silent, CauseClass::broken, CauseClass::busy,
          CauseClass::no_space, CauseClass::not_primary, CauseClass::rejected}) {
        nodes[3].redis->failed = {kind, "why"};
        const auto findings = judge(nodes, {});
        EXPECT_EQ(worst(findings), Severity::error);
        for (const Finding& finding : findings) {
            if (finding.severity < Severity::warning) continue;
            EXPECT_NE(finding.advice, "") << finding.check << ": " << finding.means;
        }
    }
}

TEST(DoctorFindings, sidecars_of_two_applications) {
    std::vector<DoctorNode> nodes;
    for (const char* app : {"one", "two", "two"}) {
        DoctorNode node;
        node.label = std::string("localhost:") + app;
        node.kind = "dapr";
        node.told.ready = true;
        node.told.app_id = app;
        nodes.push_back(node);
    }
    const auto findings = judge(nodes, {});
    EXPECT_EQ(not_in_order(findings, 0), "note kind");
    EXPECT_EQ(not_in_order(findings, -1), "warning kind, warning kind");
    nodes[1].told.ready = false;
    nodes[1].told.cause = "no answer";
    EXPECT_EQ(not_in_order(judge(nodes, {}), 1), "error reach");
    EXPECT_EQ(answered(nodes), 2U);
}

}  // namespace
}  // namespace quorumlock::cli
