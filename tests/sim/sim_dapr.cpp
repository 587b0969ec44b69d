#include "tests/sim/sim_dapr.h"

#include <algorithm>
#include <utility>

#include "lib/resp/writer.h"
#include "tests/sim/plan.h"
#include "tests/sim/sim_http_call.h"
#include "tests/sim/sim_network.h"
#include "tests/sim/sim_process.h"
#include "tests/sim/sim_server.h"

namespace quorumlock::sim {

namespace {

// Of Dapr's Redis client, as observed.
constexpr Time kGivesUpRefused = 1'500 * kMilli;
constexpr Time kGivesUpHung = 3'500 * kMilli;
constexpr Time kAsksOnceMore = 3 * kSecond;
constexpr Time kLooksAgain = 50 * kMilli;
constexpr Time kNowhere = 200 * kMicro;

/// 200 and no answer: none of them may be taken for one.
constexpr const char* kGarbage[] = {
    "<html>welcome</html>",
    "{\"success\":1}",
    "{\"success\":\"true\"}",
    "{\"status\":\"0\"}",
    "{\"status\":3}",
    "{\"status\":0.5}",
    "[true]",
    "{}",
    "{\"success\":tr",
    "\xff\xfe\x00",
};

}  // namespace

/// One request, on its way, at the sidecar or before its store, and its answer on its way back.
struct SimDapr::Exchange final : public Event {
    Exchange(SimDapr& o, SimProcess& p, std::size_t i) : owner(o), process(p), index(i) {}
    void fire() override { owner.step(*this); }

    SimDapr& owner;
    SimProcess& process;
    const std::size_t index;
    SimHttpCall* call = nullptr;  ///< Null: its client does not wait (any more).
    enum class Stage : std::uint8_t {
        leaving,  ///< in the turn in which it was handed in
        going,
        halted,
        store,
        coming,
        over,
    } stage = Stage::leaving;
    env::HttpRequest::Method method{};
    std::string target, body;
    std::vector<std::string> headers;
    int service = 0;
    std::int64_t written = 0;
    bool fresh = false;    ///< Its connection has still to be made,
    bool silent = false;   ///< which will not happen,
    bool refused = false;  ///< or be refused.
    bool arrived = false;
    DaprAsk ask;
    Time asked_store = kNever;  ///< Since when.
    bool hung = false;          ///< The store did not answer for so long that it was asked again.
    HttpSaid said;
    const char* why = nullptr;
    bool may_be_sent = true;
};

SimDapr::SimDapr(World& world, Network& network, std::uint64_t seed, SimServer& server,
                 DaprEvents& events)
    : world_(world),
      network_(network),
      server_(server),
      events_(events),
      api_(kDaprKeys, "lockstore"),
      luck_(seed, Luck::dapr, 1) {}

SimDapr::~SimDapr() = default;

std::unique_ptr<env::HttpCall> SimDapr::request(SimProcess& process,
                                                const env::HttpRequest& request,
                                                env::HttpEvents& events) {
    Exchange& exchange = exchanges_.emplace_back(*this, process, exchanges_.size());
    auto call = std::make_unique<SimHttpCall>(*this, process, exchange.index, request, events);
    exchange.call = call.get();
    exchange.method = request.method;
    exchange.target = request.target;
    exchange.body = request.body;
    exchange.headers.assign(request.headers.begin(), request.headers.end());
    exchange.service = process.service;
    exchange.written = process.reading();
    exchange.fresh = luck_.chance(1, 4);
    const auto found =
        std::find_if(addresses_.begin(), addresses_.end(),
                     [&](const Address& address) { return address.text == request.address; });
    exchange.silent = found != addresses_.end() && found->silent;
    exchange.refused = found == addresses_.end();
    if (exchange.silent || exchange.refused) exchange.fresh = true;
    world_.trace().note(process.time(), Mark::sent, exchange.index, exchange.body, [&] {
        return process.name() + " -> http " + std::to_string(exchange.index) + ": " +
               exchange.target + " " + exchange.body;
    });
    if (process.cut_off()) return call;
    if (exchange.method == env::HttpRequest::Method::post && network_.on_round) {
        network_.on_round(process.index(), server_.index());
    }
    world_.arm(exchange, world_.now());
    return call;
}

bool SimDapr::abandon(std::size_t i) {
    Exchange& exchange = exchanges_[i];
    exchange.call = nullptr;
    events_.on_dapr_trouble(server_, exchange.process, false);
    return !exchange.fresh || exchange.arrived;
}

void SimDapr::told(std::size_t i, bool clean) {
    Exchange& exchange = exchanges_[i];
    exchange.call = nullptr;
    exchange.stage = Exchange::Stage::over;
    if (!clean) {
        events_.on_dapr_trouble(server_, exchange.process, exchange.why == nullptr);
    } else if (exchange.ask.what == DaprAsk::What::unlock) {
        events_.on_dapr_undone(server_, exchange.ask.owner, true);
    }
}

// ---- the way there and back ----

void SimDapr::step(Exchange& exchange) {
    const int process = exchange.process.index();
    const auto is_blocked = [&](Way way) {
        return exchange.process.is_suspended() ||
               network_.path(process, server_.index()).blocked[static_cast<std::size_t>(way)] > 0;
    };
    switch (exchange.stage) {
        case Exchange::Stage::leaving:
            exchange.stage = Exchange::Stage::going;
            world_.arm(exchange,
                       exchange.process.time() + network_.way(process, server_.index(), Way::up));
            break;
        case Exchange::Stage::going:
            if (exchange.fresh && !exchange.arrived && exchange.call == nullptr) break;
            if (exchange.silent || is_blocked(Way::up)) {
                world_.arm(exchange, world_.now() + network_.first_retransmit());
            } else {
                arrive(exchange);
            }
            break;
        case Exchange::Stage::store:
            ask_store(exchange);
            break;
        case Exchange::Stage::coming:
            if (exchange.call == nullptr || exchange.process.cut_off()) break;
            if (is_blocked(Way::down)) {
                world_.arm(exchange, world_.now() + network_.first_retransmit());
            } else {
                hand_over(exchange);
            }
            break;
        case Exchange::Stage::halted:
        case Exchange::Stage::over:
            break;
    }
}

void SimDapr::hand_over(Exchange& exchange) {
    env::HttpAnswer answer;
    answer.status = exchange.why == nullptr ? exchange.said.status : 0;
    answer.may_be_sent = exchange.may_be_sent;
    if (exchange.why == nullptr) {
        answer.content_type = exchange.said.type;
        answer.body = exchange.said.body;
    } else {
        answer.why = exchange.why;
    }
    exchange.call->take(answer);
}

void SimDapr::answer(Exchange& exchange, HttpSaid said) {
    exchange.stage = Exchange::Stage::coming;
    exchange.said = std::move(said);
    world_.trace().note(world_.now(), Mark::replied, exchange.index, exchange.said.body, [&] {
        return "the sidecar answers http " + std::to_string(exchange.index) + ": " +
               std::to_string(exchange.said.status) + " " + exchange.said.body;
    });
    world_.arm(exchange,
               world_.now() + network_.way(exchange.process.index(), server_.index(), Way::down));
}

void SimDapr::fail(Exchange& exchange, const char* why, bool may_be_sent) {
    exchange.stage = Exchange::Stage::coming;
    exchange.why = why;
    exchange.may_be_sent = may_be_sent;
    world_.trace().note(world_.now(), Mark::closed, exchange.index, std::string_view(why),
                        [&] { return "http " + std::to_string(exchange.index) + ": " + why; });
    world_.arm(exchange, world_.now() + kNowhere);
}

// ---- at the sidecar ----

bool SimDapr::struck(FaultKind kind, std::uint64_t some, std::uint64_t of) {
    return going_on(kind) > 0 && luck_.chance(some, of);
}

void SimDapr::arrive(Exchange& exchange) {
    if (exchange.refused || going_on(FaultKind::sidecar_restart) > 0) {
        // A kept connection is found to be gone when the request has left on it.
        return fail(exchange, "connection refused", !exchange.fresh);
    }
    exchange.arrived = true;
    read(exchange);
}

void SimDapr::read(Exchange& exchange) {
    if (going_on(FaultKind::sidecar_freeze) > 0) {
        exchange.stage = Exchange::Stage::halted;
        return;
    }
    exchange.ask = api_.read(exchange.method, exchange.target, exchange.headers, exchange.body);
    if (exchange.ask.what == DaprAsk::What::nothing) return answer(exchange, exchange.ask.answer);
    if (struck(FaultKind::sidecar_rejects)) {
        return answer(exchange, {401, "text/plain", "invalid api token\n"});
    }
    if (exchange.ask.what == DaprAsk::What::lock) {
        events_.on_dapr_lock(server_, exchange.process, exchange.service, exchange.written,
                             exchange.ask);
    } else {
        const bool open = std::any_of(exchanges_.begin(), exchanges_.end(), [&](const auto& one) {
            return one.call != nullptr && one.ask.what == DaprAsk::What::lock &&
                   one.ask.owner == exchange.ask.owner;
        });
        events_.on_dapr_unlock(server_, exchange.process, exchange.ask, open);
    }
    if (struck(FaultKind::sidecar_resets, 1, 4)) {
        return fail(exchange, "connection reset by peer", true);
    }
    exchange.stage = Exchange::Stage::store;
    exchange.asked_store = world_.now();
    if (struck(FaultKind::sidecar_late)) exchange.asked_store += luck_.scaled(kMicro, latest_);
    world_.arm(exchange, exchange.asked_store);
}

// ---- at its store ----

void SimDapr::ask_store(Exchange& exchange) {
    const bool left_behind = exchange.asked_store == kNever;  // by who has given up
    if (!left_behind && going_on(FaultKind::sidecar_freeze) > 0) {
        exchange.stage = Exchange::Stage::halted;
        return;
    }
    const Time waited = world_.now() - exchange.asked_store;
    if (server_.is_down()) {
        if (waited >= kGivesUpRefused) {
            return answer(exchange, api_.store_error(exchange.ask, "dial tcp: connection refused"));
        }
    } else if (server_.frozen()) {
        exchange.hung = waited >= kAsksOnceMore;
        if (waited >= kGivesUpHung) {
            // What was sent stays with the server, and is executed when it goes on.
            Exchange& left = exchanges_.emplace_back(*this, exchange.process, exchanges_.size());
            left.ask = exchange.ask;
            left.stage = Exchange::Stage::store;
            left.asked_store = kNever;
            world_.arm(left, world_.now() + kLooksAgain);
            return answer(exchange, api_.store_error(exchange.ask, "i/o timeout"));
        }
    } else {
        return apply(exchange);
    }
    if (server_.is_down() && left_behind) return;  // It was lost with the server.
    world_.arm(exchange, world_.now() + kLooksAgain);
}

std::string SimDapr::execute(const DaprAsk& ask) {
    events_.on_dapr_acts(ask.owner);
    const std::vector<std::string> words = api_.command(ask);
    std::string reply = server_.execute(std::vector<std::string_view>(words.begin(), words.end()));
    events_.on_dapr_acts({});
    if (ask.what == DaprAsk::What::unlock && reply.starts_with(':')) {
        events_.on_dapr_undone(server_, ask.owner, false);
    }
    return reply;
}

void SimDapr::apply(Exchange& exchange) {
    const DaprAsk& ask = exchange.ask;
    if (struck(FaultKind::sidecar_errors, 1, 4)) {
        return answer(exchange, api_.store_error(ask, "redis: connection pool timeout"));
    }
    std::string reply = execute(ask);
    // Its reply was lost, so its client repeats it: that finds what the first one has done.
    if (exchange.hung || struck(FaultKind::sidecar_lies)) reply = execute(ask);
    if (struck(FaultKind::sidecar_resets, 1, 3)) {
        return fail(exchange, "connection reset by peer", true);
    }
    if (struck(FaultKind::sidecar_errors, 1, 3)) {
        return answer(exchange, api_.store_error(ask, "read tcp: i/o timeout"));
    }
    if (struck(FaultKind::sidecar_garbage)) {
        return answer(exchange, {200, "text/html", kGarbage[luck_.below(std::size(kGarbage))]});
    }
    answer(exchange, api_.answer(ask, reply));
}

// ---- what can happen to it ----

void SimDapr::strike(const Fault& fault, bool on) {
    going_on(fault.kind) += on ? 1 : -1;
    if (fault.kind == FaultKind::sidecar_late) latest_ = fault.amount;
    if (fault.kind == FaultKind::sidecar_restart && on) die();
    if (fault.kind == FaultKind::sidecar_freeze && !on && going_on(fault.kind) == 0) thaw();
}

void SimDapr::die() {
    for (std::size_t i = 0, count = exchanges_.size(); i < count; ++i) {
        Exchange& exchange = exchanges_[i];
        const bool at_store = exchange.stage == Exchange::Stage::store;
        if (!at_store && exchange.stage != Exchange::Stage::halted) continue;
        if (exchange.asked_store == kNever && at_store) continue;  // The server has it.
        // What it has written to its store's connection may still be executed.
        if (at_store && luck_.chance(1, 2)) {
            Exchange& left = exchanges_.emplace_back(*this, exchange.process, exchanges_.size());
            left.ask = exchange.ask;
            left.stage = Exchange::Stage::store;
            left.asked_store = kNever;
            world_.arm(left, world_.now() + luck_.scaled(kMicro, kSecond));
        }
        fail(exchange, "connection reset by peer", true);
    }
}

void SimDapr::thaw() {
    for (Exchange& exchange : exchanges_) {
        if (exchange.stage != Exchange::Stage::halted) continue;
        // Its threads go on in any order.
        const bool read = exchange.asked_store != kNever;  // what is left behind is never halted
        exchange.stage = read ? Exchange::Stage::store : Exchange::Stage::going;
        world_.arm(exchange, world_.now() + luck_.scaled(kMicro, 10 * kMilli));
    }
}

}  // namespace quorumlock::sim
