// The end of a run: one client holds a lock for long, another one waits, the lock is released, and
// the waiter must have it long before the lease would have ended. Rules W1 and W4.
//
//  - All is in order but for what is done here: for kReconnected, and the longest pause between
//    attempts to open a second connection.
//  - The waiter is refused, opens its second connections, asks again within one and a half times
//    retry_delay_max, and then is armed by all that can; that is what kArmed is for.
//  - In one of six worlds the second connections break in the instant of the release and stay
//    away, so that no push comes; in one the servers have lost their scripts when they are asked to
//    arm; in one a stranger touches the key again and again; in one the servers are frozen, and
//    read the waiter's question and the release together; in one a node, perhaps the gate, keeps a
//    stranger's key.
//  - In the plain world he has it within three round trips: the release and half of each push are
//    one, the gate and the others one each; four where a clock is off.
//  - Otherwise he has it within kGateAlone, for which a gate may be believed, a pause as long as
//    any is where nobody tells, and kRounds for the asking.
#include <algorithm>

#include "tests/sim/simulation.h"

namespace quorumlock::sim {

namespace {

constexpr Nanos kLeast(10 * kSecond);  ///< Of the lease, to tell a wake-up from its end.
constexpr Nanos kMost(12 * kSecond);
constexpr Time kReopened = 8 * kSecond;
constexpr Time kArmed = 1'700 * kMilli;
constexpr Time kGateAlone = kSecond;
constexpr Time kRounds = kSecond;
constexpr Time kOnTheWay = 10 * kMilli;
constexpr std::size_t kLongestAsk = 300;  ///< Bytes of arming and acquire, beside the names.
enum Way : std::uint64_t { plain, cut, no_scripts, stranger, racing, stale, kWays };

}  // namespace

/// Preferably of another process.
SimClient* Simulation::other_than(SimClient& client) {
    SimClient* found = nullptr;
    for (const auto& other : clients_) {
        if (other.get() == &client || !is_there(*other)) continue;
        if (&other->service() != &client.service()) return other.get();
        if (found == nullptr) found = other.get();
    }
    return found;
}

/// The longest that so many round trips can take, if everybody tells of changes and is
/// soon connected to; or more than enough.
Time Simulation::round_trips(int number) const {
    Time network = 0;
    Time machines = 0;
    for (const NodePlan& node : plan_.nodes) {
        if (node.no_tracking || node.silent_address) return kMinute;
        network = std::max(network, node.base + node.jitter + node.server.service);
    }
    for (const ProcessPlan& process : plan_.processes) {
        machines = std::max(machines, 2 * process.traits.turn + process.longest_lag);
    }
    // What the window does not hold goes in pieces, each when the one before has been read.
    const std::size_t ask = kLongestAsk + 2 * plan_.key(plan_.resources[0]).size();
    const auto pieces = static_cast<Time>(ask / plan_.network.window + 1);
    return number * ((pieces + 1) * network + machines);
}

bool Simulation::hold_last(SimClient& client, Nanos ttl) {
    bool done = false;
    bool granted = false;
    const bool fence = clocks_are_right(client.service().process());
    client.acquire_for_sure(0, ttl, Nanos(kMinute), fence, [&](bool got) {
        done = true;
        granted = got;
    });
    run_until(2 * kMinute, [&] { return done; });
    return granted && !judge_->verdict.broken();
}

/// What makes it harder for the waiter to be woken, just before the release.
void Simulation::disturb(SimClient& waiter, std::uint64_t way) {
    const auto idle = [this](Time time) { run_until(time, [] { return false; }); };
    const auto touch = [this] {
        for (const auto& server : servers_) server->touch(plan_.key(plan_.resources[0]));
    };
    if (way == no_scripts) {
        const auto flush = [this] {
            for (const auto& server : servers_) server->redis().flush_scripts();
        };
        flush();
        touch();
        idle(kGateAlone / 2);
        flush();  // for those who are asked when the gate is not believed any longer
        idle(kGateAlone);
    } else if (way == stranger) {
        for (int i = 0; i < 5; ++i) {
            touch();
            idle(50 * kMilli);
        }
    } else if (way == racing) {
        touch();
        for (const auto& server : servers_) server->freeze();
        idle(kOnTheWay);
    } else if (way == stale && right_clocks(waiter.service().process()) > plan_.quorum()) {
        const auto node = Random(plan_.seed, Luck::waiting, 2).below(servers_.size());
        servers_[node]->execute({"SET", plan_.key(plan_.resources[0]), "stranger", "PX", "60000"});
        idle(100 * kMilli);
    } else if (way == cut) {
        cut_pushes(waiter);
    }
}

void Simulation::cut_pushes(SimClient& waiter) {
    SimProcess& process = waiter.service().process();
    for (const auto& link : network_->links()) {
        const bool his = link->server() != nullptr && &link->process() == &process;
        const bool up = link->has_client() && link->peer() != Link::Peer::gone;
        if (his && link->subscribes && up) link->break_now();
    }
}

void Simulation::wake_last() {
    SimClient* const holder = anybody();
    SimClient* const waiter = holder == nullptr ? nullptr : other_than(*holder);
    if (plan_.dapr || waiter == nullptr || waiter->asks_without_pause()) return;
    if (holder->service().options().max_ttl < kLeast) return;
    say("wake-up");
    const Time ready = judge_->progress.healed_at() + kReconnected + kReopened;
    run_until(std::max<Time>(ready - world_.now(), 0), [] { return false; });
    if (!hold_last(*holder, std::min(kMost, holder->service().options().max_ttl))) return;
    bool done = false;
    const bool fence = clocks_are_right(waiter->service().process());
    waiter->acquire_for_sure(0, kLastTtl, Nanos(kMinute), fence, [&](bool) { done = true; });
    run_until(kArmed, [] { return false; });
    const std::uint64_t way = Random(plan_.seed, Luck::waiting, 1).below(kWays);
    disturb(*waiter, way);
    if (judge_->verdict.broken()) return;
    const auto lost = [&] {  // by machines that were doing something else
        const Time by_holder = holder->service().process().stolen();
        return by_holder + waiter->service().process().stolen();
    };
    // The push, the gate, the others; and where a clock is off the gate may have to say first that
    // it cannot vote, for what it said before came when the round had been decided.
    const bool all_vote =
        right_clocks(waiter->service().process()) == static_cast<int>(servers_.size());
    const Time due = world_.now() + round_trips(all_vote ? 3 : 4) - lost();
    holder->release_last();
    if (way == racing) {  // The refusal and the push leave in the same instant.
        run_until(kOnTheWay, [] { return false; });
        for (const auto& server : servers_) server->thaw();
    }
    const Nanos pause = waiter->service().options().retry_delay_max;
    const Time most = kGateAlone + (pause + pause / 2).count() + kRounds;
    run_until(most, [&] {
        if (way == cut) cut_pushes(*waiter);  // None of them comes up again.
        return done || (way == plain && world_.now() > due + lost());
    });
    if (judge_->verdict.broken()) return;
    if (!done) {
        return judge_->verdict.report("wakeups",
                                      "a waiter for r0 is not woken in time by its release");
    }
    waiter->release_last();
    run_until(kMinute, [&] { return holder->idle() && waiter->idle(); });
}

}  // namespace quorumlock::sim
