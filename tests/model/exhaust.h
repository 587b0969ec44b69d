// Walks through every state that a model can reach, breadth first, so that the trace of a failure
// is a shortest one. States are told apart by 128 bits of a hash of their bytes; only the newest
// layer is kept whole.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace quorumlock::model {

/// One step that can be taken: whose, and which of those open to it.
struct Move {
    std::uint8_t actor = 0;
    std::uint8_t choice = 0;
};

struct Verdict {
    std::size_t states = 0;
    std::size_t moves = 0;
    std::size_t depth = 0;
    std::string failure;  ///< Empty: none. Else what is wrong, and below it how it comes about.
};

/// A model has: state(), its bytes, which may be put back at any time in the same place; moves(),
/// all steps open now; make(Move); violation(), empty while all is well; finished(), nothing is
/// owed to anybody; describe(Move). Every state must be well, and finished() be within reach of it.
template <class Model>
class Search {
  public:
    explicit Search(Model& model) : model_(model), start_(save()) {}

    Verdict run() {
        add(start_, 0, {});
        Layer layer{{0, start_}};
        while (!layer.empty() && verdict_.failure.empty()) {
            Layer next;
            for (const auto& [id, bytes] : layer) {
                if (!expand(id, bytes, next)) break;
            }
            layer = std::move(next);
            ++verdict_.depth;
        }
        verdict_.states = origin_.size();
        verdict_.moves = edges_.size();
        if (verdict_.failure.empty()) check_that_the_end_is_within_reach();
        return std::move(verdict_);
    }

  private:
    using Id = std::uint32_t;
    using Bytes = std::vector<std::byte>;
    using Layer = std::vector<std::pair<Id, Bytes>>;
    using Key = std::array<std::uint64_t, 2>;
    struct KeyHash {
        std::size_t operator()(const Key& key) const noexcept { return key[0]; }
    };
    struct Origin {
        Id from;
        Move by;
    };

    Bytes save() const {
        const std::span<std::byte> now = model_.state();
        return Bytes(now.begin(), now.end());
    }
    void restore(const Bytes& bytes) {
        std::memcpy(model_.state().data(), bytes.data(), bytes.size());
    }
    static Key key_of(const Bytes& bytes) {
        Key key{0x9e3779b97f4a7c15U, 0xc2b2ae3d27d4eb4fU};
        for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
            key[0] = (key[0] ^ word) * 0xff51afd7ed558ccdU;
            key[0] ^= key[0] >> 32;
            key[1] = (key[1] + word) * 0xc4ceb9fe1a85ec53U;
            key[1] ^= key[1] >> 29;
        }
        return key;
    }

    /// The state's number, and whether it is new.
    std::pair<Id, bool> add(const Bytes& bytes, Id from, Move by) {
        const auto [at, fresh] = known_.emplace(key_of(bytes), static_cast<Id>(origin_.size()));
        if (fresh) origin_.push_back({from, by});
        return {at->second, fresh};
    }

    bool expand(Id id, const Bytes& bytes, Layer& next) {
        restore(bytes);
        const std::vector<Move> moves = model_.moves();
        if (model_.finished()) finished_.push_back(id);
        if (moves.empty() && !model_.finished()) return fail("all wait for each other", id);
        for (const Move move : moves) {
            restore(bytes);
            model_.make(move);
            if (const std::string what = model_.violation(); !what.empty()) {
                return fail(what, id, {move});
            }
            Bytes reached = save();
            const auto [to, fresh] = add(reached, id, move);
            edges_.emplace_back(to, id);
            if (fresh) next.emplace_back(to, std::move(reached));
        }
        return true;
    }

    /// Backwards from the finished states: whatever is not met can never end.
    void check_that_the_end_is_within_reach() {
        std::vector<Id> first(origin_.size() + 1, 0);
        for (const auto& [to, from] : edges_) ++first[to + 1];
        for (std::size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
        std::vector<Id> into(edges_.size());
        std::vector<Id> fill(first.begin(), first.end() - 1);
        for (const auto& [to, from] : edges_) into[fill[to]++] = from;

        std::vector<bool> met(origin_.size(), false);
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
        for (Id at = id; at != 0; at = origin_[at].from) way.push_back(origin_[at].by);
        verdict_.failure = what + ", after " + std::to_string(way.size()) + " steps:\n";
        restore(start_);
        for (auto move = way.rbegin(); move != way.rend(); ++move) {
            verdict_.failure += "  " + model_.describe(*move) + "\n";
            model_.make(*move);
        }
        return false;
    }

    Model& model_;
    Bytes start_;
    Verdict verdict_;
    std::unordered_map<Key, Id, KeyHash> known_;
    std::vector<Origin> origin_;            // of each state: how it was first reached
    std::vector<std::pair<Id, Id>> edges_;  // to, from
    std::vector<Id> finished_;
};

template <class Model>
Verdict exhaust(Model& model) {
    return Search<Model>(model).run();
}

}  // namespace quorumlock::model
