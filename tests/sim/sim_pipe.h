// One direction of a connection: bytes under way, in order, each piece with its own delay.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/clock.h"

namespace quorumlock::sim {

enum class Ending : std::uint8_t { none, fin, reset };

/// What arrives together.
struct Piece {
    Time at = 0;               ///< When it arrives, at the earliest.
    std::int64_t written = 0;  ///< When its first byte was handed in, by the sender's own clock.
    std::size_t size = 0;
    Ending ending = Ending::none;  ///< Behind the bytes nothing comes.
};

/// A queue of pieces: under way, then arrived, then taken out by the receiver.
class Pipe {
  public:
    bool under_way() const noexcept { return arrived_ < pieces_.size(); }
    bool arrived() const noexcept { return first_ < arrived_; }
    /// Bytes that the receiver has not taken.
    std::size_t size() const noexcept { return bytes_.size() - taken_; }
    const Piece& next_under_way() const noexcept { return pieces_[arrived_]; }
    Time last_at() const noexcept { return last_at_; }
    bool ended() const noexcept { return ended_; }

    /// Never earlier than what is before it.
    void push(std::string_view bytes, Time at, std::int64_t written) {
        if (ended_) return;
        last_at_ = at > last_at_ ? at : last_at_;
        bytes_.append(bytes);
        pieces_.push_back({last_at_, written, bytes.size(), Ending::none});
    }
    void end(Ending ending, Time at) {
        if (ended_) return;
        ended_ = true;
        last_at_ = at > last_at_ ? at : last_at_;
        pieces_.push_back({last_at_, 0, 0, ending});
    }
    /// The oldest piece under way has arrived.
    void arrive() noexcept { ++arrived_; }
    /// The oldest piece that has arrived.
    const Piece& front() const noexcept { return pieces_[first_]; }
    std::string_view front_bytes() const noexcept {
        return std::string_view(bytes_).substr(taken_, pieces_[first_].size);
    }
    /// Moves its first `size` bytes on; a piece without bytes left is gone.
    void take(std::size_t size) noexcept {
        taken_ += size;
        pieces_[first_].size -= size;
        if (pieces_[first_].size != 0) return;
        ++first_;
        if (first_ != pieces_.size()) return;
        pieces_.clear();
        first_ = arrived_ = 0;
        bytes_.clear();
        taken_ = 0;
    }
    /// What is under way is lost; what has arrived stays.
    void lose_under_way() noexcept {
        std::size_t lost = 0;
        for (std::size_t i = arrived_; i < pieces_.size(); ++i) lost += pieces_[i].size;
        bytes_.resize(bytes_.size() - lost);
        pieces_.resize(arrived_);
        ended_ = false;
    }
    /// What is under way arrives later by so much.
    void postpone(Time by) noexcept {
        for (std::size_t i = arrived_; i < pieces_.size(); ++i) pieces_[i].at += by;
        if (under_way()) last_at_ += by;
    }
    /// What has arrived and was not taken is lost.
    void lose_arrived() noexcept {
        while (arrived()) take(pieces_[first_].size);
    }
    void clear() noexcept {
        pieces_.clear();
        bytes_.clear();
        first_ = arrived_ = 0;
        taken_ = 0;
        ended_ = false;
    }

  private:
    std::string bytes_;
    std::vector<Piece> pieces_;
    std::size_t first_ = 0;
    std::size_t arrived_ = 0;
    std::size_t taken_ = 0;
    Time last_at_ = 0;
    bool ended_ = false;
};

}  // namespace quorumlock::sim
