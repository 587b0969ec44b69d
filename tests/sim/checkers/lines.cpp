#include "tests/sim/checkers/lines.h"

#include <algorithm>
#include <utility>

namespace quorumlock::sim {

namespace {

constexpr Time kAtOnce = 400 * kMicro;
constexpr Time kInOrder = kSecond;
constexpr Time kLastTry = 11 * kMilli;
constexpr int kMostInARow = 16;
constexpr std::size_t kNewest = 32;

}  // namespace

void Lines::joins(SimProcess& process, int service, int resource, int client, Nanos wait,
                  std::function<bool()> done) {
    places_.push_back({.process = &process,
                       .service = service,
                       .resource = resource,
                       .client = client,
                       .waits = wait > Nanos(0),
                       .ends = process.reading() + wait.count() - kLastTry,
                       .done = std::move(done)});
}

void Lines::leaves(int process, int client) {
    for (Place& place : places_) {
        if (place.left || place.process->index() != process || place.client != client) continue;
        place.left = true;
        place.left_at = place.process->reading();
        place.done = nullptr;
    }
}

void Lines::died(int process) {
    for (Place& place : places_) {
        if (place.process->index() == process) place.left = true;
        if (place.left) place.done = nullptr;
    }
}

void Lines::granted(int process, int client, const Attempt* attempt) {
    const auto is_his = [&](const Place& place) {
        return !place.left && place.process->index() == process && place.client == client;
    };
    const auto his = std::find_if(places_.begin(), places_.end(), is_his);
    if (attempt == nullptr || his == places_.end()) return leaves(process, client);
    // Where callbacks come late, who was first may be told second.
    const bool told_late =
        ledger_.plan().processes[static_cast<std::size_t>(process)].longest_lag > 0;
    int others = 0;
    for (auto place = places_.begin(); place != places_.end(); ++place) {
        if (place == his || !place->is_of(*attempt) || !place->waits) continue;
        if (!place->left || place->left_at >= attempt->written) ++others;
        if (told_late || !his->waits || place > his || place->over()) continue;
        verdict_.report("lines", "client " + std::to_string(client) + " was granted r" +
                                     std::to_string(attempt->resource) + " before client " +
                                     std::to_string(place->client) +
                                     ", which stood in the same line before it");
    }
    if (rows_.count(attempt->token) == 0) {
        rows_[attempt->token] = {.most = std::clamp(others, 1, kMostInARow)};
    }
    leaves(process, client);
}

/// Or asks without standing in line.
bool Lines::somebody_left(const Attempt& attempt, std::int64_t since) const {
    return std::any_of(places_.begin(), places_.end(), [&](const Place& place) {
        if (!place.is_of(attempt)) return false;
        if (place.left) return place.left_at >= since;
        return !place.waits || place.over();
    });
}

void Lines::look_for_two(const Asked& asked) {
    for (const Asked& other : asked_) {
        if (other.attempt->process != asked.attempt->process ||
            other.attempt->service != asked.attempt->service ||
            other.attempt->resource != asked.attempt->resource) {
            continue;
        }
        const Asked& first = other.written <= asked.written ? other : asked;
        const Asked& second = other.written <= asked.written ? asked : other;
        if (second.written >= first.read || second.written - first.written > kAtOnce) continue;
        if (somebody_left(*asked.attempt, first.written)) continue;
        // A process that is stopped between the asking and the write gives up what has just left.
        const auto process = static_cast<std::size_t>(asked.attempt->process);
        if (ledger_.plan().processes[process].traits.longest_theft > 0) continue;
        verdict_.report("lines", "two of one line ask for r" +
                                     std::to_string(asked.attempt->resource) + " at once, by " +
                                     first.attempt->name() + " and " + second.attempt->name());
    }
}

void Lines::hand_over(const Attempt& attempt, const std::string& giver) {
    const auto from = rows_.find(giver);
    Row row = from == rows_.end() ? Row{.most = kMostInARow} : from->second;
    ++row.length;
    rows_[attempt.token] = row;
    if (row.length <= row.most) return;
    verdict_.report("lines", "r" + std::to_string(attempt.resource) + " was handed over " +
                                 std::to_string(row.length) + " times in a row, and " +
                                 std::to_string(row.most) + " stood in line");
}

void Lines::on_attempt(SimProcess& process, const Attempt& attempt, std::int64_t written,
                       const std::string& giver) {
    if (!giver.empty()) return hand_over(attempt, giver);
    const Asked asked{&attempt, written, process.clock().at(world_.now())};
    const int nodes = ledger_.nodes();
    const Time in_order = ways_.in_order_since(process, attempt.service, nodes, nodes);
    if (in_order != kNever && in_order + kInOrder <= world_.now()) look_for_two(asked);
    asked_.push_back(asked);
    if (asked_.size() > kNewest) asked_.pop_front();
}

}  // namespace quorumlock::sim
