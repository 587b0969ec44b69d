// Five real servers on loopback, the usual deployment, and what tests ask of them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/lock_service.h>

#include "tests/support/redis_server.h"
#include "tests/support/service_fixture.h"

namespace quorumlock::testing {

/// For tests that restart or promote servers, or have few that vote, and want their votes at once.
inline ServiceOptions unguarded() {
    ServiceOptions options = patient();
    options.restart_guard = RestartGuard::off;
    return options;
}

class FiveRedis : public ::testing::Test {
  protected:
    static constexpr int kNodes = 5;
    static constexpr auto kLongTtl = std::chrono::seconds(30);

    void SetUp() override { servers_ = start_servers(kNodes); }

    RedisServer& server(int i) { return *servers_[static_cast<std::size_t>(i)]; }
    std::vector<std::string> uris() const { return uris_of(servers_); }
    bool has(int i, std::string_view key) {
        return server(i).command({"EXISTS", std::string(key)}) == "1";
    }
    /// Servers that run, on which `key` exists.
    int holding(std::string_view key) {
        int count = 0;
        for (const auto& one : servers_) {
            if (!one->running()) continue;
            count += one->command({"EXISTS", std::string(key)}) == "1" ? 1 : 0;
        }
        return count;
    }
    /// No running server holds a key of ours, within a time far below kLongTtl.
    ::testing::AssertionResult clean(std::string_view key) {
        int count = -1;
        if (eventually([&] { return (count = holding(key)) == 0; })) {
            return ::testing::AssertionSuccess();
        }
        return ::testing::AssertionFailure() << count << " servers still hold " << key;
    }

    std::vector<std::unique_ptr<RedisServer>> servers_;
};

/// The entry of one node in nodes(); fails the test when it is not there.
inline NodeInfo info_of(LockService& service, const std::string& label) {
    auto nodes = service.nodes().get();
    if (nodes) {
        for (const NodeInfo& node : *nodes) {
            if (node.node == label) return node;
        }
    }
    ADD_FAILURE() << label << " is not listed: " << text_of(nodes);
    return {};
}

/// What an error says of one node; fails the test when it says nothing.
inline NodeReport report_of(const Error& error, const std::string& label) {
    for (const NodeReport& node : error.nodes()) {
        if (node.node == label) return node;
    }
    ADD_FAILURE() << label << " is not in: " << error.to_string();
    return {};
}

}  // namespace quorumlock::testing
