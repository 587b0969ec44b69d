// One server, one vote; whose clock may be trusted. Rules G1, G2, F5.
#include "lib/service/servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quorumlock::detail {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Instant kNow = Instant(1000s);

class ServersTest : public ::testing::Test {
  protected:
    nodes::Admission greet(int node, std::string_view run_id,
                           std::optional<Nanos> clock_ahead = std::nullopt) {
        nodes::Greeter greeter;
        greeter.run_id = run_id;
        greeter.clock_ahead = clock_ahead;
        return servers.on_greeting(node, greeter, kNow, wall);
    }
    const std::vector<std::string> labels{"localhost:1", "127.0.0.1:1", "10.0.0.3:1"};
    const Settings settings = *check_options({});
    Servers servers{settings, labels};
    Nanos wall = 1700000000s;
};

TEST_F(ServersTest, the_same_server_twice_is_refused_at_the_open_naming_both) {
    EXPECT_EQ(greet(0, "a").refused.kind, CauseClass::none);
    const auto second = greet(1, "a");
    EXPECT_EQ(second.refused.kind, CauseClass::rejected);
    EXPECT_THAT(second.refused.text, HasSubstr("localhost:1"));
    ASSERT_TRUE(servers.duplicate());
    EXPECT_EQ(servers.duplicate()->code(), Errc::duplicate_node);
    EXPECT_THAT(servers.duplicate()->message(),
                AllOf(HasSubstr("localhost:1"), HasSubstr("127.0.0.1:1")));
}

TEST_F(ServersTest, later_it_only_loses_its_vote) {
    greet(0, "a");
    greet(1, "b");
    (void)servers.on_opened(kNow);
    EXPECT_EQ(greet(1, "a").refused.kind, CauseClass::rejected);
    EXPECT_FALSE(servers.duplicate());
    EXPECT_EQ(greet(0, "a").refused.kind, CauseClass::none) << "the first one keeps its vote";
    EXPECT_EQ(greet(0, "c").refused.kind, CauseClass::none) << "it has moved elsewhere";
    EXPECT_EQ(greet(1, "a").refused.kind, CauseClass::none) << "and leaves the server to it";
}

TEST_F(ServersTest, who_does_not_tell_a_run_id_is_taken_for_one_of_its_own) {
    greet(0, "");
    EXPECT_EQ(greet(1, "").refused.kind, CauseClass::none);
}

TEST_F(ServersTest, a_clock_is_trusted_when_it_is_off_and_another_agrees) {
    greet(0, "a", 0s);
    greet(1, "b", 60s);
    EXPECT_TRUE(servers.trusted_clocks().empty()) << "off, and alone";
    greet(2, "c", 55s);
    EXPECT_EQ(servers.trusted_clocks(), NodeSet::only(1) | NodeSet::only(2))
        << "then it is this machine's clock that is off";
    greet(2, "c", 45s);
    EXPECT_TRUE(servers.trusted_clocks().empty());
}

TEST_F(ServersTest, setting_this_machine_s_clock_makes_no_server_wrong) {
    greet(0, "a", 0s);
    wall += 1h;
    greet(1, "b", -1h);
    EXPECT_EQ(servers.trusted_clocks(), NodeSet::only(0) | NodeSet::only(1));
}

TEST(Servers, a_clock_that_can_mislead_no_other_is_trusted) {
    const std::vector<std::string> labels{"a:1"};
    const Settings settings = *check_options({});
    const Servers servers(settings, labels);
    EXPECT_EQ(servers.trusted_clocks(), NodeSet::only(0));
}

}  // namespace
}  // namespace quorumlock::detail
