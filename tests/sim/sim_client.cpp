#include "tests/sim/sim_client.h"

#include <algorithm>
#include <utility>

namespace quorumlock::sim {

namespace {

/// How often somebody who does not take callbacks looks whether his operation is done.
constexpr Time kLook = kMilli;

/// The world's time as any clock here may show it: none is a quarter too fast.
Nanos by_any_clock(Time time) { return Nanos(time + time / 4); }

}  // namespace

SimClient::SimClient(SimService& service, Judge& judge, Bounds& bounds, const Plan& plan, int index)
    : service_(service),
      process_(service.process()),
      judge_(judge),
      bounds_(bounds),
      plan_(plan),
      index_(index),
      luck_(plan.seed, Luck::workload, static_cast<std::uint64_t>(index)),
      left_(plan.clients[static_cast<std::size_t>(index)].operations) {}

SimClient::~SimClient() = default;

void SimClient::start() { later(luck_.between(0, 20 * kMilli), Will::think); }

void SimClient::stop() {
    stopped_ = true;
    if (lock_ && will_ == Will::use && watch_ == nullptr) later(0, Will::use);
}

bool SimClient::idle() const noexcept {
    return dead_ || (watch_ == nullptr && !lock_ && !waiting_);
}

void SimClient::die() {
    dead_ = true;
    if (loss_ != nullptr) judge_.loss.forget(*loss_);
    process_.world().disarm(step_);
}

void SimClient::bury() {
    if (belief_ != nullptr) judge_.exclusion.let_go(*belief_);
    on_loss_.reset();
    waiting_.reset();
    lock_.reset();
}

Watch* SimClient::watch(const char* what, Nanos bound) {
    return judge_.deadlines.begin(process_, what, bound + by_any_clock(service_.longest_lag()));
}

void SimClient::call(const char* what, int resource) {
    process_.world().trace().note(process_.time(), Mark::call, static_cast<std::uint64_t>(index_),
                                  std::string_view(what), [&] {
                                      std::string text = "client " + std::to_string(index_) + " (" +
                                                         process_.name() + ") calls " + what;
                                      if (resource >= 0) text += " r" + std::to_string(resource);
                                      return text;
                                  });
}

void SimClient::finish(const char* what, const Error* error) {
    if (watch_ != nullptr) judge_.deadlines.end(*std::exchange(watch_, nullptr));
    const auto code = error == nullptr ? 0U : static_cast<unsigned>(error->code());
    process_.world().trace().note(
        process_.time(), Mark::result, static_cast<std::uint64_t>(index_), code, [&] {
            return "client " + std::to_string(index_) + " (" + process_.name() + "): " + what +
                   (error == nullptr ? " ok" : std::string(" failed, ") + error->message());
        });
}

// ---- what comes next ----

void SimClient::later(Time pause, Will then) {
    will_ = then;
    process_.world().arm(step_, process_.time() + pause);
}

void SimClient::step() {
    if (dead_) return;
    if (const Time runs = process_.stopped_until(); runs > process_.world().now()) {
        process_.world().arm(step_, runs);
        return;
    }
    switch (will_) {
        case Will::think:
            begin_something();
            break;
        case Will::give_up:
            if (!waiting_ && watch_ == nullptr) break;
            call(taking_ == Taking::stop ? "cancel" : "drop", resource_);
            if (taking_ == Taking::stop) {
                if (watch_ != nullptr) {
                    judge_.deadlines.cut(*watch_, by_any_clock(service_.longest_lag()));
                }
                judge_.lines.leaves(process_.index(), index_);
                stop_->request_stop();
            } else {
                // Whether it was done in time nobody has looked; if it is not, it is not late.
                if (waiting_->done()) judge_.deadlines.forget(*watch_);
                finish("dropped acquire", nullptr);
                judge_.lines.leaves(process_.index(), index_);
                waiting_.reset();
                judge_.leftovers.unlooked(process_.index(), resource_, -1);
                judge_.retries.asks(process_.index(), resource_, -1);
                later(luck_.scaled(kMilli, 50 * kMilli), Will::think);
            }
            break;
        case Will::collect:
            if (!waiting_->done()) return later(kLook, Will::collect);
            {
                Operation<Lock> done = *std::move(waiting_);
                waiting_.reset();
                judge_.leftovers.unlooked(process_.index(), resource_, -1);
                on_acquired(done.get());
            }
            break;
        case Will::use:
            use();
            break;
    }
    if (process_.after_turn) process_.after_turn();
}

void SimClient::begin_something() {
    if (stopped_ || left_ <= 0) return;
    if (!service_.is_open() || service_.closing()) {
        return later(luck_.scaled(kMilli, 50 * kMilli), Will::think);
    }
    --left_;
    const std::uint64_t what = luck_.below(100);
    if (what < 90) {
        acquire();
    } else if (what < 94) {
        look_around();
    } else if (what < 98) {
        ask_for_nothing();
    } else {
        close_service();
    }
}

// ---- acquiring ----

void SimClient::acquire() {
    resource_ = static_cast<int>(luck_.below(plan_.resources.size()));
    ttl_ = plan_.ttls[luck_.below(plan_.ttls.size())];
    AcquireOptions options;
    options.ttl = ttl_;
    options.fence = !luck_.chance(1, 6);
    floor_ = judge_.fences.highest(resource_);
    if (luck_.chance(3, 4)) options.wait = Nanos(luck_.scaled(5 * kMilli, plan_.busy / 2));
    if (service_.options().retry_delay == Nanos(0)) {
        options.wait = std::min(options.wait, Nanos(5 * kMilli));
    }
    if (!plan_.dapr && luck_.chance(1, 3)) {  // A sidecar cannot: that is said at once.
        options.renew = true;
        if (luck_.chance(1, 3)) options.renew.every = std::max(Nanos(kMilli), options.ttl / 4);
        if (luck_.chance(1, 3)) options.renew.max_hold = 2 * options.ttl;
    }
    renewal_ = options.renew;
    taking_ = Taking::callback;
    const std::uint64_t way = luck_.below(16);
    if (way == 0) taking_ = Taking::drop;
    if (way == 1 || way == 2) taking_ = Taking::stop;
    if (way == 3 || way == 4) taking_ = Taking::poll;
    stop_.reset();
    if (taking_ == Taking::stop) {
        stop_.emplace();
        options.stop = stop_->get_token();
    }
    call(options.wait == Nanos(0) ? "try_acquire" : "acquire", resource_);
    // Rules T5 and A9: a waiter ends by his deadline, one who asks once by the round's time limit;
    // before it there may be the wait for the first connections.
    const Nanos round = service_.first_connections() + 2 * service_.round_limit(ttl_);
    const Nanos bound = options.wait > Nanos(0) ? options.wait : round;
    watch_ = watch("acquire", bound + (taking_ == Taking::poll ? by_any_clock(kLook) : Nanos(0)));
    const Time longest = options.wait > Nanos(0) ? options.wait.count() : round.count();
    deadline_ = options.wait > Nanos(0) ? process_.reading() + options.wait.count() : 0;
    const std::string& name = plan_.resources[static_cast<std::size_t>(resource_)];
    wait_ = options.wait;
    if (wait_ > Nanos(0)) {
        took(service_.locks().acquire(name, std::move(options)), longest);
    } else {
        options.wait = Nanos(kSecond);  // It does not count: hazard 29 of docs/safety.md.
        took(service_.locks().try_acquire(name, std::move(options)), longest);
    }
}

void SimClient::took(Operation<Lock> operation, Time longest) {
    judge_.retries.asks(process_.index(), resource_, 1);
    std::function<bool()> looks;
    if (taking_ == Taking::poll || taking_ == Taking::drop) {
        looks = [this] { return !waiting_ || waiting_->done(); };
    }
    judge_.lines.joins(process_, service_.number(), resource_, index_, wait_, std::move(looks));
    if (taking_ == Taking::callback || taking_ == Taking::stop) {
        operation.then(guarded([this](Result<Lock> result) { on_acquired(std::move(result)); }));
        if (taking_ == Taking::stop) later(luck_.scaled(kMicro, 2 * longest), Will::give_up);
        return;
    }
    waiting_.emplace(std::move(operation));
    judge_.leftovers.unlooked(process_.index(), resource_, 1);
    if (taking_ == Taking::poll) return later(kLook, Will::collect);
    later(luck_.scaled(kMicro, 2 * longest), Will::give_up);
}

void SimClient::on_acquired(Result<Lock> result) {
    finish("acquire", result ? nullptr : &result.error());
    judge_.retries.asks(process_.index(), resource_, -1);
    judge_.lines.granted(process_.index(), index_,
                         result ? judge_.ledger.find(result->token()) : nullptr);
    process_.world().disarm(step_);
    if (last_) {
        const auto done = std::exchange(last_, nullptr);
        if (result) {
            if (belief_ != nullptr) judge_.exclusion.let_go(*belief_);  // The handle goes.
            lock_.emplace(std::move(result).value());
            judge_.fences.granted(process_, *lock_, resource_, floor_);
            belief_ = judge_.exclusion.granted(process_, *lock_);
            attempt_ = judge_.ledger.find(lock_->token());
        }
        return done(lock_.has_value());
    }
    if (!result) {
        judge_.answers.acquire_failed(process_, result.error(), deadline_);
        return later(luck_.scaled(kMilli, 200 * kMilli), Will::think);
    }
    lock_.emplace(std::move(result).value());
    longest_ttl_ = ttl_;
    judge_.answers.granted(process_, *lock_, service_.options().min_validity);
    judge_.fences.granted(process_, *lock_, resource_, floor_);
    belief_ = judge_.exclusion.granted(process_, *lock_);
    attempt_ = judge_.ledger.find(lock_->token());
    if (attempt_ != nullptr) judge_.renewals.granted(process_, *attempt_, renewal_);
    uses_ = 0;
    if (belief_ != nullptr && luck_.chance(1, 2)) ask_for_loss();
    hold_on();
}

/// Perhaps when it is lost already.
void SimClient::ask_for_loss() {
    loss_ = judge_.loss.watch(*belief_, service_.longest_lag());
    on_loss_.emplace(lock_->lost(), [this] { judge_.loss.told(*loss_); });
}

// ---- holding ----

void SimClient::hold_on() {
    if (renewal_.on && luck_.chance(1, 4)) {
        // What renewal is for: work that takes longer than the lease, whatever goes wrong.
        const Time most = std::min<Time>(plan_.busy / 2, 4 * ttl_.count());
        return later(luck_.between(most / 4, most), Will::use);
    }
    // Mostly well within the lease; now and then beyond it.
    const Time longest =
        std::min<Time>(plan_.busy / 8, ttl_.count() * (luck_.chance(1, 6) ? 3 : 1));
    later(luck_.scaled(10 * kMicro, std::max<Time>(longest / 2, 20 * kMicro)), Will::use);
}

void SimClient::use() {
    if (!lock_) return;
    if (loss_ == nullptr && belief_ != nullptr && luck_.chance(1, 4)) ask_for_loss();
    if (service_.is_open() && !service_.closing() && !stopped_ && ++uses_ < 6 &&
        luck_.chance(1, 3)) {
        return extend();
    }
    let_go();
}

void SimClient::extend() {
    const Nanos ttl = plan_.ttls[luck_.below(plan_.ttls.size())];
    longest_ttl_ = std::max(longest_ttl_, ttl);
    call("extend", resource_);
    if (attempt_ != nullptr) attempt_->by_hand = true;
    // A renewal of its own may be under way before it.
    watch_ = watch("extend", service_.round_limit(ttl) + service_.round_limit(longest_ttl_));
    const bool held = lock_->held();
    lock_->extend(ttl).then(guarded([this, held](const Result<void>& result) {
        finish("extend", result ? nullptr : &result.error());
        if (lock_) judge_.answers.extended(process_, *lock_, result);
        if (result && !held) judge_.exclusion.revived(process_, lock_->token());
        hold_on();
    }));
    // Another one that nobody waits for.
    if (luck_.chance(1, 8)) (void)lock_->extend(ttl_);
}

void SimClient::let_go() {
    const std::uint64_t way = luck_.below(16);
    if (way < 9) return release();
    if (way < 11 && service_.is_open() && !service_.closing()) return release_by_token();
    Attempt* const attempt = attempt_;
    give_up_claim(way == 15 ? Attempt::Claim::left : Attempt::Claim::none);
    call(way == 15 ? "detach" : "~Lock", resource_);
    if (way == 15) {
        if (attempt != nullptr) attempt->detached = is_served(*attempt);
        lock_->detach();
    }
    forget_lock();
    later(luck_.scaled(kMilli, 200 * kMilli), Will::think);
}

/// Its service is there and does not close.
bool SimClient::is_served(const Attempt& attempt) const noexcept {
    return service_.is_open() && !service_.closing() && attempt.service == service_.number();
}

void SimClient::give_up_claim(Attempt::Claim claim) {
    if (belief_ != nullptr) judge_.exclusion.let_go(*belief_);
    belief_ = nullptr;
    if (attempt_ == nullptr) return;
    if (claim == Attempt::Claim::none && attempt_->claim != Attempt::Claim::left) {
        judge_.leftovers.let_go(*attempt_);
    } else {
        judge_.leftovers.left(*attempt_);
    }
    attempt_ = nullptr;
}

void SimClient::forget_lock() {
    on_loss_.reset();
    if (loss_ != nullptr) judge_.loss.forget(*std::exchange(loss_, nullptr));
    lock_.reset();
}

void SimClient::release() {
    give_up_claim(Attempt::Claim::none);
    call("release", resource_);
    watch_ = watch("release", service_.round_limit(longest_ttl_));
    auto operation = lock_->release();
    if (lock_->held()) judge_.exclusion.not_let_go(process_, lock_->token());
    operation.then(guarded([this](const Result<void>& result) {
        finish("release", result ? nullptr : &result.error());
        forget_lock();
        later(luck_.scaled(kMilli, 200 * kMilli), Will::think);
    }));
    // He may not have listened.
    if (luck_.chance(1, 16)) (void)lock_->release();
    if (luck_.chance(1, 16)) (void)lock_->extend(ttl_);
    // The handle may go before the release has ended.
    if (luck_.chance(1, 4)) forget_lock();
}

void SimClient::release_by_token() {
    const std::string token(lock_->token());
    if (attempt_ != nullptr) attempt_->token_shared = true;
    give_up_claim(Attempt::Claim::left);
    call("release by token", resource_);
    watch_ = watch("release by token",
                   service_.first_connections() + service_.round_limit(service_.options().max_ttl));
    const std::string& name = plan_.resources[static_cast<std::size_t>(resource_)];
    lock_->detach();
    service_.locks().release(name, token).then(guarded([this](const Result<void>& result) {
        finish("release by token", result ? nullptr : &result.error());
        later(luck_.scaled(kMilli, 200 * kMilli), Will::think);
    }));
    forget_lock();
}

// ---- the rest of the face ----

void SimClient::look_around() {
    const Nanos first = service_.first_connections();
    if (luck_.chance(1, 2)) {
        call("nodes", -1);
        watch_ = watch("nodes", first);
        service_.locks().nodes().then(guarded([this](const Result<std::vector<NodeInfo>>& result) {
            finish("nodes", result ? nullptr : &result.error());
            if (result) bounds_.nodes(service_, result.value());
            later(luck_.scaled(kMilli, 50 * kMilli), Will::think);
        }));
        return;
    }
    resource_ = static_cast<int>(luck_.below(plan_.resources.size()));
    call("inspect", resource_);
    watch_ = watch("inspect", first + service_.round_limit(service_.options().max_ttl));
    const std::string& name = plan_.resources[static_cast<std::size_t>(resource_)];
    service_.locks().inspect(name).then(guarded([this](const Result<Inspection>& result) {
        finish("inspect", result ? nullptr : &result.error());
        later(luck_.scaled(kMilli, 50 * kMilli), Will::think);
    }));
}

void SimClient::ask_for_nothing() {
    resource_ = static_cast<int>(luck_.below(plan_.resources.size()));
    const std::string& name = plan_.resources[static_cast<std::size_t>(resource_)];
    const Nanos ttl = plan_.ttls[luck_.below(plan_.ttls.size())];
    call("extend by an unknown token", resource_);
    watch_ = watch("extend by token", service_.first_connections() + service_.round_limit(ttl));
    service_.locks()
        .extend(name, std::string(32, 'f'), ttl)
        .then(guarded([this](const Result<void>& r) {
            finish("extend by token", r ? nullptr : &r.error());
            later(luck_.scaled(kMilli, 50 * kMilli), Will::think);
        }));
}

void SimClient::close_service() {
    call("close", -1);
    // Everything else ends with it.
    judge_.deadlines.cut_all(process_, by_any_clock(service_.longest_lag() + kLook));
    watch_ = watch("close", service_.options().drain_timeout);
    judge_.exclusion.closing(process_);
    service_.close().then(guarded([this](const Result<void>& result) { on_closed(result); }));
}

void SimClient::on_closed(const Result<void>& result) {
    finish("close", result ? nullptr : &result.error());
    service_.closed(result, judge_.leftovers);
    if (!stopped_) service_.open();
    later(luck_.scaled(kMilli, 50 * kMilli), Will::think);
}

void SimClient::acquire_for_sure(int resource, Nanos ttl, Nanos wait, bool fence,
                                 std::function<void(bool)> done) {
    resource_ = resource;
    ttl_ = longest_ttl_ = ttl;
    last_ = std::move(done);
    taking_ = Taking::callback;
    call("acquire, for the last time", resource);
    watch_ = watch("last acquire", wait);
    AcquireOptions options;
    options.ttl = ttl;
    options.wait = wait;
    options.fence = fence;
    floor_ = judge_.fences.highest(resource);
    wait_ = wait;
    took(service_.locks().acquire(plan_.resources[static_cast<std::size_t>(resource)], options),
         wait.count());
}

}  // namespace quorumlock::sim
