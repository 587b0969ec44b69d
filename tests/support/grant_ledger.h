// A resource that many processes write to under locks, in SQLite: it refuses stale writers, keeps
// every grant, and tells whether two of them can have held at once.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <quorumlock/time.h>

namespace quorumlock::testing {

struct Grant {
    std::string resource;
    std::uint64_t fence = 0;
    Instant asked;    ///< Read before the acquire.
    Instant granted;  ///< Read when it had been completed.
};

struct Verdict {
    long grants = 0;
    long held = 0;     ///< Of these: were held until the writer was done.
    long refused = 0;  ///< Of these: came too late, and were refused.
    /// All zero, else: the same fence twice, or what a process itself found wrong;
    long violations = 0;
    long unordered = 0;    ///< asked for when one with a larger fence was complete;
    long disordered = 0;   ///< held after one with a larger fence;
    long overlapping = 0;  ///< held at once with another.
    std::string first_violation;
};

/// One object a process and thread. What the database cannot do ends the program.
class GrantLedger {
  public:
    /// Makes the tables where there are none.
    explicit GrantLedger(const std::string& file);

    /// The write that the lock guards, and the grant's row: primary key (resource, fence). False:
    /// somebody with a larger fence has been here. A fence that was there before is a violation.
    bool write(const Grant& grant);
    /// From Grant::granted until then its lock was certainly held.
    void was_held(const Grant& grant, Instant until);
    void add_violation(const std::string& text);

    long grants() { return count("SELECT count(*) FROM grants"); }
    Verdict verdict();

    /// Of all resources together: grants completed in [from, to), and the longest time in it in
    /// which none was.
    long grants_between(Instant from, Instant to);
    Nanos longest_pause(Instant from, Instant to);
    /// When the first grant was completed that was asked for then or later.
    std::optional<Instant> first_asked_from(Instant at);

  private:
    struct Close {
        void operator()(sqlite3* db) const { sqlite3_close(db); }
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    using Statement = std::unique_ptr<sqlite3_stmt, Close>;

    Statement prepare(std::string_view sql);
    void run(std::string_view sql);
    bool change(sqlite3_stmt* statement, const Grant& grant, std::int64_t more);
    long count(std::string_view sql, Instant from = {}, Instant to = {});

    std::unique_ptr<sqlite3, Close> db_;
    Statement update_, insert_, held_;
};

}  // namespace quorumlock::testing
