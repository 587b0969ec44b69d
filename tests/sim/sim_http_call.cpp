#include "tests/sim/sim_http_call.h"

#include <utility>

namespace quorumlock::sim {

namespace {

/// Understood, and the answer to what was asked.
bool is_clean(const env::HttpAnswer& answer) {
    if (answer.status == 204) return true;
    return answer.status == 200 && answer.content_type == "application/json";
}

}  // namespace

SimHttpCall::SimHttpCall(SimDapr& dapr, SimProcess& process, std::size_t exchange,
                         const env::HttpRequest& request, env::HttpEvents& events)
    : dapr_(dapr),
      process_(process),
      exchange_(exchange),
      events_(events),
      limit_(std::to_string(request.time_limit.count() / kMilli)) {
    process_.arm(*this, process_.event_now() + request.time_limit);
}

SimHttpCall::~SimHttpCall() {
    process_.forget(*this);
    if (!over_) dapr_.abandon(exchange_);
}

void SimHttpCall::take(const env::HttpAnswer& answer) {
    answer_ = answer;
    // What it points to goes with the exchange.
    type_ = answer.content_type;
    body_ = answer.body;
    why_ = answer.why;
    answer_.content_type = type_;
    answer_.body = body_;
    answer_.why = why_;
    process_.input(*this);
}

void SimHttpCall::deliver() {
    if (over_) return;
    over_ = true;
    process_.disarm(*this);
    dapr_.told(exchange_, is_clean(answer_));
    tell(answer_);
}

void SimHttpCall::fire() {
    if (over_) return;
    over_ = true;
    process_.forget(*this);
    why_ = "no answer within " + limit_ + " ms";
    env::HttpAnswer answer;
    answer.timed_out = true;
    answer.may_be_sent = dapr_.abandon(exchange_);
    answer.why = why_;
    tell(answer);
}

void SimHttpCall::tell(const env::HttpAnswer& answer) {
    process_.world().trace().note(process_.time(), Mark::received, exchange_, answer.body, [&] {
        return process_.name() + " <- http " + std::to_string(exchange_) + ": " +
               (answer.status == 0
                    ? std::string(answer.why)
                    : std::to_string(answer.status) + " " + std::string(answer.body));
    });
    events_.on_answer(answer);  // May destroy this.
}

}  // namespace quorumlock::sim
