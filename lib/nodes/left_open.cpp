#include "lib/nodes/left_open.h"

#include <algorithm>

namespace quorumlock::nodes {

namespace {

constexpr Nanos kLeast = std::chrono::seconds(1);

}  // namespace

void LeftOpen::add(const Token& token, Nanos ttl) {
    acquires_.push_back({token, ttl, Instant::max()});
}

bool LeftOpen::any_fresh() const noexcept {
    return std::any_of(acquires_.begin(), acquires_.end(),
                       [](const Acquire& left) { return left.until == Instant::max(); });
}

void LeftOpen::killed() {
    std::erase_if(acquires_, [](const Acquire& left) { return left.until == Instant::max(); });
}

void LeftOpen::unsure(Instant now) {
    std::erase_if(acquires_, [now](const Acquire& left) { return left.until <= now; });
    for (Acquire& left : acquires_) {
        if (left.until == Instant::max()) left.until = now + std::max(kLeast, left.ttl);
    }
}

bool LeftOpen::may_come(const Token& token, Instant now) const noexcept {
    return std::any_of(acquires_.begin(), acquires_.end(), [&](const Acquire& left) {
        return now < left.until && left.token == token;
    });
}

}  // namespace quorumlock::nodes
