#include "tests/sim/checkers/judge.h"

namespace quorumlock::sim {

namespace {

bool restarts(FaultKind kind) {
    return kind == FaultKind::crash_keep || kind == FaultKind::crash_lose ||
           kind == FaultKind::restart_storm;
}

}  // namespace

void Judge::on_fault(const Fault& fault, bool begins) {
    const Plan& plan = ledger.plan();
    // What was on its way when it ended comes later still.
    Time until = world_.now() + 2 * plan.network.longest_retransmit;
    if (fault.kind == FaultKind::delay || fault.kind == FaultKind::slow ||
        fault.kind == FaultKind::sidecar_late) {
        until += fault.amount;
    }
    if (restarts(fault.kind)) until += plan.guard_span();  // Rule G1
    // A machine that was suspended sleeps on when faults cease.
    if (begins && fault.kind == FaultKind::suspend) until += fault.length;
    // What a connection still carries that has ended for the client alone is what rule N6 is for.
    // Who is lied to by a sidecar does not notice: nothing takes longer than it does anyway.
    const bool harmless = fault.kind == FaultKind::reset_client ||
                          fault.kind == FaultKind::sidecar_lies ||
                          fault.kind >= FaultKind::push_cut;
    for (int process = 0; process < static_cast<int>(plan.processes.size()); ++process) {
        if (harmless || (fault.processes >> process & 1U) == 0) continue;
        for (int node = 0; node < ledger.nodes(); ++node) {
            if ((fault.nodes >> node & 1U) == 0) continue;
            ways.trouble(process, node, begins ? 1 : -1, until);
        }
    }
    for (int node = 0; node < ledger.nodes(); ++node) {
        if ((fault.nodes >> node & 1U) == 0) continue;
        if (fault.kind == FaultKind::drift_beyond) ledger.taint_all(node, begins, world_.now());
        const bool storm = fault.kind == FaultKind::restart_storm && !plan.guarded();
        if (plan.excuses(fault.kind) || storm) commands.data_lost(node);
    }
}

void Judge::on_command(SimServer& server, Link* link, std::int64_t written,
                       const std::vector<std::string_view>& words) {
    world_.trace().note(
        world_.now(), Mark::sent, static_cast<std::uint64_t>(server.index()), words[0], [&] {
            std::string text = server.name() + " reads ";
            text += link == nullptr ? "(vendor)" : "#" + std::to_string(link->number());
            for (const auto word : words) text += " " + in_words(word);
            return text;
        });
    commands.read(server, link, written, words);
}

void Judge::on_key_set(SimServer& server, Link* link, std::string_view key, std::string_view value,
                       WallMicros expires) {
    fences.key_set(server, key, value);
    if (Attempt* const changed = commands.key_set(server, link, key, value, expires)) {
        leftovers.on_set(server, *changed);
        exclusion.votes_changed(*changed);
    }
}

void Judge::on_key_gone(SimServer& server, Link* link, std::string_view key, std::string_view value,
                        Gone why) {
    if (why != Gone::overwritten) fences.key_gone(server, key);
    if (Attempt* const changed = commands.key_gone(server, link, key, value, why)) {
        exclusion.votes_changed(*changed);
    }
}

void Judge::on_clock_changed(SimServer& server, bool forward) {
    if (forward) ledger.taint(server.index(), world_.now());
}

}  // namespace quorumlock::sim
