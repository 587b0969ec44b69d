// A database row that refuses writers whose lock has ended without their knowing: each write brings
// the lock's fence, and the row takes none that is smaller than the largest it has seen.
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <memory>

#include <quorumlock/lock_service.h>

#include "nodes.h"

using namespace std::chrono_literals;
using quorumlock::Lock;
using quorumlock::LockService;

namespace {

struct Close {
    void operator()(sqlite3* db) const { sqlite3_close(db); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;

/// Both the check and the write are one statement: whatever comes between two statements does not
/// come between them. True: it was written; false: somebody with a later lock has been here.
bool write(sqlite3* db, const char* text, std::uint64_t fence) {
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v2(db,
                           "UPDATE document SET text = ?1, fence = ?2 "
                           "WHERE id = 7 AND fence <= ?2",
                           -1, &made, nullptr) != SQLITE_OK) {
        return false;
    }
    const std::unique_ptr<sqlite3_stmt, Close> statement(made);
    sqlite3_bind_text(made, 1, text, -1, SQLITE_STATIC);
    sqlite3_bind_int64(made, 2, static_cast<std::int64_t>(fence));  // at most 2^53
    return sqlite3_step(made) == SQLITE_DONE && sqlite3_changes(db) == 1;
}

Database open_database() {
    sqlite3* made = nullptr;
    const int opened = sqlite3_open(":memory:", &made);
    Database db(made);
    const char* const table =
        "CREATE TABLE document (id INTEGER PRIMARY KEY, text TEXT NOT NULL,"
        "                       fence INTEGER NOT NULL CHECK (fence >= 0));"
        "INSERT INTO document VALUES (7, '', 0)";
    if (opened != SQLITE_OK || sqlite3_exec(made, table, nullptr, nullptr, nullptr) != SQLITE_OK) {
        return nullptr;
    }
    return db;
}

}  // namespace

int main() {
    const Database db = open_database();
    if (db == nullptr) return std::puts("no database"), 1;
    auto service = LockService::open(node_uris());
    if (!service) return std::puts(service.error().to_string().c_str()), 1;

    auto slow = service->acquire("document:7", {.ttl = 100ms, .wait = 10s}).get();
    if (!slow) return std::puts(slow.error().to_string().c_str()), 1;
    // ... it reads the document, and is then stopped for longer than its lease: a full disk, a
    // debugger, a machine that was suspended. Meanwhile another gets the lock, and works.
    auto quick = service->acquire("document:7", {.ttl = 30s, .wait = 10s}).get();
    if (!quick) return std::puts(quick.error().to_string().c_str()), 1;
    const bool second = write(db.get(), "by the second", quick->fence());
    std::printf("the second holder: %s\n", second ? "written" : "refused");

    // The first goes on where it stopped. No look at held() would do: it may be stopped behind it.
    const bool first = write(db.get(), "by the first", slow->fence());
    std::printf("the first holder, which comes too late: %s\n", first ? "written" : "refused");

    const bool again = write(db.get(), "by the second, again", quick->fence());
    return second && !first && again ? 0 : 1;
}
