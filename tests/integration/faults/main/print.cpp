#include "tests/integration/faults/main/print.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/cli/table.h"

namespace quorumlock::testing::faults {

namespace {

using Cells = std::vector<std::string>;

long ms(Nanos time) { return static_cast<long>(time.count() / 1'000'000); }
std::string ms_text(Nanos time) { return std::to_string(ms(time)) + " ms"; }

std::string grants_text(const Row& row) {
    return std::to_string(row.before) + " / " + std::to_string(row.during) + " / " +
           std::to_string(row.after);
}

std::string worst_text(const Row& row) {
    const Took& worst = row.worst();
    return worst.verb + " " + std::to_string(ms(worst.longest)) + " of " +
           std::to_string(ms(worst.limit)) + " ms";
}

std::string state_of(const Row& row) {
    if (!row.skipped.empty()) return "skipped: " + row.skipped;
    if (row.ok()) return "ok";
    std::string text = "BROKEN: " + row.broken.front();
    std::replace(text.begin(), text.end(), '\n', ';');
    return text;
}

bool was_run(const Row& row) { return row.skipped.empty() && !row.took.empty(); }

Cells text_cells(const Row& row) {
    if (!was_run(row))
        return {row.name, "-", "-", "-", "-", "-", "-", "-", "-", "-", state_of(row)};
    return {row.name,
            grants_text(row),
            ms_text(row.longest_pause),
            ms_text(row.on_after_begin),
            ms_text(row.on_after_end),
            worst_text(row),
            ms_text(row.machine_late),
            std::to_string(row.violations),
            std::to_string(row.left_at_once) + " / " + std::to_string(row.left),
            std::to_string(row.memory_growth) + " KiB",
            state_of(row)};
}

Cells markdown_cells(const Row& row) {
    if (!was_run(row)) return {"`" + row.name + "`: " + row.what, state_of(row), "", "", "", ""};
    return {"`" + row.name + "`: " + row.what, grants_text(row),
            ms_text(row.longest_pause),        worst_text(row),
            std::to_string(row.violations),    std::to_string(row.left)};
}

std::string piped(const Cells& cells) {
    std::string line = "|";
    for (const std::string& cell : cells) line += " " + cell + " |";
    return line + "\n";
}

nlohmann::ordered_json json_of(const Row& row) {
    nlohmann::ordered_json object{{"fault", row.name}, {"what", row.what}, {"ok", row.ok()}};
    if (!row.skipped.empty()) object["skipped"] = row.skipped;
    if (!row.broken.empty()) object["broken"] = row.broken;
    if (!was_run(row)) return object;
    object["grants"] = {{"before", row.before}, {"during", row.during}, {"after", row.after}};
    object["lasted_ms"] = ms(row.lasted);
    object["longest_pause_ms"] = ms(row.longest_pause);
    object["on_after_begin_ms"] = ms(row.on_after_begin);
    object["on_after_end_ms"] = ms(row.on_after_end);
    for (const Took& each : row.took) {
        object["longest"][each.verb] = {{"ms", ms(each.longest)}, {"limit_ms", ms(each.limit)}};
    }
    object["machine_late_ms"] = ms(row.machine_late);
    object["violations"] = row.violations;
    object["left_behind"] = {{"at_once", row.left_at_once}, {"after_undo_time", row.left}};
    object["memory_growth_kib"] = row.memory_growth;
    return object;
}

}  // namespace

std::string as_text(const std::vector<Row>& rows) {
    std::vector<Cells> cells{{"fault", "grants before / during / after", "longest pause",
                              "on after begin", "after end", "longest operation", "machine late",
                              "violations", "left at once / later", "memory", ""}};
    for (const Row& row : rows) cells.push_back(text_cells(row));
    return cli::table_text(cells);
}

std::string as_markdown(const std::vector<Row>& rows, const std::string& when) {
    std::string text = when + "\n\n" +
                       piped({"fault", "grants before / during / after", "longest pause",
                              "longest operation", "violations", "left behind"}) +
                       piped({"---", "---", "---", "---", "---", "---"});
    for (const Row& row : rows) text += piped(markdown_cells(row));
    return text;
}

std::string as_json(const std::vector<Row>& rows) {
    nlohmann::ordered_json all = nlohmann::ordered_json::array();
    for (const Row& row : rows) all.push_back(json_of(row));
    return all.dump(2) + "\n";
}

}  // namespace quorumlock::testing::faults
