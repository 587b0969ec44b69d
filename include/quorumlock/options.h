// What a caller may ask for. Every option is checked before anything is sent; an option out of
// its bounds is invalid_argument, and the message names the option and the bound.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <quorumlock/node_loop.h>
#include <quorumlock/time.h>

struct uv_loop_s;

namespace quorumlock {

class Observer;

/// Bounds and defaults, in one place. Rules A1 and T2..T5 of docs/protocol.md.
namespace limits {
inline constexpr std::size_t kMaxNodes = 32;
inline constexpr std::size_t kMaxResourceBytes = 4096;
inline constexpr Nanos kMinTtl = std::chrono::milliseconds(10);
inline constexpr Nanos kMaxMaxTtl = std::chrono::hours(24);
inline constexpr Nanos kMaxWait = std::chrono::hours(24 * 365);
inline constexpr Nanos kMinNodeTimeout = std::chrono::milliseconds(1);
inline constexpr Nanos kMaxNodeTimeout = std::chrono::seconds(60);
}  // namespace limits

/// What becomes of a server that may have restarted without its data. Rule G1.
enum class RestartGuard : std::uint8_t {
    /// It has no vote until every lock that it may have forgotten has ended, unless a quorum of
    /// the servers is that young when the service is opened: a first start of them all.
    automatic,
    strict,  ///< Without that exception.
    off,     ///< It votes at once: for servers that persist every write before they answer.
};

/// When a held lock is extended by the service itself. Off by default.
struct Renewal {
    bool on = false;
    /// Time between renewals, up to a tenth earlier at random: 1 ms .. half the ttl. Zero: one
    /// third of the validity.
    Nanos every{0};
    /// Renewing stops this long after the acquire: 0 .. 1 year; zero: no bound.
    Nanos max_hold{0};

    constexpr Renewal() = default;
    constexpr Renewal(bool enabled) : on(enabled) {}
    constexpr Renewal(Nanos every_, Nanos max_hold_ = Nanos{0})
        : on(true), every(every_), max_hold(max_hold_) {}
};

/// Options of one acquire.
struct AcquireOptions {
    /// The lease asked of the nodes: 10 ms .. ServiceOptions::max_ttl.
    Nanos ttl = std::chrono::seconds(30);
    /// How long to keep trying while another holds the lock; zero: ask once. 0 .. 1 year.
    Nanos wait{0};
    Renewal renew{};
    /// Ask for a fencing number (rules F1..F6). Where the kind of the nodes has none (Dapr),
    /// Lock::fence() is 0 all the same.
    bool fence = true;
    /// Cancels the acquire and undoes what it reached; the answer is then `cancelled`. Stopped
    /// before the call, no node is asked.
    std::stop_token stop{};
};

/// Options of a service, checked at LockService::open.
struct ServiceOptions {
    /// The longest ttl any client of these nodes uses; the same for all of them. 10 ms .. 24 h.
    Nanos max_ttl = std::chrono::seconds(60);
    /// A node silent for this long counts as unknown; zero: ttl/20 within 5..500 ms, or 8 s where a
    /// Dapr sidecar is among the nodes. Else 1 ms .. 60 s.
    Nanos node_timeout{0};
    /// What a fresh service waits for its connections before its first round. 1 ms .. 60 s.
    Nanos connect_timeout = std::chrono::seconds(1);
    /// An acquire with less validity left than this has failed (`expired`). 0 .. max_ttl.
    Nanos min_validity{0};
    /// How much clocks may differ in speed: 0.01 is one per cent. 0 .. 0.5.
    double drift_factor = 0.01;
    /// The first pause between two attempts of a waiting acquire, jittered; doubles up to
    /// retry_delay_max, which is at least the first. 0 .. 60 s; zero retries at once, or after 1 ms
    /// where no quorum answered.
    Nanos retry_delay = std::chrono::milliseconds(10);
    Nanos retry_delay_max = std::chrono::milliseconds(200);
    /// What close() and destruction spend on undoing what is open. 0 .. 60 s.
    Nanos drain_timeout = std::chrono::seconds(1);
    /// How long a resource's fencing counter outlives its last use; zero: 1 h, or twice max_ttl if
    /// that is more. Twice max_ttl .. 1 year; the same for all clients. Rule F4.
    Nanos fence_retention{0};
    RestartGuard restart_guard = RestartGuard::automatic;
    /// Commands that may wait for one silent node before its vote is given up. 16 .. 1,000,000.
    std::size_t max_backlog = 1024;
    /// Shown by CLIENT LIST on the servers. Printable ASCII without spaces, up to 64 bytes.
    std::string client_name = "quorumlock";
    /// Live in this libuv loop instead of an own thread; it must outlive the service's close().
    uv_loop_s* loop = nullptr;
    /// Told of everything that happens, on the service's own thread; see observer.h. Null: nobody.
    std::shared_ptr<Observer> observer{};
    /// Nodes of kinds of your own (node.h, simple_node.h), behind those of the URIs: together
    /// 1..32. A factory that makes none is invalid_argument.
    std::vector<nodes::NodeFactory> nodes{};
};

}  // namespace quorumlock
