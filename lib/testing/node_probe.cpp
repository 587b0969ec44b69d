#include <quorumlock/testing/node_probe.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include <quorumlock/options.h>

#include "lib/env/loop_runner.h"
#include "lib/nodes/node_uri.h"
#include "lib/service/node_loop.h"

namespace quorumlock::testing {

namespace {

constexpr Nanos kLimit = std::chrono::seconds(20);

}  // namespace

struct NodeProbe::World final : nodes::AnswerEvents, nodes::NodeEvents {
    /// Looks on the loop, now and every ms, whether something holds.
    struct Watch final : env::Timer, env::Task {
        Watch(World& w, const std::function<bool()>& what, Nanos limit)
            : world(w), holds(what), until(w.runner->env().now() + limit) {}
        void run() override { fire(); }
        void fire() override {
            const Instant now = world.runner->env().now();
            held = holds();
            if (held || now >= until) {
                world.runner->set(signal);  // the waiter may destroy this now
            } else {
                world.runner->env().arm(*this, now + std::chrono::milliseconds(1));
            }
        }
        World& world;
        const std::function<bool()>& holds;
        const Instant until;
        bool held = false;
        env::Signal signal;
    };

    World() {
        auto made = env::LoopRunner::create(nullptr);
        if (!made) throw std::runtime_error(made.error().to_string());
        runner = std::move(*made);
        loop = std::make_shared<detail::NodeLoop>(runner->env(), *runner);
    }

    void on_answer(std::uint32_t asked, const nodes::Answer& answer) override {
        ++answers;
        if (asking) ++early;
        heard[asked] = {.answered = true,
                        .outcome = answer.outcome,
                        .value = answer.value,
                        .counter = answer.counter,
                        .text = std::string(answer.text),
                        .cause = answer.cause != nullptr ? answer.cause->kind : CauseClass::none};
    }
    void on_node_changed(int) override {}

    /// False when it did not hold in time.
    bool wait_for(const std::function<bool()>& holds, Nanos limit = kLimit) {
        Watch watch(*this, holds, limit);
        runner->run_in_loop(watch);
        (void)runner->wait(watch.signal);
        return watch.held;
    }
    void open(std::unique_ptr<nodes::Node> made) {
        if (made == nullptr) throw std::runtime_error("the factory made no node");
        node = std::move(made);
        runner->start();
        (void)wait_for([&] { return node->open(0, *this), true; });
    }
    nodes::Ticket ask(nodes::Ask ask, char who) {
        const Token its = token(who);
        ask.token = &its;
        asking = true;
        const nodes::Ticket ticket = node->ask(ask, *this, ++last_tag);
        asking = false;
        return ticket;
    }

    std::unique_ptr<env::LoopRunner> runner;
    std::shared_ptr<detail::NodeLoop> loop;
    std::unique_ptr<nodes::Node> node;
    std::map<std::uint32_t, Heard> heard;
    std::uint32_t last_tag = 0;
    int answers = 0;
    int early = 0;
    bool asking = false;
    bool closed = false;
};

NodeProbe::NodeProbe(const nodes::NodeFactory& make) : world_(std::make_unique<World>()) {
    world_->open(make(world_->loop));
}

NodeProbe::NodeProbe(std::string_view uri) : world_(std::make_unique<World>()) {
    auto parsed = nodes::parse_node_uri(uri);
    if (!parsed) throw std::runtime_error(parsed.error().to_string());
    const ServiceOptions defaults;
    world_->open(nodes::make_node(
        std::move(*parsed),
        {kLimit, defaults.max_backlog, defaults.client_name, std::chrono::hours(1)},
        world_->runner->env()));
}

NodeProbe::~NodeProbe() {
    close();
    World& world = *world_;
    on_loop([&](nodes::Node&) { world.loop->close(); });
    world.runner->stop(nullptr);
    // What the node has posted runs while it is still there.
    world.runner->drain();
    world.runner->env().turn(false);
    world.loop->end();
    world.node.reset();
}

void NodeProbe::on_loop(const std::function<void(nodes::Node&)>& f) {
    (void)world_->wait_for([&] { return f(*world_->node), true; });
}

bool NodeProbe::settled() {
    return world_->wait_for([this] { return world_->node->settled(); });
}

NodeProbe::Heard NodeProbe::ask(nodes::Step step, char who, Nanos ttl, std::string_view resource) {
    return ask({.step = step, .resource = resource, .ttl = ttl}, who);
}

NodeProbe::Heard NodeProbe::ask(nodes::Ask ask, char who) {
    on_loop([&](nodes::Node&) { (void)world_->ask(ask, who); });
    Heard its;
    (void)world_->wait_for([&] { return (its = world_->heard[world_->last_tag]).answered; });
    return its;
}

NodeProbe::Heard NodeProbe::transfer(char from, char to, Nanos ttl, std::string_view resource,
                                     bool fence) {
    const Token giver = token(from);
    return ask({.step = nodes::Step::transfer,
                .resource = resource,
                .ttl = ttl,
                .fence = fence,
                .from = &giver,
                .from_ttl = ttl},
               to);
}

void NodeProbe::ask_and_give_up(nodes::Step step, char who, Nanos ttl, std::string_view resource) {
    on_loop([&](nodes::Node& node) {
        node.give_up(world_->ask({.step = step, .resource = resource, .ttl = ttl}, who), true);
    });
}

bool NodeProbe::undo(char who, Nanos ttl, std::string_view resource) {
    on_loop([&](nodes::Node& node) { node.undo(resource, token(who), ttl); });
    return world_->wait_for([this] { return world_->node->owed() == 0; }, kLimit + 2 * ttl);
}

void NodeProbe::close() {
    on_loop([this](nodes::Node& node) {
        if (!std::exchange(world_->closed, true)) node.close();
    });
}

int NodeProbe::answers() const {
    int count = 0;
    (void)world_->wait_for([&] { return count = world_->answers, true; });
    return count;
}

int NodeProbe::early_answers() const {
    int count = 0;
    (void)world_->wait_for([&] { return count = world_->early, true; });
    return count;
}

nodes::NodeStatus NodeProbe::status() {
    nodes::NodeStatus status;
    on_loop([&](nodes::Node& node) { status = node.status(); });
    return status;
}

nodes::Abilities NodeProbe::abilities() { return world_->node->abilities(); }

Instant NodeProbe::now() { return world_->runner->env().now(); }

Token NodeProbe::token(char who) {
    Token token;
    token.hex.fill(who);
    return token;
}

}  // namespace quorumlock::testing
