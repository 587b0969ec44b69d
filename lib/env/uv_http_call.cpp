#include "lib/env/uv_http_call.h"

#include <utility>

#include "lib/env/uv_core.h"
#include "lib/env/uv_http.h"

namespace quorumlock::env {

void UvHttpCall::start(const HttpRequest& request) {
    UvCore& core = http_->core();
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(request.time_limit);
    why_ = "no answer within " + std::to_string(limit.count()) + " ms";
    transfer_ = http_->begin(request, *this);
    Instant end = core.event_now() + request.time_limit;
    if (transfer_ == nullptr) {
        why_ = "out of memory or descriptors";
        end = core.event_now();
    }
    core.arm(*this, end);
}

void UvHttpCall::finish(CURLcode code) {
    UvHttp& http = *http_;
    http.core().disarm(*this);
    std::unique_ptr<HttpTransfer> transfer = std::move(transfer_);
    http.take_out(*transfer);
    events_.on_answer(transfer->answer(code));  // May destroy this.
    http.keep(std::move(transfer));
}

void UvHttpCall::fire() {
    const bool timed_out = transfer_ != nullptr;
    const bool may_be_sent = timed_out && transfer_->may_be_sent();
    if (timed_out) {
        http_->take_out(*transfer_);
        http_->keep(std::move(transfer_));
    }
    const std::string why = std::move(why_);
    HttpAnswer answer;
    answer.why = why;
    answer.timed_out = timed_out;
    answer.may_be_sent = may_be_sent;
    events_.on_answer(answer);  // May destroy this.
}

void UvHttpCall::shut() noexcept {
    if (http_ == nullptr) return;
    UvHttp& http = *std::exchange(http_, nullptr);
    http.core().disarm(*this);
    if (transfer_ != nullptr) {
        // A socket that is still being connected curl closes before it says so, and without asking
        // us to: its number could be another thread's by then.
        if (!transfer_->may_be_sent()) http.forget_socket(transfer_->socket());
        http.take_out(*transfer_);
        http.keep(std::move(transfer_));
    }
    http.forget(*this);
}

}  // namespace quorumlock::env
