#include "tests/support/grant_ledger.h"

#include <cstdio>
#include <cstdlib>

namespace quorumlock::testing {

namespace {

[[noreturn]] void give_up(sqlite3* db, std::string_view doing) {
    std::fprintf(stderr, "GrantLedger: %s: %.*s\n", sqlite3_errmsg(db),
                 static_cast<int>(doing.size()), doing.data());
    std::exit(70);
}

// Nothing here has to survive a power cut.
constexpr const char* kTables =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = OFF;"
    "CREATE TABLE IF NOT EXISTS latest (resource TEXT PRIMARY KEY, fence INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS grants ("
    " resource TEXT NOT NULL, fence INTEGER NOT NULL, asked INTEGER NOT NULL,"
    " granted INTEGER NOT NULL, refused INTEGER NOT NULL, held_until INTEGER,"
    " PRIMARY KEY (resource, fence)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS violations (text TEXT NOT NULL);";

// The fence of one that was complete before this one was asked for is larger. (Of all with a larger
// fence the earliest completion is looked at.)
constexpr std::string_view kUnordered =
    "SELECT count(*) FROM (SELECT asked, min(granted) OVER (PARTITION BY resource"
    " ORDER BY fence DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS complete"
    " FROM grants) WHERE complete < asked";

// Neighbours suffice: where none overlaps or goes down, no two do.
constexpr std::string_view kNeighbours =
    "SELECT count(*) FROM (SELECT fence, granted,"
    " lag(fence) OVER (PARTITION BY resource ORDER BY granted) AS fence_before,"
    " lag(held_until) OVER (PARTITION BY resource ORDER BY granted) AS until_before"
    " FROM grants WHERE held_until IS NOT NULL) WHERE ";

// What lies before the first and behind the last grant counts as well.
constexpr std::string_view kPause =
    "SELECT max(at - before) FROM (SELECT at, lag(at) OVER (ORDER BY at) AS before FROM"
    " (SELECT granted AS at FROM grants WHERE granted >= ?1 AND granted < ?2"
    " UNION ALL SELECT ?1 UNION ALL SELECT ?2))";

std::int64_t nanos(Instant at) { return at.time_since_epoch().count(); }

}  // namespace

GrantLedger::GrantLedger(const std::string& file) {
    sqlite3* db = nullptr;
    const int opened = sqlite3_open(file.c_str(), &db);
    db_.reset(db);
    if (opened != SQLITE_OK) give_up(db, file);
    sqlite3_busy_timeout(db, 60'000);
    run(kTables);
    update_ = prepare(
        "INSERT INTO latest VALUES (?1, ?2)"
        " ON CONFLICT (resource) DO UPDATE SET fence = ?2 WHERE fence < ?2");
    insert_ = prepare("INSERT INTO grants VALUES (?1, ?2, ?3, ?4, ?5, NULL)");
    held_ = prepare("UPDATE grants SET held_until = ?5 WHERE resource = ?1 AND fence = ?2");
}

GrantLedger::Statement GrantLedger::prepare(std::string_view sql) {
    sqlite3_stmt* made = nullptr;
    const auto size = static_cast<int>(sql.size());
    if (sqlite3_prepare_v2(db_.get(), sql.data(), size, &made, nullptr) != SQLITE_OK) {
        give_up(db_.get(), sql);
    }
    return Statement(made);
}

void GrantLedger::run(std::string_view sql) {
    if (sqlite3_exec(db_.get(), std::string(sql).c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
        give_up(db_.get(), sql);
    }
}

/// False where a row with this key is there already, or none was changed.
bool GrantLedger::change(sqlite3_stmt* statement, const Grant& grant, std::int64_t more) {
    sqlite3_bind_text(statement, 1, grant.resource.c_str(), -1, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, static_cast<std::int64_t>(grant.fence));
    if (sqlite3_bind_parameter_count(statement) > 2) {
        sqlite3_bind_int64(statement, 3, nanos(grant.asked));
        sqlite3_bind_int64(statement, 4, nanos(grant.granted));
        sqlite3_bind_int64(statement, 5, more);
    }
    const int end = sqlite3_step(statement);
    if (end != SQLITE_DONE && end != SQLITE_CONSTRAINT) give_up(db_.get(), "a change");
    sqlite3_reset(statement);
    return end == SQLITE_DONE && sqlite3_changes(db_.get()) == 1;
}

bool GrantLedger::write(const Grant& grant) {
    run("BEGIN IMMEDIATE");
    const bool written = change(update_.get(), grant, 0);
    const bool fresh = change(insert_.get(), grant, written ? 0 : 1);
    run("COMMIT");
    if (!fresh) {
        add_violation("fence " + std::to_string(grant.fence) + " of " + grant.resource +
                      " was given twice");
    }
    return written;
}

void GrantLedger::was_held(const Grant& grant, Instant until) {
    if (!change(held_.get(), grant, nanos(until))) give_up(db_.get(), "no such grant");
}

void GrantLedger::add_violation(const std::string& text) {
    const Statement statement = prepare("INSERT INTO violations VALUES (?1)");
    sqlite3_bind_text(statement.get(), 1, text.c_str(), -1, SQLITE_STATIC);
    if (sqlite3_step(statement.get()) != SQLITE_DONE) give_up(db_.get(), text);
}

long GrantLedger::count(std::string_view sql, Instant from, Instant to) {
    const Statement statement = prepare(sql);
    const int parameters = sqlite3_bind_parameter_count(statement.get());
    if (parameters > 0) sqlite3_bind_int64(statement.get(), 1, nanos(from));
    if (parameters > 1) sqlite3_bind_int64(statement.get(), 2, nanos(to));
    if (sqlite3_step(statement.get()) != SQLITE_ROW) give_up(db_.get(), sql);
    return static_cast<long>(sqlite3_column_int64(statement.get(), 0));
}

long GrantLedger::grants_between(Instant from, Instant to) {
    return count("SELECT count(*) FROM grants WHERE granted >= ?1 AND granted < ?2", from, to);
}

Nanos GrantLedger::longest_pause(Instant from, Instant to) {
    return Nanos(count(kPause, from, to));
}

std::optional<Instant> GrantLedger::first_asked_from(Instant at) {
    const long first = count("SELECT ifnull(min(granted), 0) FROM grants WHERE asked >= ?1", at);
    return first == 0 ? std::nullopt : std::optional(Instant(Nanos(first)));
}

Verdict GrantLedger::verdict() {
    Verdict v;
    v.grants = grants();
    v.held = count("SELECT count(*) FROM grants WHERE held_until IS NOT NULL");
    v.refused = count("SELECT count(*) FROM grants WHERE refused");
    v.violations = count("SELECT count(*) FROM violations");
    v.unordered = count(kUnordered);
    v.disordered = count(std::string(kNeighbours) + "fence_before >= fence");
    v.overlapping = count(std::string(kNeighbours) + "until_before > granted");
    const Statement first = prepare("SELECT text FROM violations LIMIT 1");
    if (sqlite3_step(first.get()) == SQLITE_ROW) {
        v.first_violation = reinterpret_cast<const char*>(sqlite3_column_text(first.get(), 0));
    }
    return v;
}

}  // namespace quorumlock::testing
