// A database row that refuses writers whose lock has ended without their knowing: each write brings
// the lock's fence, and the row takes none that is smaller than the largest it has seen.
#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "late_writer.h"

namespace {

struct Close {
    void operator()(sqlite3* db) const { sqlite3_close(db); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;

/// Both the check and the write are one statement: whatever comes between two statements does not
/// come between them. No row changed: somebody with a later lock has been here.
Written write(sqlite3* db, const std::string& text, std::uint64_t fence) {
    if (fence == 0) return Written::failed;  // these nodes give none
    sqlite3_stmt* made = nullptr;
    if (sqlite3_prepare_v2(db,
                           "UPDATE document SET text = ?1, fence = ?2 "
                           "WHERE id = 7 AND fence <= ?2",
                           -1, &made, nullptr) != SQLITE_OK) {
        return Written::failed;
    }
    const std::unique_ptr<sqlite3_stmt, Close> statement(made);
    sqlite3_bind_text(made, 1, text.c_str(), -1, SQLITE_STATIC);
    sqlite3_bind_int64(made, 2, static_cast<std::int64_t>(fence));  // at most 2^53
    if (sqlite3_step(made) != SQLITE_DONE) return Written::failed;
    return sqlite3_changes(db) == 1 ? Written::yes : Written::refused;
}

Database open_database(const char* file) {
    sqlite3* made = nullptr;
    const int opened = sqlite3_open(file, &made);
    Database db(made);
    sqlite3_busy_timeout(made, 10'000);
    const char* const table =
        "CREATE TABLE IF NOT EXISTS document"
        " (id INTEGER PRIMARY KEY, text TEXT NOT NULL, fence INTEGER NOT NULL CHECK (fence >= 0));"
        "INSERT OR IGNORE INTO document VALUES (7, '', 0)";
    if (opened != SQLITE_OK || sqlite3_exec(made, table, nullptr, nullptr, nullptr) != SQLITE_OK) {
        return nullptr;
    }
    return db;
}

}  // namespace

// WHERE is the database's file.
int main(int argc, char** argv) {
    const Database db = open_database(argc > 1 ? argv[1] : ":memory:");
    if (db == nullptr) return std::puts("no database"), 1;
    return late_writer(argc, argv, [&](const std::string& text, std::uint64_t fence) {
        return write(db.get(), text, fence);
    });
}
