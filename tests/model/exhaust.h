// Walks through every state that a model can reach, breadth first, so that the trace of a failure
// is a shortest one. Only the newest layer of states is kept whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "tests/model/seen.h"

namespace quorumlock::model {

struct Verdict {
    std::size_t states = 0;
    std::size_t moves = 0;
    std::size_t depth = 0;
    std::size_t trace = 0;  ///< The failure's number of steps: no shorter way leads to any.
    bool capped = false;    ///< The walk was broken off; what is deeper is not known.
    std::string failure;    ///< Empty: none. Else what is wrong, and below it how it comes about.
};

/// A model that may stop anywhere, because messages may be lost, owes nothing to anybody.
template <class Model>
concept OwesNothing = requires {
    requires Model::kOwesNothing;
};

/// A model with parts that may change places without a difference has canonical(): the bytes of
/// state() with these parts in order.
template <class Model>
concept Symmetric = requires(const Model& model) {
    model.canonical();
};

/// A model has: state(), its bytes, which may be put back at any time in the same place; moves(),
/// all steps open now; make(Move); violation(), empty while all is well; describe(Move). Every
/// state must be well. Unless it owes nothing it has finished(), nothing is owed to anybody, which
/// must be within reach of every state.
template <class Model>
class Search {
  public:
    explicit Search(Model& model, std::size_t most_states) : model_(model), most_(most_states) {
        start_.add(0, model_.state());
    }

    Verdict run() {
        add(0, {});
        Layer layer = start_;
        while (!layer.ids.empty() && verdict_.failure.empty() && !verdict_.capped) {
            Layer next;
            for (std::size_t i = 0; i < layer.ids.size() && !verdict_.capped; ++i) {
                if (!expand(layer, i, next)) break;
            }
            layer = std::move(next);
            ++verdict_.depth;
        }
        verdict_.states = seen_.size();
        if constexpr (!OwesNothing<Model>) {
            if (verdict_.failure.empty()) check_that_the_end_is_within_reach();
        }
        return std::move(verdict_);
    }

  private:
    using Id = Seen::Id;
    struct Layer {
        std::vector<Id> ids;
        std::vector<std::byte> bytes;  // of all, one behind the other

        void add(Id id, std::span<const std::byte> state) {
            ids.push_back(id);
            bytes.insert(bytes.end(), state.begin(), state.end());
        }
    };

    void restore(const Layer& layer, std::size_t i) {
        const std::span<std::byte> state = model_.state();
        std::memcpy(state.data(), layer.bytes.data() + i * state.size(), state.size());
    }

    std::pair<Id, bool> add(Id from, Move by) {
        if constexpr (Symmetric<Model>) {
            const auto ordered = model_.canonical();
            return seen_.add(std::as_bytes(std::span(&ordered, 1)), {from, by});
        } else {
            return seen_.add(model_.state(), {from, by});
        }
    }

    bool expand(const Layer& layer, std::size_t i, Layer& next) {
        const Id id = layer.ids[i];
        restore(layer, i);
        const std::vector<Move> moves = model_.moves();
        if constexpr (!OwesNothing<Model>) {
            if (model_.finished()) finished_.push_back(id);
            if (moves.empty() && !model_.finished()) return fail("all wait for each other", id);
        }
        for (const Move move : moves) {
            restore(layer, i);
            model_.make(move);
            ++verdict_.moves;
            if (!model_.violation().empty()) return fail(model_.violation(), id, {move});
            const auto [to, fresh] = add(id, move);
            if constexpr (!OwesNothing<Model>) edges_.emplace_back(to, id);
            if (fresh) next.add(to, model_.state());
        }
        verdict_.capped = seen_.size() >= most_;
        return true;
    }

    /// Backwards from the finished states: whatever is not met can never end.
    void check_that_the_end_is_within_reach() {
        std::vector<Id> first(seen_.size() + 1, 0);
        for (const auto& [to, from] : edges_) ++first[to + 1];
        for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
        std::vector<Id> into(edges_.size());
        std::vector<Id> fill(first.begin(), first.end() - 1);
        for (const auto& [to, from] : edges_) into[fill[to]++] = from;

        std::vector<bool> met(seen_.size(), false);
        std::vector<Id> open = finished_;
        for (const Id id : open) met[id] = true;
        while (!open.empty()) {
            const Id id = open.back();
            open.pop_back();
            for (Id i = first[id]; i < first[id + 1]; ++i) {
                if (met[into[i]]) continue;
                met[into[i]] = true;
                open.push_back(into[i]);
            }
        }
        for (Id id = 0; id < met.size(); ++id) {
            if (!met[id]) {
                fail("from here it never ends", id);
                return;
            }
        }
    }

    /// Tells how to get to the state, and `then`.
    bool fail(const std::string& what, Id id, std::vector<Move> then = {}) {
        std::vector<Move> way = std::move(then);
        for (Id at = id; at != 0; at = seen_.origin(at).from) way.push_back(seen_.origin(at).by);
        verdict_.trace = way.size();
        verdict_.failure = what + ", after " + std::to_string(way.size()) + " steps:\n";
        restore(start_, 0);
        for (auto move = way.rbegin(); move != way.rend(); ++move) {
            verdict_.failure += "  " + model_.describe(*move) + "\n";
            model_.make(*move);
        }
        return false;
    }

    Model& model_;
    const std::size_t most_;
    Layer start_;
    Verdict verdict_;
    Seen seen_;
    std::vector<std::pair<Id, Id>> edges_;  // to, from
    std::vector<Id> finished_;
};

template <class Model>
Verdict exhaust(Model& model, std::size_t most_states = std::numeric_limits<std::size_t>::max()) {
    return Search<Model>(model, most_states).run();
}

}  // namespace quorumlock::model
