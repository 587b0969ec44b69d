// Rule (e), and the feeding of the ledger: every command that any server reads passes here.
//
//  - An ACQUIRE is sent once: its token is read at most once by each server that can execute it
//    (rules N2, N9 and A2). A HEAL comes only behind an EXTEND of its token (rule H1), and is
//    written only while its lock is held (rule H2).
//  - No undo is overtaken: on no server is a SET executed after a RELEASE of its token was read
//    (rules N5, N6 and N9). Where CLIENT KILL or the way to use it is refused, rule N6 promises
//    less: the undo is then repeated, and checked by what is left behind.
//  - Nothing is shortened: no command makes a lease end earlier than it did (rule E2).
//  - Nothing of another's is taken: our RELEASE and EXTEND change no key but their token's, a
//    TRANSFER none but the giver's (rule W5), and CLIENT KILL names no connection but one of the
//    same service (rule N6).
//  - Nothing is handed over behind the end of its validity (rule W5), and kPreempted.
//  - No EXTEND is read after a RELEASE of its token (rule N9), where the same can be promised.
//  - Nobody of ours deletes the key of a lock that was detached.
//  - A sidecar is asked for the lock of a token once (rule N2), and for its unlock when nobody
//  waits
//    for the answer to the lock any more (rule D4).
#pragma once

#include "tests/sim/checkers/lines.h"
#include "tests/sim/checkers/renewals.h"
#include "tests/sim/checkers/retries.h"
#include "tests/sim/dapr_api.h"

namespace quorumlock::sim {

class Commands {
  public:
    Commands(World& world, Ledger& ledger, Renewals& renewals, Retries& retries, Lines& lines,
             Verdict& verdict)
        : world_(world),
          ledger_(ledger),
          renewals_(renewals),
          retries_(retries),
          lines_(lines),
          verdict_(verdict) {}

    void read(SimServer& server, Link* link, std::int64_t written,
              const std::vector<std::string_view>& words);
    /// The attempt whose vote has changed, or null.
    Attempt* key_set(SimServer& server, Link* link, std::string_view key, std::string_view value,
                     WallMicros expires);
    Attempt* key_gone(SimServer& server, Link* link, std::string_view key, std::string_view value,
                      Gone why);
    // In commands_sidecar.cpp: what comes by way of one.
    void sidecar_reads_lock(SimServer& server, SimProcess& process, int service,
                            std::int64_t written, const DaprAsk& ask);
    void sidecar_reads_unlock(SimServer& server, SimProcess& process, const DaprAsk& ask,
                              bool lock_open);
    void sidecar_acts(std::string_view owner);
    void sidecar_undid(SimServer& server, std::string_view owner, bool told);
    /// All that a server had is lost, or was deleted by somebody.
    void data_lost(int node);

    int sets() const noexcept { return sets_; }

  private:
    void read_set(SimServer& server, Link& link, std::int64_t written,
                  const std::vector<std::string_view>& words);
    void read_acquire(SimServer& server, Link& link, std::int64_t written,
                      std::string_view resource, std::string_view token, std::string_view ttl);
    void read_transfer(SimServer& server, Link& link, std::int64_t written,
                       const std::vector<std::string_view>& words, std::size_t to);
    void read_heal(Link& link, std::int64_t written, Attempt& attempt, std::string_view ttl);
    void read_fence_script(SimServer& server, Link& link, std::int64_t written,
                           const std::vector<std::string_view>& words);
    void read_script(SimServer& server, Link& link, std::int64_t written,
                     const std::vector<std::string_view>& words);
    void note_unwritten(SimServer& server, Attempt& attempt, Nanos ttl);
    void read_kill(SimServer& server, Link& link, std::string_view id);
    bool is_ordered(const Attempt& attempt, const SimServer& server) const noexcept;
    std::int64_t promise_of(std::int64_t written, Nanos ttl) const noexcept;

    World& world_;
    Ledger& ledger_;
    Renewals& renewals_;
    Retries& retries_;
    Lines& lines_;
    Verdict& verdict_;
    std::string_view changing_;  ///< The token of the command that is being executed,
    std::string giving_;         ///< and of a TRANSFER that of the giver.
    bool sidecar_ = false;       ///< A sidecar of ours executes it.
    std::int64_t promise_ = 0;   ///< What it promises its holder.
    int sets_ = 0;
};

}  // namespace quorumlock::sim
