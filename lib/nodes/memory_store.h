// Keys with an expiry, as one node keeps them: the steps of docs/protocol.md, section 2, on a map
// in this process.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/node.h>
#include <quorumlock/time.h>
#include <quorumlock/token.h>

namespace quorumlock::nodes {

class MemoryStore {
  public:
    MemoryStore() = default;
    MemoryStore(const MemoryStore&) = delete;
    MemoryStore& operator=(const MemoryStore&) = delete;

    /// What a step found. `holder` is set when the key is another's, or by inspect().
    struct Found {
        Outcome outcome = Outcome::absent;
        Nanos remaining{0};
        Token holder{};
    };

    Found acquire(std::string_view resource, const Token& token, Nanos ttl, Instant now);
    /// `remaining` is above zero where the key was `from`'s. Rule W5.
    Found transfer(std::string_view resource, const Token& from, const Token& to, Nanos ttl,
                   Instant now);
    /// Never shortens (rule E2).
    Found extend(std::string_view resource, const Token& token, Nanos ttl, Instant now);
    Found release(std::string_view resource, const Token& token, Instant now);
    Found inspect(std::string_view resource, Instant now);

    /// Keys in memory, expired ones included until they are swept.
    std::size_t size() const noexcept { return keys_.size(); }

  private:
    struct Entry {
        Token token;
        Instant expiry;
    };
    using Keys = std::map<std::string, Entry, std::less<>>;

    /// The live entry, or end(): an expired one is gone once it is seen.
    Keys::iterator find(std::string_view resource, Instant now);
    void remove(Keys::iterator at);
    void sweep(Instant now);

    Keys keys_;
    std::vector<Keys::node_type> spare_;  ///< Map nodes to use again: no allocation once warm.
    Keys::iterator cursor_ = keys_.end();
};

}  // namespace quorumlock::nodes
