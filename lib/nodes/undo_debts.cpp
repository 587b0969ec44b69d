#include "lib/nodes/undo_debts.h"

#include <algorithm>
#include <utility>

namespace quorumlock::nodes {

namespace {

constexpr Nanos kSecond = std::chrono::seconds(1);

}  // namespace

Instant lease_end(Instant applied, Nanos ttl) noexcept {
    return applied + ttl + ttl / 16 + kSecond;
}

Instant undo_end(const UndoPlan& plan, Instant executed, Nanos ttl) noexcept {
    if (!plan.unsure) return lease_end(executed, ttl);
    return lease_end(std::max(executed, plan.answers_since + std::max(kSecond, ttl)), ttl);
}

void UndoDebts::add(std::string_view resource, const Token& token, Nanos ttl, const UndoPlan& plan,
                    Instant due) {
    debts_.push_back({SmallBytes(resource), token, ttl, plan, due});
}

void UndoDebts::renew(Instant now, Former former) {
    for (Debt& debt : debts_) {
        if (former == Former::unsure) {
            debt.due = now;
            debt.plan = {Instant::max(), now, true, 0};
            debt.plan.until = undo_end(debt.plan, now, debt.ttl);
            continue;
        }
        if (former == Former::replaced) debt.plan.unsure = false;
        debt.plan.until = std::min(debt.plan.until, undo_end(debt.plan, now, debt.ttl));
        // A repetition keeps its instant, unless it was on its way.
        if (!debt.plan.unsure || debt.due == Instant::max()) debt.due = now;
    }
}

void UndoDebts::drop_ended(Instant now) {
    for (std::size_t i = 0; i < debts_.size();) {
        if (debts_[i].plan.until <= now) {
            remove(i);
        } else {
            ++i;
        }
    }
}

std::optional<Instant> UndoDebts::next_event(bool connected) const {
    std::optional<Instant> next;
    for (const Debt& debt : debts_) {
        const Instant at = connected ? std::min(debt.due, debt.plan.until) : debt.plan.until;
        if (at != Instant::max() && (!next || at < *next)) next = at;
    }
    return next;
}

void UndoDebts::remove(std::size_t i) {
    if (i + 1 != debts_.size()) debts_[i] = std::move(debts_.back());
    debts_.pop_back();
}

std::optional<Instant> next_repetition(UndoPlan& plan, Nanos ttl) noexcept {
    if (!plan.unsure) return std::nullopt;
    ++plan.times;
    if (plan.times == 1) return plan.answers_since + std::min(kSecond, ttl);
    if (plan.times == 2) return plan.answers_since + std::max(kSecond, ttl);
    return std::nullopt;
}

}  // namespace quorumlock::nodes
