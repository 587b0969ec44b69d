#include "tools/cli/doctor_findings.h"

#include <algorithm>

namespace quorumlock::cli {
namespace {

std::string advice_for(CauseClass kind) {
    switch (kind) {
        case CauseClass::unreachable:
            return "start it, or mend the network or the node URI";
        case CauseClass::silent:
            return "it is frozen or blocked, or the network swallows its answers: see its log";
        case CauseClass::rejected:
            return "mend the user, the password or the database in the node URI";
        case CauseClass::broken:
            return "see whether this is the port of a Redis server";
        case CauseClass::busy:
            return "wait";
        default:
            return "see the server's log";
    }
}

void judge_unreached(int index, const Cause& cause, std::vector<Finding>& findings) {
    const bool login = cause.kind == CauseClass::rejected;
    findings.push_back({index, login ? "login" : "reach", Severity::error,
                        "has no vote: " + cause.text, advice_for(cause.kind)});
}

void judge_other(int index, const DoctorNode& node, std::vector<Finding>& findings) {
    const NodeInfo& told = node.told;
    if (!told.ready) {
        findings.push_back(
            {index, "reach", Severity::error, "has no vote: " + told.cause,
             node.kind == "dapr" ? "see the sidecar's log and its lock component" : ""});
        return;
    }
    findings.push_back({index, "reach", Severity::ok, "answers", ""});
    if (node.kind == "dapr") {
        findings.push_back({index, "kind", Severity::note,
                            "a Dapr sidecar: no fencing numbers, no extension, no guard after a "
                            "restart; the Redis behind it cannot be seen from here",
                            "run doctor on that Redis too, by its own URI"});
    }
    if (node.kind == "memory") {
        findings.push_back({index, "kind", Severity::note,
                            "memory: its locks are this process's own and exclude nobody else",
                            "for trying things out only"});
    }
}

}  // namespace

const char* severity_name(Severity severity) noexcept {
    switch (severity) {
        case Severity::ok:
            return "ok";
        case Severity::note:
            return "note";
        case Severity::warning:
            return "warning";
        case Severity::error:
            break;
    }
    return "error";
}

std::vector<Finding> judge(const std::vector<DoctorNode>& nodes, const DoctorTerms& terms) {
    std::vector<Finding> findings;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const int index = static_cast<int>(i);
        const DoctorNode& node = nodes[i];
        if (!node.redis) {
            judge_other(index, node, findings);
        } else if (node.redis->failed.kind != CauseClass::none) {
            judge_unreached(index, node.redis->failed, findings);
            judge_certificates(index, node, terms, findings);
        } else {
            judge_server(index, node, terms, findings);
            judge_certificates(index, node, terms, findings);
            judge_rights(index, *node.redis, terms, findings);
        }
    }
    judge_set(nodes, terms, findings);
    return findings;
}

Severity worst(const std::vector<Finding>& findings) noexcept {
    Severity worst = Severity::ok;
    for (const Finding& finding : findings) worst = std::max(worst, finding.severity);
    return worst;
}

std::size_t answered(const std::vector<DoctorNode>& nodes) noexcept {
    return static_cast<std::size_t>(std::count_if(
        nodes.begin(), nodes.end(), [](const DoctorNode& node) { return node.answered(); }));
}

}  // namespace quorumlock::cli
