// Counters, histograms and gauges in Prometheus' text format.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <quorumlock/observer.h>

namespace quorumlock {

struct PrometheusOptions {
    /// Into which group a resource is counted, as the label `group` of the counters by outcome:
    /// "orders:42" -> "orders". Empty: no such label. Called on the service's own thread; must not
    /// throw. More than max_groups groups (1 .. 1000, else the nearest) are counted as "other".
    std::function<std::string(std::string_view resource)> group{};
    std::size_t max_groups = 100;
};

/// Give it to ServiceOptions::observer, and serve text() from your own HTTP server, as
/// `text/plain; version=0.0.4`. May observe several services: they are counted together, but
/// for the gauges, which are those of whichever told last.
///
///  - counters: quorumlock_{acquires,extends,releases,breaks,holds,executes}_total by `outcome`,
///    quorumlock_node_answers_total by `node`, `step` and `vote`, quorumlock_dropped_events_total
///  - histograms, in seconds: quorumlock_{acquire,wait,hold}_seconds, and
///    quorumlock_node_round_trip_seconds by `node`, of nodes that answered
///  - gauges: quorumlock_{held,waiting,undo_pending}
class PrometheusMetrics final : public Observer {
  public:
    explicit PrometheusMetrics(PrometheusOptions options = {});
    ~PrometheusMetrics() override;

    /// All of it, as of now. Any thread.
    std::string text() const;

    void on_acquire(const AcquireEvent& event) override;
    void on_extend(const ExtendEvent& event) override;
    void on_release(const ReleaseEvent& event) override;
    void on_break(const BreakEvent& event) override;
    void on_hold_end(const HoldEvent& event) override;
    void on_node_answer(const NodeAnswerEvent& event) override;
    void on_execute(const ExecuteEvent& event) override;
    void on_gauges(const Gauges& gauges) override;
    void on_dropped(std::size_t count) override;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace quorumlock
