#include "tests/sim/fault.h"

#include "tests/sim/trace.h"

namespace quorumlock::sim {

namespace {

struct Row {
    const char* name;
    bool excuses;
};

// In the order of FaultKind.
constexpr Row kRows[kFaultKinds] = {
    {"slow messages", false},
    {"connection reset before the command is applied", false},
    {"connection reset after the command was applied", false},
    {"connection reset for the client only", false},
    {"half-open connection", false},
    {"partition", false},
    {"one-way partition", false},
    {"messages in crumbs", false},
    {"frozen server", false},
    {"slow server", false},
    {"crash, data kept", false},
    {"crash without the data", true},
    {"restart storm", false},
    {"scripts flushed", false},
    {"loading", false},
    {"out of memory", false},
    {"read only", false},
    {"busy with a script", false},
    {"cannot save", false},
    {"password changed", false},
    {"too many clients", false},
    {"garbage for a reply", false},
    {"error for a reply though applied", false},
    {"all data flushed by somebody", true},
    {"keys deleted by somebody", true},
    {"server's clock set forward", true},
    {"server's clock set back", false},
    {"clock drift within the bound", false},
    {"clock drift beyond the bound", true},
    {"client's wall clock set", false},
    {"client paused", false},
    {"client's machine suspended", false},
    {"client dies", false},
    {"no random bytes", false},
    {"name look-ups fail", false},
    {"name look-ups hang", false},
    {"sidecar that lies", false},
    {"sidecar that answers 500", false},
    {"sidecar that does things later", false},
    {"sidecar's connections reset", false},
    {"garbage from the sidecar", false},
    {"sidecar that rejects us", false},
    {"sidecar restarted", false},
    {"frozen sidecar", false},
    {"second connection reset", false},
    {"half-open second connection", false},
    {"keys touched by a stranger", false},
};

std::string bits(std::uint32_t set) {
    std::string text;
    for (int i = 0; i < 32; ++i) {
        if ((set >> i & 1) != 0) text += " " + std::to_string(i);
    }
    return text;
}

}  // namespace

const char* fault_name(FaultKind kind) noexcept { return kRows[static_cast<int>(kind)].name; }

bool excuses(FaultKind kind) noexcept { return kRows[static_cast<int>(kind)].excuses; }

std::string describe(const Fault& fault) {
    std::string text = fault_name(fault.kind);
    if (fault.nodes != 0) text += ", nodes" + bits(fault.nodes);
    if (fault.processes != 0) text += ", processes" + bits(fault.processes);
    if (fault.length != 0) text += ", for " + text_of(fault.length);
    if (fault.amount != 0) text += ", amount " + std::to_string(fault.amount);
    if (fault.flag) text += ", flagged";
    return text;
}

}  // namespace quorumlock::sim
