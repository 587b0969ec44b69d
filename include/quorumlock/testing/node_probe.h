// One node, alone on a real loop, asked step by step: what the conformance suite looks at a node's
// own contract with (node.h). Link quorumlock::testing.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <quorumlock/cause.h>
#include <quorumlock/node.h>
#include <quorumlock/node_loop.h>
#include <quorumlock/time.h>
#include <quorumlock/token.h>

namespace quorumlock::testing {

/// Every method belongs to the thread that made it, and blocks, for at most 20 s where nothing else
/// is said.
class NodeProbe {
  public:
    /// An answer, copied.
    struct Heard {
        bool answered = false;  ///< False: none came in 20 s.
        nodes::Outcome outcome = nodes::Outcome::unknown;
        std::int64_t value = 0;
        std::int64_t counter = 0;
        std::string text;
        CauseClass cause = CauseClass::none;
    };

    /// Makes the node and opens it. The second form: a kind of ours, by its URI.
    explicit NodeProbe(const nodes::NodeFactory& make);
    explicit NodeProbe(std::string_view uri);
    /// Closes it where that was not done, and destroys it.
    ~NodeProbe();
    NodeProbe(const NodeProbe&) = delete;
    NodeProbe& operator=(const NodeProbe&) = delete;

    /// Waits until the node is settled; false when it was not in 20 s.
    bool settled();
    /// Asks one step for the token of 32 times `who`, and waits for its answer.
    Heard ask(nodes::Step step, char who, Nanos ttl = Nanos{0}, std::string_view resource = "r");
    /// The same with all that an Ask has; its token is filled in.
    Heard ask(nodes::Ask ask, char who);
    /// Asks for a TRANSFER from the token of `from` to that of `to`, and waits for its answer.
    Heard transfer(char from, char to, Nanos ttl, std::string_view resource = "r",
                   bool fence = false);
    /// Asks, and gives up at once, in the same event.
    void ask_and_give_up(nodes::Step step, char who, Nanos ttl, std::string_view resource = "r");
    /// Undoes, and waits until nothing is owed; false when that was not in 20 s and twice the ttl.
    bool undo(char who, Nanos ttl, std::string_view resource = "r");
    void close();

    /// Answers heard in all, with those that nobody waited for; and of these, how many came from
    /// within ask().
    int answers() const;
    int early_answers() const;
    nodes::NodeStatus status();
    nodes::Abilities abilities();
    Instant now();

    static Token token(char who);

  private:
    struct World;
    void on_loop(const std::function<void(nodes::Node&)>& f);

    std::unique_ptr<World> world_;
};

}  // namespace quorumlock::testing
