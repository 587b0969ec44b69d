// Many who wait for one resource of a ServiceWorld, and who holds it elsewhere.
#pragma once

#include <deque>
#include <string>

#include "tests/support/service_world.h"

namespace quorumlock::testing {

class Waiters {
  public:
    static constexpr Nanos kTtl = std::chrono::seconds(10);

    explicit Waiters(int nodes = 3, ServiceOptions options = {}, bool fences = false,
                     bool all_transfer = true)
        : world(nodes, options, fences, all_transfer) {}

    /// All nodes promise to tell of changes, or none does.
    void open(bool tells) {
        for (auto* node : world.nodes) node->tells = tells;
        world.open();
    }
    Operation<Lock>& wait(Nanos longest = std::chrono::minutes(10), std::stop_token stop = {}) {
        all.push_back(
            world.locks->acquire("r", {.ttl = kTtl, .wait = longest, .stop = std::move(stop)}));
        world.env.run();
        return all.back();
    }
    void wait_many(int count) {
        for (int i = 0; i < count; ++i) wait();
    }
    /// Another process has the lock on all nodes.
    void hold_elsewhere(Nanos left = std::chrono::hours(1)) {
        for (auto* node : world.nodes) node->keys["r"] = {"foreign", world.env.now() + left};
    }
    /// Of all nodes together.
    std::size_t asked(const std::string& step = "acquire") const {
        std::size_t sum = 0;
        for (const auto* node : world.nodes) sum += node->count(step);
        return sum;
    }
    void forget_log() {
        for (auto* node : world.nodes) node->log.clear();
    }
    /// A change of which no node says what it is; what comes of it at once has happened.
    void tell_any() {
        world.nodes[0]->tell("");
        world.env.run();
    }
    /// The node that is asked first now. Somebody waits, and was refused.
    std::size_t find_gate() {
        forget_log();
        tell_any();
        for (std::size_t i = 0; i < world.nodes.size(); ++i) {
            if (world.nodes[i]->count("acquire") > 0) return i;
        }
        return world.nodes.size();
    }
    /// The names of those who are done, oldest first: "0 2".
    std::string done() const {
        std::string text;
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (all[i].done()) text += (text.empty() ? "" : " ") + std::to_string(i);
        }
        return text;
    }

    ServiceWorld world;
    std::deque<Operation<Lock>> all;
};

}  // namespace quorumlock::testing
