// A set of nodes of one service: bit i is node i. Small enough to copy, no allocation.
#pragma once

#include <bit>
#include <cstdint>

namespace quorumlock {

class NodeSet {
  public:
    constexpr NodeSet() = default;
    static constexpr NodeSet first(int count) {
        return NodeSet(count >= 32 ? ~std::uint32_t{0} : (std::uint32_t{1} << count) - 1);
    }

    static constexpr NodeSet only(int node) { return NodeSet(std::uint32_t{1} << node); }

    constexpr bool has(int node) const { return ((bits_ >> node) & 1U) != 0; }
    constexpr void add(int node) { bits_ |= std::uint32_t{1} << node; }
    constexpr void remove(int node) { bits_ &= ~(std::uint32_t{1} << node); }
    constexpr std::uint32_t bits() const { return bits_; }
    static constexpr NodeSet from_bits(std::uint32_t bits) { return NodeSet(bits); }
    /// Counted in place: std::popcount is a library call where the processor is not known.
    constexpr int size() const {
        std::uint32_t pairs = bits_ - ((bits_ >> 1) & 0x55555555U);
        pairs = (pairs & 0x33333333U) + ((pairs >> 2) & 0x33333333U);
        return static_cast<int>((((pairs + (pairs >> 4)) & 0x0f0f0f0fU) * 0x01010101U) >> 24);
    }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr void clear() { bits_ = 0; }
    constexpr bool operator==(const NodeSet&) const = default;
    constexpr NodeSet operator|(NodeSet other) const { return NodeSet(bits_ | other.bits_); }
    constexpr NodeSet operator&(NodeSet other) const { return NodeSet(bits_ & other.bits_); }
    constexpr NodeSet minus(NodeSet other) const { return NodeSet(bits_ & ~other.bits_); }

    /// Calls f(node) for every member, lowest first; f may change this set.
    template <class F>
    constexpr void each(F&& f) const {
        for (std::uint32_t rest = bits_; rest != 0; rest &= rest - 1) f(std::countr_zero(rest));
    }

  private:
    constexpr explicit NodeSet(std::uint32_t bits) : bits_(bits) {}
    std::uint32_t bits_ = 0;
};

}  // namespace quorumlock
