#include "tests/sim/checkers/renewals.h"

#include <algorithm>

namespace quorumlock::sim {

void Renewals::granted(const SimProcess& process, Attempt& attempt, const Renewal& asked) {
    attempt.stolen = process.stolen();
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

}  // namespace quorumlock::sim
