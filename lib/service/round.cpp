#include "lib/service/round.h"

#include "lib/service/lease.h"

namespace quorumlock::detail {

const protocol::Votes& Round::votes() const noexcept {
    switch (kind) {
        case Kind::extend:
            return extend.votes();
        case Kind::release:
            return release.votes();
        case Kind::acquire:
            break;
    }
    return acquire.votes();
}

void Round::on_answer(std::uint32_t tag, const nodes::Answer& answer) {
    lease->on_answer(static_cast<int>(tag), answer);
}

void Round::Timer::fire() { round.lease->on_time_limit(); }

void Round::Healer::on_answer(std::uint32_t tag, const nodes::Answer& answer) {
    round.lease->on_heal_answer(static_cast<int>(tag), answer.outcome);
}

Round& RoundPool::take(Lease& lease) {
    if (free_.empty()) {
        all_.push_back(std::make_unique<Round>(node_count_));
        free_.reserve(all_.capacity());
        free_.push_back(all_.back().get());
    }
    Round& round = *free_.back();
    free_.pop_back();
    round.lease = &lease;
    return round;
}

}  // namespace quorumlock::detail
