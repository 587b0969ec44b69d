#include "lib/protocol/timing.h"

#include <gtest/gtest.h>

#include "tests/unit/protocol/sequences.h"

namespace quorumlock::protocol {
namespace {

using namespace std::chrono_literals;

Terms terms(Nanos ttl, std::uint32_t drift_ppm) {
    return {.ttl = ttl, .drift_ppm = drift_ppm, .min_validity = 0ns};
}

TEST(Drift, is_the_share_of_the_ttl_and_two_milliseconds) {
    EXPECT_EQ(drift(terms(30s, 10'000)), 302ms);
    EXPECT_EQ(drift(terms(10ms, 10'000)), 2'100us);
    EXPECT_EQ(drift(terms(30s, 0)), 2ms);
    EXPECT_EQ(drift(Terms{}), 2ms);
}

TEST(Drift, does_not_overflow_at_its_bounds) {
    EXPECT_EQ(drift(terms(24h, 500'000)), 12h + 2ms);
    EXPECT_EQ(drift(terms(24h, 10'000)), 864s + 2ms);
    EXPECT_EQ(drift(terms(24h - 1ns, 499'999)), 43'199'913'600'000ns + 2ms);
}

TEST(Drift, rounds_up_because_less_would_be_unsafe) {
    EXPECT_EQ(drift(terms(1ns, 1)), 1ns + 2ms);
    EXPECT_EQ(drift(terms(1'000'000ns, 1)), 1ns + 2ms);
    EXPECT_EQ(drift(terms(1'000'001ns, 1)), 2ns + 2ms);
    EXPECT_EQ(drift(terms(10'000'001ns, 500'000)), 5'000'001ns + 2ms);
}

TEST(ValidityEnd, lies_the_ttl_less_the_drift_after_the_start) {
    EXPECT_EQ(validity_end(kStart, terms(30s, 10'000)), kStart + 29'698ms);
    EXPECT_EQ(validity_end(kStart, terms(10ms, 10'000)), kStart + 7'900us);
    EXPECT_EQ(validity_end(kStart, terms(10ms, 500'000)), kStart + 3ms);
    EXPECT_EQ(validity_end(kStart, terms(24h, 500'000)), kStart + 12h - 2ms);
}

TEST(ValidityEnd, is_not_after_the_start_when_the_pad_eats_the_ttl) {
    EXPECT_EQ(validity_end(kStart, terms(2ms, 0)), kStart);
    EXPECT_LT(validity_end(kStart, terms(1ms, 10'000)), kStart);
}

TEST(NodeTimeout, is_a_twentieth_of_the_ttl_within_its_bounds) {
    EXPECT_EQ(node_timeout(1s, 0ns, 1h), 50ms);
    EXPECT_EQ(node_timeout(10ms, 0ns, 1h), 5ms);
    EXPECT_EQ(node_timeout(100ms, 0ns, 1h), 5ms);
    EXPECT_EQ(node_timeout(101ms, 0ns, 1h), 5'050us);
    EXPECT_EQ(node_timeout(10s, 0ns, 1h), 500ms);
    EXPECT_EQ(node_timeout(24h, 0ns, 1h), 500ms);
}

TEST(NodeTimeout, is_what_was_configured_whatever_the_ttl) {
    EXPECT_EQ(node_timeout(30s, 1ms, 1h), 1ms);
    EXPECT_EQ(node_timeout(10ms, 60s, 1h), 60s);
}

TEST(NodeTimeout, never_exceeds_the_time_left) {
    EXPECT_EQ(node_timeout(1s, 0ns, 50ms), 50ms);
    EXPECT_EQ(node_timeout(1s, 0ns, 50ms - 1ns), 50ms - 1ns);
    EXPECT_EQ(node_timeout(1s, 2s, 1s), 1s);
    EXPECT_EQ(node_timeout(1s, 2s, 0ns), 0ns);
    EXPECT_EQ(node_timeout(1s, 0ns, -1ns), 0ns) << "a deadline that has passed leaves nothing";
}

}  // namespace
}  // namespace quorumlock::protocol
