#include "lib/nodes/redis_pipeline.h"

#include <utility>

#include "lib/base/check.h"

namespace quorumlock::nodes {

namespace {

// Even numbers; the odd ones belong to answers that a node gives without asking the server.
Ticket ticket_of(std::uint64_t number) { return number << 1; }

}  // namespace

Outstanding& RedisPipeline::make_room() {
    if (count_ == slots_.size()) {
        std::vector<Outstanding> larger(2 * slots_.size());
        for (std::size_t i = 0; i < count_; ++i) {
            larger[(first_ + i) & (larger.size() - 1)] = std::move(at(i));
        }
        slots_ = std::move(larger);
    }
    ++count_;
    return at(count_ - 1);
}

Outstanding& RedisPipeline::push(Command command) {
    Outstanding& entry = make_room();
    entry.to = nullptr;
    entry.ticket = ticket_of(first_ + count_ - 1);
    entry.command = command;
    entry.two_replies = false;
    entry.first_is_in = false;
    entry.second_is_in = false;
    entry.fence = false;
    entry.by_script = false;
    entry.needless = false;
    entry.moved = false;
    entry.armed_by = 0;
    if (entry.is_duty()) ++duties_;
    if (entry.must_be_done()) entry.plan = {};
    return entry;
}

Outstanding& RedisPipeline::push_again(const Outstanding& earlier) {
    Outstanding& entry = make_room();
    entry = earlier;
    entry.moved = true;
    ++moved_;
    if (entry.is_duty()) ++duties_;
    return entry;
}

void RedisPipeline::pop() noexcept {
    QL_CHECK(count_ > 0);
    Outstanding& entry = front();
    if (entry.is_duty()) --duties_;
    if (entry.moved) --moved_;
    entry.to = nullptr;
    ++first_;
    --count_;
}

Outstanding* RedisPipeline::find(Ticket ticket) noexcept {
    const std::uint64_t number = ticket >> 1;
    if (number >= first_ && number < first_ + count_) {
        Outstanding& entry = at(static_cast<std::size_t>(number - first_));
        if (entry.ticket == ticket && !entry.moved) return &entry;
    }
    if (moved_ == 0) return nullptr;
    for (std::size_t i = 0; i < count_; ++i) {
        if (at(i).moved && at(i).ticket == ticket) return &at(i);
    }
    return nullptr;
}

}  // namespace quorumlock::nodes
