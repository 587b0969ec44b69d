// The nodes together: how many votes there are, whose they are, and how their clocks stand.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "lib/base/told.h"
#include "lib/nodes/redis_info.h"
#include "lib/protocol/guard.h"
#include "lib/service/settings.h"
#include "tools/cli/doctor_findings.h"
#include "tools/cli/durations.h"
#include "tools/cli/output.h"
#include "tools/cli/verbs.h"

namespace quorumlock::cli {
namespace {

using std::chrono::seconds;

constexpr Nanos kRefused = seconds(10);  ///< Rule F5.
constexpr Nanos kWorthAWord = seconds(1);

std::string in_seconds(Nanos time) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f s",
                  std::abs(std::chrono::duration<double>(time).count()));
    return text;
}

class SetJudge {
  public:
    SetJudge(const std::vector<DoctorNode>& nodes, const DoctorTerms& terms,
             std::vector<Finding>& findings)
        : nodes_(nodes), terms_(terms), findings_(findings) {}

    void judge() {
        quorum();
        size();
        duplicates();
        kinds();
        clocks();
        drift();
        guard();
    }

  private:
    void say(int node, const char* check, Severity severity, std::string means,
             std::string advice = "") {
        findings_.push_back({node, check, severity, std::move(means), std::move(advice)});
    }
    const nodes::RedisFacts* facts(std::size_t i) const {
        const auto& redis = nodes_[i].redis;
        return redis && redis->failed.kind == CauseClass::none ? &*redis : nullptr;
    }
    std::string shown(std::size_t i) const { return one_line(nodes_[i].label); }

    void quorum() {
        const std::size_t here = answered(nodes_);
        const std::size_t needed = quorum_of(nodes_.size());
        const std::string is = std::to_string(here) + " of " + std::to_string(nodes_.size()) +
                               " nodes answer, " + std::to_string(needed) + " are needed";
        if (here < needed) {
            return say(-1, "quorum", Severity::error, is + ": no lock can be taken",
                       "bring the others back");
        }
        say(-1, "quorum", Severity::ok, is);
    }

    void size() {
        const std::size_t count = nodes_.size();
        if (count == 1) {
            return say(-1, "size", Severity::note, "one node: when it is down, nothing is locked",
                       "three nodes survive the loss of one, five of two");
        }
        if (count % 2 == 0) {
            return say(-1, "size", Severity::warning,
                       std::to_string(count) + " nodes survive the loss of " +
                           std::to_string(count - quorum_of(count)) + ", as " +
                           std::to_string(count - 1) + " do: the last one gains nothing",
                       "use an odd number");
        }
        say(-1, "size", Severity::ok,
            std::to_string(count) + " nodes survive the loss of " +
                std::to_string(count - quorum_of(count)));
    }

    void duplicates() {
        bool found = false;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                const bool same_uri =
                    !nodes_[i].identity.empty() && nodes_[i].identity == nodes_[j].identity;
                if (!same_uri && (run_id(i).empty() || run_id(i) != run_id(j))) continue;
                found = true;
                say(static_cast<int>(i), "duplicate", Severity::error,
                    shown(i) + " and " + shown(j) +
                        " are the same server, which must not have two votes",
                    "name another server, or leave one of the two out");
                break;
            }
        }
        if (!found) say(-1, "duplicate", Severity::ok, "no server is named twice");
    }
    std::string_view run_id(std::size_t i) const {
        return facts(i) != nullptr ? nodes::info_field(facts(i)->info, "run_id")
                                   : std::string_view(nodes_[i].told.run_id);
    }

    void kinds() {
        const DoctorNode* sidecar = nullptr;
        bool memory = false, others = false;
        for (const DoctorNode& node : nodes_) {
            (node.kind == "memory" ? memory : others) = true;
            if (node.told.app_id.empty()) continue;
            if (sidecar == nullptr) sidecar = &node;
            if (sidecar->told.app_id == node.told.app_id) continue;
            say(-1, "kind", Severity::warning,
                one_line("the sidecars " + sidecar->label + " (app-id " + sidecar->told.app_id +
                         ") and " + node.label + " (app-id " + node.told.app_id +
                         ") do not exclude each other under Dapr's default keyPrefix"),
                "set keyPrefix to name or none in the lock component");
        }
        if (memory && others) {
            say(-1, "kind", Severity::error,
                "memory nodes beside others: their votes count in this process only, so that two "
                "processes may both have a quorum",
                "leave the memory nodes out");
        }
    }

    /// How far each clock is off ours: what a server that starts a counter is refused for, but
    /// where another one agrees with it (rule F5).
    void clocks() {
        std::size_t seen = 0, off = 0;
        Nanos least = Nanos::max(), most = Nanos::min();
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (facts(i) == nullptr || !facts(i)->last_clock) continue;
            const Nanos ahead = facts(i)->last_clock->ahead;
            ++seen;
            least = std::min(least, ahead);
            most = std::max(most, ahead);
            if (ahead <= kWorthAWord && ahead >= -kWorthAWord) continue;
            ++off;
            tell_clock(i, ahead);
        }
        if (seen == 0 || off > 0) return;
        if (most - least > kWorthAWord) {
            return say(-1, "clock", Severity::warning,
                       "the servers' clocks differ by " + in_seconds(most - least), kSetClocks);
        }
        say(-1, "clock", Severity::ok,
            "within " +
                format_duration(std::chrono::milliseconds(std::max<std::int64_t>(
                    1, std::max(most.count(), -least.count()) / 1'000'000))) +
                " of this machine's");
    }

    void tell_clock(std::size_t i, Nanos ahead) {
        const std::string is = "its clock is " + in_seconds(ahead) +
                               (ahead > Nanos{0} ? " ahead of" : " behind") + " this machine's";
        if (ahead <= kRefused && ahead >= -kRefused) {
            return say(static_cast<int>(i), "clock", Severity::warning,
                       is + ": beyond 10 s it starts no fencing counters", kSetClocks);
        }
        if (trusted(i)) {
            return say(static_cast<int>(i), "clock", Severity::warning,
                       is + (nodes_.size() == 1 ? "" : ", and another server agrees with it") +
                           ": it is most likely this machine's that is off",
                       "set this machine's clock; keep all by NTP");
        }
        say(static_cast<int>(i), "clock", Severity::error,
            is + ": more than 10 s, so it has no vote for resources that are new to it",
            kSetClocks);
    }

    /// As Servers::trusted_clocks() sees it.
    bool trusted(std::size_t i) const {
        if (nodes_.size() == 1) return true;
        const Nanos mine = facts(i)->last_clock->ahead;
        for (std::size_t j = 0; j < nodes_.size(); ++j) {
            if (i == j || facts(j) == nullptr || !facts(j)->last_clock) continue;
            const Nanos apart = mine - facts(j)->last_clock->ahead;
            if (apart <= kRefused && apart >= -kRefused) return true;
        }
        return false;
    }

    /// Whether a clock ran faster or slower than this machine's while we looked.
    void drift() {
        bool seen = false, found = false;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (facts(i) == nullptr || !facts(i)->first_clock || !facts(i)->last_clock) continue;
            const nodes::ClockSample& first = *facts(i)->first_clock;
            const nodes::ClockSample& last = *facts(i)->last_clock;
            const double span = static_cast<double>((last.at - first.at).count());
            if (span <= 0) continue;
            seen = true;
            const double gained = static_cast<double>((last.ahead - first.ahead).count());
            const double unsure = static_cast<double>((first.off + last.off).count());
            const double least = std::max(0.0, std::abs(gained) - unsure) / span;
            if (least <= terms_.service.drift_factor) continue;
            found = true;
            char text[120];
            std::snprintf(text, sizeof text,
                          "its clock %s by at least %.1f %% within %.0f ms; --drift-factor allows "
                          "%.1f %%",
                          gained > 0 ? "gained" : "lost", least * 100, span / 1e6,
                          terms_.service.drift_factor * 100);
            say(static_cast<int>(i), "drift", Severity::error,
                std::string(text) + ": locks end there too early or too late",
                "see what sets this clock, and look again");
        }
        if (seen && !found) {
            say(-1, "drift", Severity::ok, "no clock was seen to run apart from this machine's");
        }
    }

    /// Rule G1, as a service sees it that is opened now.
    void guard() {
        const auto settings = detail::check_options(terms_.service);
        if (!settings || terms_.service.restart_guard == RestartGuard::off) return;
        const Nanos span = protocol::guard_span(terms_.service.max_ttl, settings->drift_ppm);
        protocol::Guard guard(terms_.service.restart_guard, span, static_cast<int>(nodes_.size()));
        std::vector<Nanos> left(nodes_.size(), Nanos{0});
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (facts(i) == nullptr) continue;
            const auto up = nodes::info_number(facts(i)->info, "uptime_in_seconds", -1);
            protocol::ServerPast past;
            const Instant now = facts(i)->asked;
            if (up >= 0) past.started = now - told<seconds>(up);
            left[i] = guard.on_greeting(static_cast<int>(i), past, now) - now;
        }
        const NodeSet cold = guard.cold();
        bool found = false;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (left[i] <= Nanos{0} || cold.has(static_cast<int>(i))) continue;
            found = true;
            say(static_cast<int>(i), "guard", Severity::warning,
                "may have restarted without its locks, so it does not vote for " +
                    in_seconds(left[i]) + " more",
                "wait, and restart no other server before that");
        }
        if (!cold.empty()) {
            return say(-1, "guard", Severity::note,
                       "a quorum of the servers is younger than " + in_seconds(span) +
                           ": a service that is opened now takes that for a first start",
                       "if locks were held before that, start nothing for as long");
        }
        if (!found) say(-1, "guard", Severity::ok, "no server has just started");
    }

    static constexpr const char* kSetClocks = "keep the clocks by NTP or alike";

    const std::vector<DoctorNode>& nodes_;
    const DoctorTerms& terms_;
    std::vector<Finding>& findings_;
};

}  // namespace

void judge_set(const std::vector<DoctorNode>& nodes, const DoctorTerms& terms,
               std::vector<Finding>& findings) {
    SetJudge(nodes, terms, findings).judge();
}

}  // namespace quorumlock::cli
