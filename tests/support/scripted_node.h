// A node that does what the test says: it keeps a real key or lies, answers or hangs.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <quorumlock/node.h>

#include "tests/support/fake_env.h"

namespace quorumlock::testing {

class ScriptedNode final : public nodes::Node {
  public:
    enum class Mode { normal, hang, fail, unknown, apply_and_hang };

    ScriptedNode(FakeEnv& env, std::string label) : env_(env), label_(std::move(label)) {}

    Mode mode = Mode::normal;
    Cause cause{CauseClass::unreachable, "connection refused"};
    /// Held here: resource -> token, and until when.
    struct Key {
        std::string token;
        Instant until;
    };
    std::map<std::string, Key> keys;
    std::vector<std::string> log;     ///< "acquire", "release", ... in the order of arrival
    std::vector<std::string> tokens;  ///< of every acquire
    std::size_t given_up = 0;
    std::size_t given_up_silent = 0;
    bool is_ready = true;
    bool is_settled = true;
    bool undo_hangs = false;
    bool fences = false;  ///< Set before the service is made.
    std::map<std::string, std::int64_t> counters;
    std::size_t owed_undos = 0;

    void change(bool ready_now, bool settled_now) {
        is_ready = ready_now;
        is_settled = settled_now;
        events_->on_node_changed(index_);
    }
    /// Answers everything that hung, as of now.
    void wake() {
        mode = Mode::normal;
        auto waiting = std::move(hanging_);
        hanging_.clear();
        for (auto& one : waiting) {
            if (one.to != nullptr) answer(one, apply(one));
        }
    }

    void open(int index, nodes::NodeEvents& events) override {
        index_ = index;
        events_ = &events;
    }
    bool ready() const noexcept override { return is_ready; }
    bool settled() const noexcept override { return is_settled; }
    nodes::Abilities abilities() const noexcept override { return {.fence = fences, .heal = true}; }

    nodes::Ticket ask(const nodes::Ask& ask, nodes::AnswerEvents& to, std::uint32_t tag) override {
        static constexpr const char* kNames[] = {"acquire", "raise",   "extend",
                                                 "heal",    "release", "inspect"};
        log.emplace_back(kNames[static_cast<int>(ask.step)]);
        if (ask.step == nodes::Step::acquire) tokens.emplace_back(ask.token->view());
        Asked asked{++last_ticket_,
                    &to,
                    tag,
                    ask.step,
                    std::string(ask.resource),
                    ask.token == nullptr ? "" : std::string(ask.token->view()),
                    ask.ttl,
                    ask.fence,
                    ask.counter};
        switch (mode) {
            case Mode::normal:
                later(asked, apply(asked));
                break;
            case Mode::fail:
                later(asked, {nodes::Outcome::failed, 0, {}, &cause});
                break;
            case Mode::unknown:
                later(asked, {nodes::Outcome::unknown, 0, {}, &cause});
                break;
            case Mode::apply_and_hang:
                apply(asked);
                [[fallthrough]];
            case Mode::hang:
                hanging_.push_back(asked);
                break;
        }
        return asked.ticket;
    }
    void give_up(nodes::Ticket ticket, bool silent) override {
        ++given_up;
        if (silent) ++given_up_silent;
        for (auto* queue : {&hanging_, &answers_, &answers_now_}) {
            for (auto& one : *queue) {
                if (one.ticket == ticket) one.to = nullptr;
            }
        }
    }
    void undo(std::string_view resource, const Token& token, Nanos) override {
        log.emplace_back("undo");
        if (undo_hangs) {
            ++owed_undos;
            return;
        }
        remove(std::string(resource), std::string(token.view()));
    }
    std::size_t owed() const noexcept override { return owed_undos; }
    void close() override { log.emplace_back("close"); }
    nodes::NodeStatus status() const override {
        nodes::NodeStatus status;
        status.label = label_;
        status.kind = "scripted";
        status.ready = is_ready;
        status.cause = cause;
        return status;
    }
    const std::string& label() const noexcept override { return label_; }

    bool holds(const std::string& resource) {
        const auto key = keys.find(resource);
        return key != keys.end() && key->second.until > env_.now();
    }
    std::size_t count(const std::string& what) const {
        return static_cast<std::size_t>(std::count(log.begin(), log.end(), what));
    }

  private:
    struct Asked {
        nodes::Ticket ticket;
        nodes::AnswerEvents* to;
        std::uint32_t tag;
        nodes::Step step;
        std::string resource, token;
        Nanos ttl;
        bool fence = false;
        std::int64_t counter = 0;
        nodes::Answer answer{};
    };
    struct Delivery final : env::Task {
        explicit Delivery(ScriptedNode& n) : node(n) {}
        void run() override {
            auto due = std::move(node.answers_);
            node.answers_.clear();
            for (auto& one : due) node.answers_now_.push_back(one);
            while (!node.answers_now_.empty()) {
                auto one = node.answers_now_.front();
                node.answers_now_.pop_front();
                if (one.to != nullptr) one.to->on_answer(one.tag, one.answer);
            }
        }
        ScriptedNode& node;
    };

    void later(Asked asked, const nodes::Answer& answer) {
        asked.answer = answer;
        answers_.push_back(asked);
        env_.post(delivery_);
    }
    void answer(Asked& asked, const nodes::Answer& answer) { later(asked, answer); }

    bool remove(const std::string& resource, const std::string& token) {
        const auto key = keys.find(resource);
        if (key == keys.end() || key->second.token != token) return false;
        keys.erase(key);
        return true;
    }

    nodes::Answer apply(const Asked& asked) {
        using nodes::Outcome;
        const bool present = holds(asked.resource);
        const bool ours = present && keys[asked.resource].token == asked.token;
        switch (asked.step) {
            case nodes::Step::acquire: {
                if (!present) {
                    keys[asked.resource] = {asked.token, env_.now() + asked.ttl};
                    if (asked.fence) ++counters[asked.resource];
                    return {Outcome::granted,
                            0,
                            {},
                            nullptr,
                            asked.fence ? counters[asked.resource] : 0};
                }
                const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                    keys[asked.resource].until - env_.now());
                return {Outcome::refused, left.count(), {}, nullptr};
            }
            case nodes::Step::extend:
                if (!ours) return {present ? Outcome::taken : Outcome::absent, 0, {}, nullptr};
                keys[asked.resource].until =
                    std::max(keys[asked.resource].until, env_.now() + asked.ttl);
                return {Outcome::extended, 0, {}, nullptr};
            case nodes::Step::release:
                if (!ours) return {present ? Outcome::taken : Outcome::absent, 0, {}, nullptr};
                remove(asked.resource, asked.token);
                return {Outcome::released, 0, {}, nullptr};
            case nodes::Step::raise:
                if (!ours || counters[asked.resource] > asked.counter) return {Outcome::absent};
                counters[asked.resource] = asked.counter;
                return {Outcome::raised};
            case nodes::Step::heal:
                if (present) return {Outcome::taken};
                keys[asked.resource] = {asked.token, env_.now() + asked.ttl};
                return {Outcome::healed};
            case nodes::Step::inspect:
                break;
        }
        return {present ? Outcome::taken : Outcome::absent, 0, {}, nullptr};
    }

    FakeEnv& env_;
    std::string label_;
    int index_ = 0;
    nodes::NodeEvents* events_ = nullptr;
    nodes::Ticket last_ticket_ = 0;
    std::deque<Asked> hanging_, answers_, answers_now_;
    Delivery delivery_{*this};
};

}  // namespace quorumlock::testing
