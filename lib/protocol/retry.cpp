#include "lib/protocol/retry.h"

#include <algorithm>

namespace quorumlock::protocol {

namespace {

constexpr Nanos kLeastInVain = std::chrono::milliseconds(1);

}  // namespace

void Retry::begin(Nanos first, Nanos most) {
    most_ = std::max(most, Nanos::zero());
    pause_ = std::clamp(first, Nanos::zero(), most_);
}

void Retry::no_quorum() {
    most_ = std::max(most_, kLeastInVain);
    pause_ = std::max(pause_, kLeastInVain);
}

std::optional<Nanos> Retry::next(std::uint64_t random, std::optional<Nanos> holder_remaining,
                                 Nanos left) {
    // Rule A9, all of it.
    if (left <= Nanos::zero()) return std::nullopt;
    const auto pause = static_cast<std::uint64_t>(pause_.count());
    Nanos wait(static_cast<Nanos::rep>(pause / 2 + random % (pause + 1)));
    pause_ = pause_ > most_ / 2 ? most_ : pause_ * 2;
    // Compared before the addition: a foreign key's expiry may be any number.
    if (holder_remaining && *holder_remaining >= Nanos::zero() && *holder_remaining < wait) {
        wait = std::min(wait, *holder_remaining + std::chrono::milliseconds(1));
    }
    return std::min(wait, left);
}

}  // namespace quorumlock::protocol
