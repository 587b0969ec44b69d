#include "tests/sim/vendor.h"

#include <algorithm>

namespace quorumlock::sim {

namespace {

std::string draw_token(Random& luck) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string token;
    for (int i = 0; i < 32; ++i) token += kDigits[luck.below(16)];
    return token;
}

}  // namespace

Vendor::Vendor(World& world, const Plan& plan, std::vector<std::unique_ptr<SimServer>>& servers,
               Judge& judge, int index)
    : world_(world),
      plan_(plan),
      judge_(judge),
      luck_(plan.seed, Luck::vendor, static_cast<std::uint64_t>(index)) {
    for (const auto& server : servers) hands_.emplace_back(*this, *server);
}

void Vendor::start() { world_.arm(step_, luck_.between(0, 50 * kMilli)); }

void Vendor::stop() {
    stopped_ = true;
    if (holds_) world_.arm(step_, world_.now());
}

Time Vendor::way() { return luck_.between(50 * kMicro, 2 * kMilli); }

void Vendor::step() {
    if (holds_) {
        holds_ = false;
        if (belief_ != nullptr) judge_.exclusion.let_go(*belief_);
        remove_all();
    } else if (!stopped_) {
        attempt();
    }
}

void Vendor::attempt() {
    resource_ = static_cast<int>(luck_.below(plan_.resources.size()));
    ttl_ = plan_.ttls[luck_.below(plan_.ttls.size())];
    asked_ = world_.now();
    attempt_ = &judge_.ledger.open(draw_token(luck_), resource_);
    attempt_->ttl = ttl_;
    belief_ = nullptr;
    open_ = static_cast<int>(hands_.size());
    for (Hand& hand : hands_) {
        hand.granted = false;
        hand.stage = Hand::Stage::set;
        world_.arm(hand, world_.now() + way());
    }
}

void Vendor::act(Hand& hand) {
    const std::string name = plan_.key(plan_.resources[static_cast<std::size_t>(resource_)]);
    const std::string_view token = attempt_->token;
    switch (hand.stage) {
        case Hand::Stage::idle:
            break;
        case Hand::Stage::set: {
            const std::string ms = std::to_string(ttl_.count() / kMilli);
            hand.granted =
                hand.server.execute({"SET", name, token, "NX", "PX", ms}).starts_with("+OK");
            hand.stage = Hand::Stage::answered;
            world_.arm(hand, world_.now() + way());
            break;
        }
        case Hand::Stage::answered:
            hand.stage = Hand::Stage::idle;
            if (--open_ == 0) decide();
            break;
        case Hand::Stage::remove: {
            hand.stage = Hand::Stage::idle;
            // In one event, as its script does it.
            const std::string value = hand.server.execute({"GET", name});
            if (value.find(token) != value.npos) hand.server.execute({"DEL", name});
            if (--open_ == 0 && !stopped_) {
                world_.arm(step_, world_.now() + luck_.scaled(kMilli, 500 * kMilli));
            }
            break;
        }
    }
}

void Vendor::decide() {
    const auto granted =
        std::count_if(hands_.begin(), hands_.end(), [](const Hand& h) { return h.granted; });
    const Time drift = ttl_.count() * plan_.drift_ppm / 1'000'000 + 2 * kMilli + 1;
    const Time until = asked_ + ttl_.count() - drift;
    if (granted < plan_.quorum() || until <= world_.now()) return remove_all();
    holds_ = true;
    belief_ = judge_.exclusion.vendor_granted(*attempt_, until);
    const Time longest = std::min<Time>(plan_.busy / 8, ttl_.count());
    world_.arm(step_, stopped_ ? world_.now() : world_.now() + luck_.scaled(kMicro, longest));
}

void Vendor::remove_all() {
    world_.trace().note(world_.now(), Mark::vendor, 0, attempt_->token, [&] {
        return "another vendor's client gives up r" + std::to_string(resource_) + " with token " +
               attempt_->name();
    });
    open_ = static_cast<int>(hands_.size());
    for (Hand& hand : hands_) {
        hand.stage = Hand::Stage::remove;
        world_.arm(hand, world_.now() + way());
    }
}

}  // namespace quorumlock::sim
