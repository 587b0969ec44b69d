// What can go wrong in a simulated world, and when it does in one run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/clock.h"

namespace quorumlock::sim {

enum class FaultKind : std::uint8_t {
    // The network.
    delay,
    reset_before,  ///< The connection breaks and takes the command with it,
    reset_after,   ///< or only the reply: the command was applied,
    reset_client,  ///< or for the client only: what it has sent is still on its way.
    half_open,
    partition,
    one_way,
    trickle,
    // The servers.
    freeze,
    slow,
    crash_keep,
    crash_lose,
    restart_storm,
    scripts_flushed,
    loading,
    out_of_memory,
    readonly,
    busy,
    misconf,
    password_changed,
    too_many_clients,
    garbage,
    odd_error,
    flushed,
    foreign_delete,
    // The clocks.
    wall_forward,
    wall_back,
    drift,
    drift_beyond,
    client_wall,
    // The clients.
    pause,
    suspend,
    death,
    entropy,
    lookup_fails,
    lookup_hangs,
    // A Dapr sidecar, in worlds that have one.
    sidecar_lies,  ///< Its Redis client loses a reply and asks once more: "not yours", "not there".
    sidecar_errors,   ///< 500, whether or not it was done.
    sidecar_late,     ///< What it is asked is done later, out of its order.
    sidecar_resets,   ///< Connections break before or after it was done.
    sidecar_garbage,  ///< 200 with what is no answer.
    sidecar_rejects,  ///< 401.
    sidecar_restart,
    sidecar_freeze,
    // The second connections, on which servers tell of changes.
    push_cut,       ///< They break,
    push_dead,      ///< or nothing passes on them any more, and nobody is told.
    push_stranger,  ///< Servers tell of a change of every key, and there was none.
};
inline constexpr int kFaultKinds = static_cast<int>(FaultKind::push_stranger) + 1;
/// Those before this one may be drawn for any world with a sidecar.
inline constexpr int kSidecarFaultKinds = static_cast<int>(FaultKind::sidecar_freeze) + 1;
/// Those of every world come first.
inline constexpr int kCommonFaultKinds = static_cast<int>(FaultKind::lookup_hangs) + 1;

const char* fault_name(FaultKind kind) noexcept;
/// After it two holders may be nobody's fault of ours: see docs/safety.md, the promise.
bool excuses(FaultKind kind) noexcept;

/// One thing that goes wrong in one run.
struct Fault {
    FaultKind kind = FaultKind::delay;
    Time start = 0;
    Time length = 0;          ///< 0: it is over at once.
    std::uint32_t nodes = 0;  ///< One bit each.
    std::uint32_t processes = 0;
    std::int64_t amount = 0;  ///< What the kind makes of it.
    bool flag = false;        ///< Likewise.
};

/// "delay of up to 20 ms, nodes 0 2, process 1": for timelines.
std::string describe(const Fault& fault);

}  // namespace quorumlock::sim
