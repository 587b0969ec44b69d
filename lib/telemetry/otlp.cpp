#include <quorumlock/telemetry/otlp.h>

#include <algorithm>
#include <utility>

#include "lib/env/loop_runner.h"
#include "lib/telemetry/otlp_queue.h"
#include "lib/telemetry/otlp_sender.h"

namespace quorumlock {

namespace {

using telemetry::FinishedSpan;
using telemetry::OtlpSender;
using telemetry::OtlpSettings;

constexpr Nanos kTellPause = std::chrono::seconds(10);
constexpr Nanos kMostFlush = std::chrono::hours(24);

}  // namespace

class OtlpExporter::State final : private OtlpSender::Source {
  public:
    State(std::unique_ptr<env::LoopRunner> runner, OtlpSettings settings)
        : settings_(std::move(settings)),
          queue_(settings_.options.max_queue, settings_.options.max_batch),
          runner_(std::move(runner)),
          sender_(settings_, runner_->env(), *this) {}
    ~State() { write(report()); }

    env::LoopRunner& runner() noexcept { return *runner_; }
    const OtlpOptions& options() const noexcept { return settings_.options; }
    const telemetry::OtlpQueue& queue() const noexcept { return queue_; }

    void push(const Span& span) {
        // By way of the own thread: sending is no work of the thread that has ended a span.
        if (queue_.push(telemetry::finished(span))) runner_->call_back(kick_, false);
    }
    Result<void> flush(Nanos limit);
    /// What nobody will send any more.
    void lose_the_rest() {
        const std::size_t left = queue_.counts().waiting;
        if (left == 0) return;
        queue_.settled(0, left);
        untold_.lost += left;
        if (untold_.why.empty()) untold_.why = sender_.trouble();
        if (untold_.why.empty()) untold_.why = "the exporter was closed";
    }

  private:
    /// One call of flush(); shared by the loop and by who waits.
    struct Flush final : env::Timer {
        Flush(State& s, Nanos l) : state(s), limit(l) {}
        void fire() override { state.end(*this); }
        State& state;
        const Nanos limit;
        std::uint64_t until = 0;
        bool done = false;
        std::string trouble;
        env::Signal ended;
    };
    /// Brings it to the loop, which takes a share: who waits may be gone as soon as `ended` is set.
    struct Start final : env::Task {
        explicit Start(std::shared_ptr<Flush> f) : flush(std::move(f)) {}
        void run() override {
            State& state = flush->state;
            state.start(std::move(flush));
            delete this;
        }
        std::shared_ptr<Flush> flush;
    };
    struct Kick final : env::Task {
        explicit Kick(State& s) : state(s) {}
        void run() override { state.runner_->run_in_loop(state.look_); }
        State& state;
    };
    struct Look final : env::Task {
        explicit Look(State& s) : state(s) {}
        void run() override { state.look(); }
        State& state;
    };
    /// One line, on its way to the own thread.
    struct Told final : env::Task {
        Told(State& s, std::string l) : state(s), line(std::move(l)) {}
        void run() override {
            state.write(line);
            delete this;
        }
        State& state;
        const std::string line;
    };
    struct TellLater final : env::Timer {
        explicit TellLater(State& s) : state(s) {}
        void fire() override { state.consider_telling(); }
        State& state;
    };

    std::size_t waiting() override { return queue_.waiting(); }
    std::vector<FinishedSpan> take(std::size_t most) override { return queue_.take(most); }
    bool hurries() override { return !flushes_.empty(); }
    void on_batch(const OtlpSender::Outcome& outcome) override;

    void look() {
        queue_.looks();
        sender_.consider();
        consider_telling();
    }
    void start(std::shared_ptr<Flush> flush);
    void end(Flush& flush);
    void end_flushes();
    void consider_telling();
    std::string report();
    void write(const std::string& line) {
        if (!line.empty() && settings_.options.tell) settings_.options.tell(line);
    }

    const OtlpSettings settings_;
    telemetry::OtlpQueue queue_;
    std::unique_ptr<env::LoopRunner> runner_;
    Kick kick_{*this};
    Look look_{*this};
    TellLater tell_later_{*this};
    // On the loop:
    OtlpSender sender_;
    std::vector<std::shared_ptr<Flush>> flushes_;
    OtlpSender::Outcome untold_;
    Instant tell_not_before_{};
};

void OtlpExporter::State::on_batch(const OtlpSender::Outcome& outcome) {
    queue_.settled(outcome.exported, outcome.lost);
    untold_.lost += outcome.lost;
    if (!outcome.why.empty()) untold_.why = outcome.why;
    consider_telling();
    end_flushes();
}

// ---- telling ----

void OtlpExporter::State::consider_telling() {
    if (tell_later_.armed()) return;
    env::Env& env = runner_->env();
    if (env.event_now() < tell_not_before_) {
        env.arm(tell_later_, tell_not_before_);
        return;
    }
    std::string line = report();
    if (line.empty()) return;
    tell_not_before_ = env.event_now() + kTellPause;
    runner_->call_back(*new Told(*this, std::move(line)), false);
}

/// What there is to say since the last time; empty: nothing.
std::string OtlpExporter::State::report() {
    const std::size_t dropped = queue_.take_untold_drops();
    const OtlpSender::Outcome untold = std::exchange(untold_, {});
    std::string line;
    if (untold.lost > 0) {
        line = std::to_string(untold.lost) + " spans were lost: " + untold.why;
    } else if (!untold.why.empty()) {
        line = "of the spans taken the receiver says: " + untold.why;
    }
    if (!line.empty()) line += " (" + settings_.to.authority + settings_.to.target + ")";
    if (dropped > 0) {
        line += (line.empty() ? "" : "; ") + std::to_string(dropped) +
                " spans were dropped: max_queue (" + std::to_string(settings_.options.max_queue) +
                ") were waiting";
    }
    return line;
}

// ---- flushing ----

Result<void> OtlpExporter::State::flush(Nanos limit) {
    if (runner_->on_callback_thread()) {
        return Error(Errc::would_deadlock, "flush() was called by the exporter's own thread");
    }
    const auto flush = std::make_shared<Flush>(*this, std::clamp(limit, Nanos{0}, kMostFlush));
    flush->until = queue_.accepted();
    runner_->run_in_loop(*new Start(flush));
    (void)runner_->wait(flush->ended);
    if (flush->done) return {};
    std::string text = std::to_string(queue_.counts().waiting) + " spans still wait";
    if (!flush->trouble.empty()) text += ": " + flush->trouble;
    return Error(Errc::timed_out, text);
}

void OtlpExporter::State::start(std::shared_ptr<Flush> flush) {
    env::Env& env = runner_->env();
    env.arm(*flush, env.event_now() + flush->limit);
    flushes_.push_back(std::move(flush));
    sender_.consider();
    end_flushes();
}

void OtlpExporter::State::end(Flush& flush) {
    const auto found = std::find_if(flushes_.begin(), flushes_.end(),
                                    [&](const auto& one) { return one.get() == &flush; });
    const std::shared_ptr<Flush> keep = std::move(*found);
    flushes_.erase(found);
    runner_->env().disarm(*keep);
    keep->trouble = sender_.trouble();
    runner_->set(keep->ended);
}

void OtlpExporter::State::end_flushes() {
    const OtlpCounts counts = queue_.counts();
    for (std::size_t i = 0; i < flushes_.size();) {
        Flush& flush = *flushes_[i];
        if (counts.exported + counts.lost < flush.until) {
            ++i;
            continue;
        }
        flush.done = true;
        end(flush);
    }
}

// ---- the public face ----

Result<std::shared_ptr<OtlpExporter>> OtlpExporter::open(OtlpOptions options) {
    auto runner = env::LoopRunner::create(nullptr);
    if (!runner) return std::move(runner).error();
    auto settings = telemetry::read_otlp_settings(std::move(options), (*runner)->env());
    if (!settings) return std::move(settings).error();
    auto state = std::make_shared<State>(*std::move(runner), *std::move(settings));
    state->runner().start();
    return std::shared_ptr<OtlpExporter>(new OtlpExporter(std::move(state)));
}

OtlpExporter::OtlpExporter(std::shared_ptr<State> state) : state_(std::move(state)) {}

OtlpExporter::~OtlpExporter() {
    if (state_->runner().forked()) {
        // The parent's loop and its thread are not ours to touch: let it be.
        new std::shared_ptr<State>(std::move(state_));
        return;
    }
    (void)flush(state_->options().drain_timeout);
    state_->runner().stop(state_);
    state_->lose_the_rest();
}

void OtlpExporter::on_span(const Span& span) {
    if (!state_->runner().forked()) state_->push(span);
}

Result<void> OtlpExporter::flush(Nanos limit) {
    if (state_->runner().forked()) return Error(Errc::closed, "this is a forked child");
    return state_->flush(limit);
}

OtlpCounts OtlpExporter::counts() const {
    // In a forked child a thread that is not there may hold the queue's mutex.
    return state_->runner().forked() ? OtlpCounts{} : state_->queue().counts();
}

}  // namespace quorumlock
