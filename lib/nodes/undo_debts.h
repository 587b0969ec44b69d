// Undos that wait: for a connection, for a server that can execute them, or for their next
// repetition. Rule N6.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <quorumlock/time.h>
#include <quorumlock/token.h>

#include "lib/base/small_bytes.h"
#include "lib/nodes/redis_pipeline.h"

namespace quorumlock::nodes {

/// The instant by which a lease of this ttl has ended on any sane server when nothing of it is
/// applied after `applied`: a sixteenth and one second are left for the server's clock.
Instant lease_end(Instant applied, Nanos ttl) noexcept;

/// The instant from which an undo is of no use any more, when all that came before it on its
/// connection was executed at `executed`. What an unsure one has to meet may come until its last
/// repetition is due: rule N6.
Instant undo_end(const UndoPlan& plan, Instant executed, Nanos ttl) noexcept;

/// What is known of the connections before the one that is ready now.
enum class Former : std::uint8_t {
    killed,    ///< Nothing of the last one is executed any more.
    replaced,  ///< Nothing of any: the server is another process now.
    unsure,    ///< The last one may still deliver what it carried.
};

class UndoDebts {
  public:
    struct Debt {
        SmallBytes resource;
        Token token;
        Nanos ttl{0};
        UndoPlan plan;
        Instant due{};
    };

    std::size_t size() const noexcept { return debts_.size(); }
    bool empty() const noexcept { return debts_.empty(); }
    void add(std::string_view resource, const Token& token, Nanos ttl, const UndoPlan& plan,
             Instant due);

    /// A connection is ready: all become due now, and each has an end. Those of an earlier unsure
    /// connection keep their repetitions when a later one could be killed.
    void renew(Instant now, Former former);
    /// Forgets those whose lease has certainly ended.
    void drop_ended(Instant now);
    /// Hands out and forgets those that are due; f must not add.
    template <class F>
    void take_due(Instant now, F&& f) {
        for (std::size_t i = 0; i < debts_.size();) {
            if (debts_[i].due > now) {
                ++i;
                continue;
            }
            f(debts_[i]);
            remove(i);
        }
    }
    /// When there is something to do next: an end, and with a connection also a due.
    std::optional<Instant> next_event(bool connected) const;

  private:
    void remove(std::size_t i);

    std::vector<Debt> debts_;
};

/// What follows an answered undo: nothing, or its next repetition's instant. An unsure one goes
/// out at 0, 1 s and ttl after the node answered again.
std::optional<Instant> next_repetition(UndoPlan& plan, Nanos ttl) noexcept;

}  // namespace quorumlock::nodes
