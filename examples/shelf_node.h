// A kind of node of your own: one function, which talks to the store.
#pragma once

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <quorumlock/simple_node.h>

/// The store: in real life a server, which does each of these steps atomically.
struct Shelf {
    struct Entry {
        std::string token;
        quorumlock::Instant until;
    };
    std::mutex mutex;
    std::map<std::string, Entry, std::less<>> entries;
};

class ShelfNode : public quorumlock::nodes::SimpleNode {
  public:
    ShelfNode(std::shared_ptr<quorumlock::nodes::Loop> its, std::shared_ptr<Shelf> shelf,
              std::string label)
        : quorumlock::nodes::SimpleNode(std::move(its), "shelf", std::move(label)),
          shelf_(std::move(shelf)) {}

    void perform(const quorumlock::nodes::Ask& ask, quorumlock::nodes::Reply reply) override {
        using namespace quorumlock::nodes;
        const std::lock_guard lock(shelf_->mutex);
        auto& [token, until] = shelf_->entries[std::string(ask.resource)];
        const auto now = loop()->now();
        const bool live = until > now;
        const bool ours = live && ask.token != nullptr && token == ask.token->view();
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now).count();
        const Answer no{.outcome = live ? Outcome::taken : Outcome::absent};
        if (ask.step == Step::acquire && live) {
            reply({.outcome = Outcome::refused, .value = left});
        } else if (ask.step == Step::acquire) {
            token = ask.token->view();
            until = now + ask.ttl;
            reply({.outcome = Outcome::granted});
        } else if (ask.step == Step::extend) {
            if (ours) until = std::max(until, now + ask.ttl);
            reply(ours ? Answer{.outcome = Outcome::extended} : no);
        } else if (ask.step == Step::release) {
            if (ours) until = {};
            reply(ours ? Answer{.outcome = Outcome::released} : no);
        } else if (ask.step == Step::inspect) {
            reply({.outcome = no.outcome, .value = left, .text = token});
        } else {
            reply(Outcome::failed, {quorumlock::CauseClass::unsupported, "unknown step"});
        }
    }

  protected:
    std::shared_ptr<Shelf> shelf_;
};
