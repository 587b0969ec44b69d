#include "tests/sim/checkers/renewals.h"

#include <algorithm>

namespace quorumlock::sim {

namespace {

/// For the way to the nodes, and for timers that are late by less than that.
constexpr Time kSlack = 100 * kMilli;

}  // namespace

void Renewals::granted(const SimProcess& process, Attempt& attempt, const Renewal& asked) {
    attempt.stolen = process.stolen();
    attempt.renewed = asked.on;
    if (!asked.on) {
        attempt.renewed_until = 0;
    } else if (asked.max_hold > Nanos{0}) {
        attempt.renewed_until = process.reading() + asked.max_hold.count();
    }
    check(process, attempt);
}

void Renewals::on_extend(const SimProcess& process, Attempt& attempt, std::int64_t written) {
    attempt.extended = std::max(attempt.extended, written);
    check(process, attempt);
}

void Renewals::check(const SimProcess& process, const Attempt& attempt) {
    if (attempt.by_hand || attempt.extended <= attempt.renewed_until) return;
    if (attempt.renewed_until == 0) {
        return verdict_.report("renewals", process.name() + " extended token " + attempt.name() +
                                               ", though nobody had asked for it");
    }
    // The own clock may be the faster one, by less than a quarter: see most_ppm().
    const Time stolen = process.stolen() - attempt.stolen;
    const std::int64_t late = attempt.extended - attempt.renewed_until - stolen - stolen / 4;
    if (late <= 0) return;
    verdict_.report("renewals", process.name() + " extended token " + attempt.name() + " " +
                                    text_of(late) + " after max_hold");
}

void Renewals::expired(SimProcess& process, const Attempt& attempt, Time begin, Time at) {
    const bool for_ever = attempt.renewed && attempt.renewed_until == INT64_MAX;
    if (!for_ever || attempt.by_hand) return;
    const Plan& plan = ledger_.plan();
    const ProcessPlan& own = plan.processes[static_cast<std::size_t>(process.index())];
    const Time in_order =
        ways_.in_order_since(process, attempt.service, ledger_.nodes(), plan.quorum());
    const Time since = std::max(begin, in_order);
    const Time round = round_limit(own.options, attempt.ttl).count();
    if (in_order == kNever || at - since <= 2 * (round + own.longest_lag) + kSlack) return;
    const Time extended = attempt.extended == 0 ? 0 : process.clock().when(attempt.extended);
    if (extended >= since) return;
    verdict_.report("renewals", process.name() + " let token " + attempt.name() +
                                    " expire without another EXTEND, though a quorum of nodes has "
                                    "been in order for " +
                                    text_of(at - since));
}

}  // namespace quorumlock::sim
