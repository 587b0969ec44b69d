// Rule (l): the fencing numbers.
//
//  - A counter that is not there starts at the server's clock, and else goes up by one, or to what
//    a RAISE says: never down (rules F1..F3).
//  - No two grants of a resource have the same number, and one that was asked for after another was
//    told has a larger one (rules F1, F2), as long as counters last: a counter that starts no
//    higher than it once was, because its server lost it and clocks are no better than that, takes
//    the resource out of this, and is counted.
//  - Whoever holds a lock that nobody else may hold has a larger number than all before: numbers
//    follow the order of holding. Not demanded of a grant that excuses two holders.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include <quorumlock/lock.h>

#include "tests/sim/checkers/ledger.h"
#include "tests/sim/sim_process.h"

namespace quorumlock::sim {

class Fences {
  public:
    Fences(const Ledger& ledger, Verdict& verdict);

    /// The largest number of this resource that anybody has been told.
    std::uint64_t highest(int resource) const noexcept;
    /// Its asker has been told; when he asked, `floor` was the highest().
    void granted(const SimProcess& process, const Lock& lock, int resource, std::uint64_t floor);

    void key_set(SimServer& server, std::string_view key, std::string_view value);
    void key_gone(SimServer& server, std::string_view key);

    /// Resources of which a counter has started too low.
    int rewound() const noexcept { return static_cast<int>(rewound_.size()); }

  private:
    struct Counter {
        bool there = false;
        std::int64_t value = 0, most = 0;
    };

    const Ledger& ledger_;
    Verdict& verdict_;
    std::map<std::string, int, std::less<>> keys_;               ///< Of counters -> resource.
    std::map<std::pair<int, int>, Counter> counters_;            ///< By node and resource.
    std::vector<std::map<std::uint64_t, std::string>> granted_;  ///< By resource: number -> token.
    std::set<int> rewound_;
};

}  // namespace quorumlock::sim
