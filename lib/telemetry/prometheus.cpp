#include <quorumlock/telemetry/prometheus.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "lib/telemetry/histogram.h"

namespace quorumlock {

using telemetry::Histogram;

namespace {

/// A label value as the format wants it.
std::string escaped(std::string_view value) {
    std::string text;
    for (const char c : value) {
        if (c == '\n') {
            text += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') text += '\\';
        text += c;
    }
    return text;
}

std::string label(std::string_view name, std::string_view value) {
    return std::string(name) + "=\"" + escaped(value) + "\"";
}

const char* outcome_of(const std::optional<Errc>& error) {
    return error ? errc_name(*error) : "ok";
}

void head(std::string& text, std::string_view name, std::string_view type, std::string_view help) {
    text += "# HELP " + std::string(name) + " " + std::string(help) + "\n";
    text += "# TYPE " + std::string(name) + " " + std::string(type) + "\n";
}

/// One metric: labels -> count. A map, so that the text has an order.
struct Counter {
    const char* name;
    const char* help;
    std::map<std::string, std::uint64_t> series{};

    void append_to(std::string& text) const {
        head(text, name, "counter", help);
        for (const auto& [labels, count] : series) {
            text += std::string(name) + (labels.empty() ? "" : "{" + labels + "}") + " " +
                    std::to_string(count) + "\n";
        }
    }
};

struct Histograms {
    const char* name;
    const char* help;
    std::map<std::string, Histogram> series{};

    void append_to(std::string& text) const {
        head(text, name, "histogram", help);
        for (const auto& [labels, histogram] : series) histogram.append_to(text, name, labels);
    }
};

void append_gauge(std::string& text, std::string_view name, std::string_view help,
                  std::size_t value) {
    head(text, name, "gauge", help);
    text += std::string(name) + " " + std::to_string(value) + "\n";
}

}  // namespace

struct PrometheusMetrics::State {
    PrometheusOptions options;

    std::mutex mutex;  // guards all below; not held while options.group is called
    std::set<std::string> groups;
    Counter acquires{"quorumlock_acquires_total", "Acquires that ended, by outcome."};
    Counter extends{"quorumlock_extends_total", "Extensions that ended, by outcome."};
    Counter releases{"quorumlock_releases_total", "Releases that ended, by outcome."};
    Counter breaks{"quorumlock_breaks_total", "Locks taken away by somebody, by outcome."};
    Counter holds{"quorumlock_holds_total", "Locks that are held no more, by how it ended."};
    Counter executes{"quorumlock_executes_total",
                     "Functions under a lock, by what became of them."};
    Counter answers{"quorumlock_node_answers_total", "Answers of nodes, by step and vote."};
    Counter dropped{
        "quorumlock_dropped_events_total", "Events that telemetry was too slow for.", {{"", 0}}};
    Histograms acquire{"quorumlock_acquire_seconds",
                       "Time from the start of an acquire to its end."};
    Histograms wait{"quorumlock_wait_seconds", "Time before an acquire's last attempt."};
    Histograms hold{"quorumlock_hold_seconds", "Time for which a lock was held."};
    Histograms round_trip{"quorumlock_node_round_trip_seconds", "Time to a node's answer."};
    Gauges gauges;

    /// `outcome`, and `group` where one is wanted.
    std::string labels(std::string_view outcome, std::string_view group) {
        std::string text = label("outcome", outcome);
        if (!options.group) return text;
        std::string known(group);
        if (!groups.contains(known)) {
            if (groups.size() < options.max_groups) {
                groups.insert(known);
            } else {
                known = "other";
            }
        }
        return text + "," + label("group", known);
    }
    std::string group_of(std::string_view resource) const {
        return options.group ? options.group(resource) : std::string();
    }
    void count(Counter& counter, std::string_view resource, std::string_view outcome) {
        const std::string group = group_of(resource);
        const std::lock_guard lock(mutex);
        ++counter.series[labels(outcome, group)];
    }
};

PrometheusMetrics::PrometheusMetrics(PrometheusOptions options)
    : state_(std::make_unique<State>()) {
    options.max_groups = std::clamp<std::size_t>(options.max_groups, 1, 1000);
    state_->options = std::move(options);
}

PrometheusMetrics::~PrometheusMetrics() = default;

std::string PrometheusMetrics::text() const {
    std::string text;
    const State& s = *state_;
    const std::lock_guard lock(state_->mutex);
    for (const Counter* counter : {&s.acquires, &s.extends, &s.releases, &s.breaks, &s.holds,
                                   &s.executes, &s.answers, &s.dropped}) {
        counter->append_to(text);
    }
    for (const Histograms* histograms : {&s.acquire, &s.wait, &s.hold, &s.round_trip}) {
        histograms->append_to(text);
    }
    append_gauge(text, "quorumlock_held", "Locks held now.", s.gauges.held);
    append_gauge(text, "quorumlock_waiting", "Acquires under way.", s.gauges.waiting);
    append_gauge(text, "quorumlock_undo_pending", "Undos that nodes have not answered.",
                 s.gauges.undo_pending);
    return text;
}

void PrometheusMetrics::on_acquire(const AcquireEvent& event) {
    state_->count(state_->acquires, event.resource, outcome_of(event.error));
    const std::lock_guard lock(state_->mutex);
    state_->acquire.series[""].add(event.duration);
    state_->wait.series[""].add(event.waited);
}

void PrometheusMetrics::on_extend(const ExtendEvent& event) {
    const std::string group = state_->group_of(event.resource);
    const std::lock_guard lock(state_->mutex);
    ++state_->extends.series[state_->labels(outcome_of(event.error), group) + "," +
                             label("renewal", event.renewal ? "true" : "false")];
}

void PrometheusMetrics::on_release(const ReleaseEvent& event) {
    state_->count(state_->releases, event.resource, outcome_of(event.error));
}

void PrometheusMetrics::on_break(const BreakEvent& event) {
    state_->count(state_->breaks, event.resource, outcome_of(event.error));
}

void PrometheusMetrics::on_hold_end(const HoldEvent& event) {
    state_->count(state_->holds, event.resource, hold_end_name(event.end));
    const std::lock_guard lock(state_->mutex);
    state_->hold.series[""].add(event.duration);
}

void PrometheusMetrics::on_node_answer(const NodeAnswerEvent& event) {
    const std::string node = label("node", event.node);
    const std::lock_guard lock(state_->mutex);
    ++state_->answers.series[node + "," + label("step", node_step_name(event.step)) + "," +
                             label("vote", node_vote_name(event.vote))];
    if (event.vote == NodeVote::granted || event.vote == NodeVote::refused) {
        state_->round_trip.series[node].add(event.duration);
    }
}

void PrometheusMetrics::on_execute(const ExecuteEvent& event) {
    const char* outcome = event.error  ? errc_name(*event.error)
                          : !event.ran ? "contended"
                          : event.held ? "ran"
                                       : "outlived";
    state_->count(state_->executes, event.resource, outcome);
}

void PrometheusMetrics::on_gauges(const Gauges& gauges) {
    const std::lock_guard lock(state_->mutex);
    state_->gauges = gauges;
}

void PrometheusMetrics::on_dropped(std::size_t count) {
    const std::lock_guard lock(state_->mutex);
    state_->dropped.series[""] += count;
}

}  // namespace quorumlock
