#include "tests/sim/checkers/fences.h"

#include <charconv>

#include "lib/nodes/redis_commands.h"

namespace quorumlock::sim {

Fences::Fences(const Ledger& ledger, Verdict& verdict)
    : ledger_(ledger), verdict_(verdict), granted_(ledger.plan().resources.size()) {
    for (std::size_t i = 0; i < granted_.size(); ++i) {
        std::string key;
        nodes::append_counter_key(key, ledger.plan().resources[i]);
        keys_.emplace(std::move(key), static_cast<int>(i));
    }
}

std::uint64_t Fences::highest(int resource) const noexcept {
    const auto& numbers = granted_[static_cast<std::size_t>(resource)];
    return numbers.empty() ? 0 : numbers.rbegin()->first;
}

void Fences::granted(const SimProcess& process, const Lock& lock, int resource,
                     std::uint64_t floor) {
    const std::uint64_t fence = lock.fence();
    if (fence == 0) return;
    const std::string who =
        process.name() + " with token " + std::string(lock.token().substr(0, 6));
    auto& numbers = granted_[static_cast<std::size_t>(resource)];
    const auto [found, fresh] = numbers.emplace(fence, lock.token().substr(0, 6));
    if (rewound_.contains(resource)) return;
    if (!fresh) {
        verdict_.report("fences", who + " was granted the number " + std::to_string(fence) +
                                      ", as was token " + found->second);
    } else if (fence <= floor) {
        verdict_.report("fences", who + " was granted the number " + std::to_string(fence) +
                                      ", but had asked when " + std::to_string(floor) +
                                      " was granted already");
    }
}

void Fences::key_set(SimServer& server, std::string_view key, std::string_view value) {
    const auto found = keys_.find(key);
    if (found == keys_.end()) return;
    const int resource = found->second;
    std::int64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    Counter& counter = counters_[{server.index(), resource}];
    const std::string what =
        server.name() + " has the counter of r" + std::to_string(resource) + " at ";
    if (!counter.there) {
        if (number != server.wall()) {
            verdict_.report("fences", what + std::to_string(number) +
                                          ", but a counter starts at its clock, " +
                                          std::to_string(server.wall()));
        }
        if (number <= counter.most) rewound_.insert(resource);
    } else if (number < counter.value) {
        verdict_.report("fences", what + std::to_string(number) + ", down from " +
                                      std::to_string(counter.value));
    }
    counter.there = true;
    counter.value = number;
    counter.most = std::max(counter.most, number);
}

void Fences::key_gone(SimServer& server, std::string_view key) {
    const auto found = keys_.find(key);
    if (found == keys_.end()) return;
    counters_[{server.index(), found->second}].there = false;
}

}  // namespace quorumlock::sim
