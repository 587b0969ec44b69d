#include "lib/service/wait_lines.h"

#include "lib/base/check.h"
#include "lib/base/hash.h"
#include "lib/service/core.h"

namespace quorumlock::detail {

void WaitLine::Timer::fire() { core.on_line_timer(line); }

WaitLine* WaitLines::find(std::string_view resource) noexcept {
    if (lines_.empty()) return nullptr;
    const std::uint64_t hash = stable_hash(resource);
    WaitLine* line = bucket(hash);
    while (line != nullptr && (line->hash_ != hash || line->resource.view() != resource)) {
        line = line->next_;
    }
    return line;
}

WaitLine& WaitLines::make(std::string_view resource) {
    if (lines_.size() >= buckets_.size()) grow();
    if (free_.empty()) {
        all_.push_back(std::make_unique<WaitLine>(core_));
        free_.reserve(all_.size());
        free_.push_back(all_.back().get());
    }
    WaitLine& line = *free_.back();
    free_.pop_back();
    line.resource.assign(resource);
    line.last_error.reset();
    line.no_gates.clear();
    line.hash_ = stable_hash(resource);
    line.next_ = std::exchange(bucket(line.hash_), &line);
    lines_.push_back(line);
    return line;
}

void WaitLines::drop(WaitLine& line) noexcept {
    QL_CHECK(line.waiters.empty());
    WaitLine** place = &bucket(line.hash_);
    while (*place != &line) place = &(*place)->next_;
    *place = line.next_;
    lines_.remove(line);
    free_.push_back(&line);
}

void WaitLines::grow() {
    buckets_.assign(2 * buckets_.size(), nullptr);
    for (WaitLine* line = lines_.first(); line != nullptr; line = List<WaitLine>::next(*line)) {
        line->next_ = std::exchange(bucket(line->hash_), line);
    }
}

}  // namespace quorumlock::detail
