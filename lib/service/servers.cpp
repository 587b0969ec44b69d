#include "lib/service/servers.h"

#include <utility>

namespace quorumlock::detail {

namespace {

/// Rule F5. The same bound is in the script that starts a counter (lib/nodes/redis_commands.cpp).
constexpr Nanos kClockBound = std::chrono::seconds(10);

bool agree(Nanos a, Nanos b) { return a - b <= kClockBound && b - a <= kClockBound; }

}  // namespace

Servers::Servers(const Settings& settings, const std::vector<std::string>& labels)
    : labels_(labels),
      guard_(settings.options.restart_guard,
             protocol::guard_span(settings.options.max_ttl, settings.drift_ppm),
             static_cast<int>(labels.size())),
      known_(labels.size()) {}

nodes::Admission Servers::on_greeting(int node, const nodes::Greeter& greeter, Instant now,
                                      Nanos wall) {
    const auto index = static_cast<std::size_t>(node);
    Known& known = known_[index];
    known.run_id.clear();
    for (std::size_t other = 0; other < known_.size() && !greeter.run_id.empty(); ++other) {
        if (known_[other].run_id != greeter.run_id) continue;
        // Rule G2: whoever came first has the vote.
        const std::string why = "is the same server as " + labels_[other] +
                                ", and each server has one vote: name another, or leave one out";
        if (!opened_ && !duplicate_) {
            duplicate_ = Error(Errc::duplicate_node, "the node " + labels_[index] + " " + why);
        }
        return {.refused = {CauseClass::rejected, why}};
    }
    known.run_id = std::string(greeter.run_id);
    own_clock_ = wall - now.time_since_epoch();
    known.clock.reset();
    if (greeter.clock_ahead) known.clock = own_clock_ + *greeter.clock_ahead;
    return {.guarded_until = guard_.on_greeting(
                node, {greeter.started, greeter.restarted, greeter.promoted}, now)};
}

NodeSet Servers::on_opened(Instant now) {
    opened_ = true;
    return guard_.on_opened(now);
}

NodeSet Servers::trusted_clocks() const {
    NodeSet trusted;
    for (std::size_t i = 0; i < known_.size(); ++i) {
        // A node that is alone can mislead no other.
        bool trust = known_.size() == 1;
        for (std::size_t j = 0; j < known_.size() && known_[i].clock; ++j) {
            const auto& other = known_[j].clock;
            trust = trust || (i != j && other && agree(*known_[i].clock, *other));
        }
        const bool off = known_[i].clock && !agree(*known_[i].clock, own_clock_);
        if (trust && (off || known_.size() == 1)) trusted.add(static_cast<int>(i));
    }
    return trusted;
}

}  // namespace quorumlock::detail
