// A client of another make, which knows the same keys: plain SET NX PX on every server at once, a
// majority with time left holds, compare-and-delete lets go. It has a perfect clock, and its
// commands reach a server or do not, each by itself: what is between it and the servers is not
// simulated, the servers are.
#pragma once

#include <deque>
#include <string>

#include "tests/sim/checkers/judge.h"

namespace quorumlock::sim {

class Vendor {
  public:
    Vendor(World& world, const Plan& plan, std::vector<std::unique_ptr<SimServer>>& servers,
           Judge& judge, int index);

    void start();
    /// Lets go of what it holds, and begins nothing any more.
    void stop();

  private:
    /// Its business with one server, one command after the other.
    struct Hand final : public Event {
        Hand(Vendor& o, SimServer& s) : owner(o), server(s) {}
        void fire() override { owner.act(*this); }

        Vendor& owner;
        SimServer& server;
        enum class Stage : std::uint8_t { idle, set, answered, remove } stage = Stage::idle;
        bool granted = false;
    };

    void step();
    void attempt();
    void act(Hand& hand);
    void decide();
    void remove_all();
    Time way();

    World& world_;
    const Plan& plan_;
    Judge& judge_;
    Random luck_;
    std::deque<Hand> hands_;
    bool stopped_ = false;
    bool holds_ = false;
    int open_ = 0;
    int resource_ = 0;
    Nanos ttl_{0};
    Time asked_ = 0;
    Attempt* attempt_ = nullptr;
    Belief* belief_ = nullptr;
    MemberEvent<Vendor, &Vendor::step> step_{*this};
};

}  // namespace quorumlock::sim
