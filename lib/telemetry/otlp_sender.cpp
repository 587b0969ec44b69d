#include "lib/telemetry/otlp_sender.h"

#include <algorithm>
#include <utility>

namespace quorumlock::telemetry {

namespace {

constexpr Nanos kFirstPause = std::chrono::seconds(1);
constexpr Nanos kMostPause = std::chrono::seconds(10);
/// However long a receiver asks us to stay away.
constexpr Nanos kMostAskedPause = std::chrono::minutes(5);

}  // namespace

void OtlpSender::consider() {
    if (phase_ != Phase::idle) return;
    const std::size_t waiting = source_.waiting();
    if (waiting == 0) return;
    Instant when = env_.event_now();
    if (waiting < settings_.options.max_batch && !source_.hurries()) {
        when += settings_.options.schedule_delay;
        if (alarm_.armed()) when = std::min(when, alarm_.when());
    }
    when = std::max(when, not_before_);
    if (when > env_.event_now()) {
        env_.arm(alarm_, when);
    } else {
        start_batch();
    }
}

void OtlpSender::on_alarm() {
    if (phase_ == Phase::idle) {
        start_batch();
    } else if (phase_ == Phase::pausing) {
        attempt();
    } else if (phase_ == Phase::looking_up) {
        lookup_.reset();
        again("the name look-up took too long", Nanos{0});
    }
}

void OtlpSender::start_batch() {
    env_.disarm(alarm_);
    batch_ = source_.take(settings_.options.max_batch);
    if (batch_.empty()) return;
    for (FinishedSpan& span : batch_) {
        span.trace_high = env_.random_u64();
        span.trace_low = env_.random_u64() | 1;
        span.id = env_.random_u64() | 1;
    }
    body_ = otlp_request(batch_, settings_.service_name);
    give_up_at_ = env_.event_now() + settings_.options.retry_for;
    attempt();
}

void OtlpSender::attempt() {
    if (!addresses_.empty()) return ask();
    phase_ = Phase::looking_up;
    env_.arm(alarm_, env_.event_now() + settings_.options.timeout);
    lookup_ = env_.look_up(settings_.to.host, *this);
}

void OtlpSender::on_addresses(std::span<const std::string> addresses, std::string_view why) {
    const auto done = std::move(lookup_);
    env_.disarm(alarm_);
    addresses_.assign(addresses.begin(), addresses.end());
    address_ = 0;
    if (addresses_.empty()) {
        again(std::string(why), Nanos{0});
    } else {
        ask();
    }
}

void OtlpSender::ask() {
    phase_ = Phase::asking;
    env::HttpRequest request;
    request.method = env::HttpRequest::Method::post;
    request.address = addresses_[address_];
    request.port = settings_.to.port;
    request.host = settings_.to.authority;
    request.target = settings_.to.target;
    request.headers = settings_.headers;
    request.body = body_;
    request.time_limit = settings_.options.timeout;
    call_ = env_.request(request, *this);
}

void OtlpSender::on_answer(const env::HttpAnswer& answer) {
    const auto done = std::move(call_);
    OtlpVerdict verdict = read_otlp_answer(answer, settings_.secrets);
    if (verdict.what == OtlpVerdict::What::again) {
        if (answer.status == 0 && address_ + 1 < addresses_.size()) {
            ++address_;
            return ask();
        }
        if (answer.status == 0) addresses_.clear();  // The name may have moved.
        return again(std::move(verdict.why), verdict.pause);
    }
    Outcome outcome{.why = std::move(verdict.why)};
    if (verdict.what == OtlpVerdict::What::taken) {
        backoff_ = Nanos{0};
        outcome.lost = std::min(verdict.rejected, batch_.size());
    } else {
        outcome.lost = batch_.size();
    }
    outcome.exported = batch_.size() - outcome.lost;
    settle(outcome);
}

void OtlpSender::again(std::string why, Nanos asked_pause) {
    trouble_ = std::move(why);
    backoff_ = std::clamp(2 * backoff_, kFirstPause, kMostPause);
    // Jittered by a quarter: receivers that come back are not met by all at once.
    const auto jitter = static_cast<std::int64_t>((env_.random_u64() >> 11) %
                                                  static_cast<std::uint64_t>(backoff_.count() / 2));
    const Nanos pause = backoff_ * 3 / 4 + Nanos(jitter);
    not_before_ = env_.event_now() + std::max(pause, std::min(asked_pause, kMostAskedPause));
    if (not_before_ > give_up_at_) {
        settle({.lost = batch_.size(), .why = trouble_});
        return;
    }
    phase_ = Phase::pausing;
    env_.arm(alarm_, not_before_);
}

void OtlpSender::settle(const Outcome& outcome) {
    phase_ = Phase::idle;
    batch_.clear();
    body_.clear();
    trouble_.clear();
    source_.on_batch(outcome);
    consider();
}

}  // namespace quorumlock::telemetry
