#include "tests/sim/checkers/loss.h"

#include <algorithm>

namespace quorumlock::sim {

namespace {

constexpr Time kRounding = 10 * kMicro;

}  // namespace

void LossWatch::fire() { owner.look(*this); }

LossWatch* Loss::watch(Belief& belief, Time lag) {
    LossWatch& watch = watches_.emplace_back(*this);
    watch.belief = &belief;
    watch.lag = lag;
    watch.asked = belief.process->time();
    open_.push_back(&watch);
    world_.arm(watch, due(watch));
    return &watch;
}

Time Loss::due(const LossWatch& watch) const noexcept {
    const Belief& belief = *watch.belief;
    if (!belief.over) return belief.until + kRounding;
    return std::max(belief.runs_from, watch.asked) + watch.lag + kRounding +
           belief.process->stolen() - belief.stolen;
}

void Loss::poll(SimProcess& process) {
    std::erase_if(open_, [](const LossWatch* w) { return w->told || w->closed; });
    for (LossWatch* const watch : open_) {
        const Belief& belief = *watch->belief;
        if (belief.process == &process && belief.over) world_.arm(*watch, due(*watch));
    }
}

void Loss::look(LossWatch& watch) {
    if (watch.told || watch.closed || watch.belief->let_go) return;
    if (const Time at = due(watch); at > world_.now()) return world_.arm(watch, at);
    verdict_.report("loss", watch.belief->process->name() + " lost token " +
                                watch.belief->attempt->name() + " and was not told in time");
}

void Loss::told(LossWatch& watch) {
    watch.told = true;
    const Belief& belief = *watch.belief;
    world_.trace().note(belief.process->time(), Mark::loss, 0, belief.attempt->token, [&] {
        return belief.process->name() + " is told that token " + belief.attempt->name() +
               " is lost";
    });
    if (!belief.over && belief.lock->held()) {
        verdict_.report("loss", belief.process->name() + " was told of a loss of token " +
                                    belief.attempt->name() + " that it still holds");
    }
}

void Loss::forget(LossWatch& watch) {
    watch.closed = true;
    world_.disarm(watch);
}

}  // namespace quorumlock::sim
