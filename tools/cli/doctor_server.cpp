// One server: what it is, and how it keeps its keys.
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "lib/nodes/redis_info.h"
#include "tools/cli/doctor_findings.h"
#include "tools/cli/durations.h"
#include "tools/cli/output.h"

namespace quorumlock::cli {
namespace {

using nodes::info_field;
using nodes::info_number;

class ServerJudge {
  public:
    ServerJudge(int index, const DoctorNode& node, const DoctorTerms& terms,
                std::vector<Finding>& findings)
        : index_(index), node_(node), facts_(*node.redis), terms_(terms), findings_(findings) {}

    void judge() {
        reach();
        transport();
        keys();
        if (facts_.info.empty()) return;  // judge_rights() says so
        role();
        version();
        writes();
        persistence();
        eviction();
        memory();
    }

  private:
    void say(const char* check, Severity severity, std::string means, std::string advice = "") {
        findings_.push_back({index_, check, severity, std::move(means), std::move(advice)});
    }
    std::string_view info(std::string_view key) const { return info_field(facts_.info, key); }
    std::int64_t count(std::string_view key) const { return info_number(facts_.info, key, 0); }

    void reach() {
        char text[64];
        std::snprintf(text, sizeof text, "answers within %.3f ms", milliseconds(facts_.round_trip));
        // Rule T5 for a ttl of 30 s.
        const Nanos configured = terms_.service.node_timeout;
        const Nanos patience =
            configured > Nanos{0} ? configured : Nanos(std::chrono::milliseconds(500));
        if (facts_.round_trip <= patience / 2) return say("reach", Severity::ok, text);
        say("reach", Severity::warning,
            std::string(text) + ", and is given up as silent after " + format_duration(patience),
            "mend the network, or raise --node-timeout");
    }

    /// A certificate that is refused, an expired one too, ends the connection: reach says why.
    void transport() {
        using Verify = env::TlsOptions::Verify;
        if (node_.tls == Verify::full) return say("transport", Severity::ok, "TLS");
        if (node_.tls) {
            return say("transport", Severity::warning,
                       node_.tls == Verify::chain
                           ? "TLS that takes the certificate of any server of its CA"
                           : "TLS that takes any certificate: whoever is in the way can read and "
                             "change all",
                       "let the node URI verify the certificate in full");
        }
        if (!node_.over_network) return say("transport", Severity::ok, "loopback or a socket file");
        say("transport", Severity::warning,
            "plain text to " + facts_.address +
                ": whoever sees the traffic reads the password and can forge votes",
            "use rediss://, or keep the servers in a network of their own");
    }

    void role() {
        const std::string_view mode = info("redis_mode");
        if (mode == "cluster" || mode == "sentinel") {
            return say("role", Severity::error,
                       "runs in " + std::string(mode) + " mode and cannot vote",
                       "name plain servers that know nothing of each other");
        }
        const std::string_view is = info("role");
        if (is == "slave" || is == "replica") {
            return say("role", Severity::error,
                       "is a replica of " + one_line(info("master_host")) + ":" +
                           one_line(info("master_port")) + ", and replicas never vote",
                       "name the primary; better, a server of its own");
        }
        const std::int64_t replicas = count("connected_slaves");
        if (replicas == 0) return say("role", Severity::ok, "a primary without replicas");
        say("role", Severity::warning,
            "has " + std::to_string(replicas) + (replicas == 1 ? " replica" : " replicas") +
                ": the group is one vote, and not a safe one, because a failover forgets the locks "
                "that were not copied yet",
            "take the replicas away, or see to it that nothing promotes one");
    }

    void version() {
        const std::string_view redis = info("redis_version");
        const std::string_view valkey = info("valkey_version");
        const std::string is =
            valkey.empty() ? "Redis " + one_line(redis) : "Valkey " + one_line(valkey);
        if (nodes::new_enough(redis)) return say("version", Severity::ok, is);
        say("version", Severity::error, is + " is too old and has no vote",
            "upgrade to Redis 6.2 or newer, or Valkey");
    }

    void writes() {
        if (facts_.writes_refused.kind == CauseClass::none) {
            return say("writes", Severity::ok, "are taken");
        }
        if (facts_.writes_refused.kind == CauseClass::not_primary) return;  // role() says why
        say("writes", Severity::error, "grants nothing: " + facts_.writes_refused.text,
            facts_.writes_refused.kind == CauseClass::busy ? "wait" : "see the server's log");
    }

    void persistence() {
        const bool aof = count("aof_enabled") == 1;
        const bool always = aof && facts_.appendfsync == "always";
        const std::string how = !aof ? "no append-only file"
                                : facts_.appendfsync
                                    ? "an append-only file, appendfsync " + *facts_.appendfsync
                                    : "an append-only file, appendfsync not known";
        if (always) return say("persistence", Severity::ok, how + ": a restart forgets no lock");
        if (terms_.service.restart_guard != RestartGuard::off) {
            return say(
                "persistence", Severity::ok,
                how + ": the guard covers a restart (--restart-guard " +
                    (terms_.service.restart_guard == RestartGuard::strict ? "strict" : "auto") +
                    ")");
        }
        const bool unknown = aof && !facts_.appendfsync;
        say("persistence", unknown ? Severity::warning : Severity::error,
            how +
                " and --restart-guard off: a restart forgets locks that are held, and then "
                "grants them again",
            unknown ? "allow +config|get, to be sure of appendfsync always"
                    : "set appendonly yes and appendfsync always, or use --restart-guard auto");
    }

    void eviction() {
        const std::string policy = one_line(info("maxmemory_policy"));
        if (policy.empty() || policy == "noeviction") {
            return say("eviction", Severity::ok, "maxmemory-policy noeviction");
        }
        const bool bounded = count("maxmemory") > 0;
        say("eviction", bounded ? Severity::error : Severity::warning,
            "maxmemory-policy " + policy + ": " +
                (bounded ? "a full server throws away locks that are held"
                         : "once maxmemory is set, a full server throws away locks that are held"),
            "set maxmemory-policy noeviction");
    }

    void memory() {
        const std::int64_t most = count("maxmemory");
        const std::int64_t used = count("used_memory");
        if (most == 0) return say("memory", Severity::ok, "no maxmemory");
        // A server may tell any number: hence no product of integers.
        const double part = static_cast<double>(used) / static_cast<double>(most);
        const auto share = used >= most ? 100 : static_cast<std::int64_t>(part * 100);
        const std::string is = std::to_string(share) + " % of maxmemory are used";
        if (share < 90) return say("memory", Severity::ok, is);
        say("memory", Severity::warning,
            is + ": a full server grants nothing (OOM), though it still releases",
            "raise maxmemory, or see what fills it; counters live for --fence-retention");
    }

    void keys() {
        if (terms_.questions.scan_pattern.empty()) return;
        if (!facts_.scan_refused.empty()) {
            return say("keys", Severity::warning,
                       "cannot be looked through: " + facts_.scan_refused,
                       "run doctor as a user with +scan +pttl and these keys");
        }
        std::string names;
        for (std::size_t i = 0; i < facts_.odd_keys.size() && i < 10; ++i) {
            const nodes::OddKey& key = facts_.odd_keys[i];
            names += (i == 0 ? "" : ", ") + one_line(key.name) +
                     (key.pttl < 0 ? " (never ends)"
                                   : " (" + std::to_string(key.pttl / 1000) + " s left)");
        }
        if (facts_.odd_keys.size() > 10) names += ", ...";
        const std::string looked =
            facts_.scan_complete ? "all keys that match were looked at"
                                 : "about " + std::to_string(facts_.scanned) +
                                       " keys were looked at, and there are more (--scan-limit)";
        if (names.empty()) {
            return say("keys", facts_.scan_complete ? Severity::ok : Severity::note,
                       "none without an end; " + looked);
        }
        say("keys", Severity::warning,
            std::to_string(facts_.odd_keys.size()) +
                " without an end, or longer than --max-ttl, so not of these clients: " + names +
                "; " + looked,
            "find out who made them, and delete them by hand (DEL); `quorumlock break NAME` "
            "deletes "
            "what holds a token");
    }

    const int index_;
    const DoctorNode& node_;
    const nodes::RedisFacts& facts_;
    const DoctorTerms& terms_;
    std::vector<Finding>& findings_;
};

}  // namespace

void judge_server(int index, const DoctorNode& node, const DoctorTerms& terms,
                  std::vector<Finding>& findings) {
    ServerJudge(index, node, terms, findings).judge();
}

}  // namespace quorumlock::cli
