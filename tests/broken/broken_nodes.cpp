// Nodes with one flaw each, under the suite as users run it. broken_nodes.py demands that the
// case named there fails for each of them.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <quorumlock/testing/conformance.h>

#include "examples/shelf_node.h"

namespace quorumlock::testing {
namespace {

using nodes::Ask;
using nodes::Outcome;
using nodes::Reply;
using nodes::Step;

class Broken final : public ShelfNode {
  public:
    Broken(std::string flaw, std::shared_ptr<nodes::Loop> its, std::shared_ptr<Shelf> shelf)
        : ShelfNode(std::move(its), std::move(shelf), "broken"), flaw_(std::move(flaw)) {}

    void perform(const Ask& said, Reply reply) override {
        Ask ask = said;
        if (flaw_ == "grants_twice" && ask.step == Step::acquire) {
            return reply({.outcome = Outcome::granted});
        }
        if (flaw_ == "inspects_nothing" && ask.step == Step::inspect) {
            return reply({.outcome = Outcome::absent});
        }
        if (flaw_ == "releases_for_anybody" && ask.step == Step::release) {
            forget(ask);
            return reply({.outcome = Outcome::released});
        }
        if (flaw_ == "shortens" && ask.step == Step::extend) {
            const std::lock_guard lock(shelf_->mutex);
            shelf_->entries[std::string(ask.resource)].until = loop()->now() + ask.ttl;
            return reply({.outcome = Outcome::extended});
        }
        if (flaw_ == "expires_early") ask.ttl /= 2;
        if (flaw_ == "cuts_names") ask.resource = ask.resource.substr(0, 64);
        ShelfNode::perform(ask, std::move(reply));
    }
    nodes::Ticket ask(const Ask& its, nodes::AnswerEvents& to, std::uint32_t tag) override {
        if (flaw_ == "answers_at_once") {
            to.on_answer(tag, {.outcome = Outcome::granted});
            return 0;
        }
        if (flaw_ == "answers_twice") {
            loop()->post([&to, tag] { to.on_answer(tag, {.outcome = Outcome::absent}); });
        }
        return ShelfNode::ask(its, to, tag);
    }
    void give_up(nodes::Ticket ticket, bool silent) override {
        if (flaw_ != "answers_what_was_given_up") ShelfNode::give_up(ticket, silent);
    }
    void undo(std::string_view resource, const Token& token, Nanos ttl) override {
        if (flaw_ != "never_undoes") ShelfNode::undo(resource, token, ttl);
    }
    nodes::Abilities abilities() const noexcept override {
        return {.extend = flaw_ != "cannot_extend_unsaid"};
    }

  private:
    void forget(const Ask& ask) {
        const std::lock_guard lock(shelf_->mutex);
        shelf_->entries.erase(std::string(ask.resource));
    }

    const std::string flaw_;
};

Provider with(const std::string& flaw, Cannot cannot = {}) {
    cannot.fence = cannot.heal = cannot.transfer = true;
    return {.name = flaw,
            .kind = "shelf",
            .nodes = 1,
            .cannot = cannot,
            .world = world_of([flaw] {
                const auto shelf = std::make_shared<Shelf>();
                return std::vector<nodes::NodeFactory>{[=](std::shared_ptr<nodes::Loop> loop) {
                    return std::make_unique<Broken>(flaw, std::move(loop), shelf);
                }};
            })};
}

}  // namespace

const auto kServices = ::testing::Values(
    with("sound"), with("grants_twice"), with("inspects_nothing"), with("releases_for_anybody"),
    with("shortens"), with("expires_early"), with("cuts_names"), with("never_undoes"),
    with("cannot_extend_unsaid"), with("can_extend_denied", {.extend = true}));
const auto kNodes =
    ::testing::Values(with("sound"), with("grants_twice"), with("shortens"), with("expires_early"),
                      with("never_undoes"), with("answers_at_once"), with("answers_twice"),
                      with("answers_what_was_given_up"), with("cannot_extend_unsaid"));

INSTANTIATE_TEST_SUITE_P(Broken, ProviderTest, kServices, name_of);
INSTANTIATE_TEST_SUITE_P(Broken, NodeTest, kNodes, name_of);

}  // namespace quorumlock::testing
