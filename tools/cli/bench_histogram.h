// Latencies of a run, counted without allocating: buckets that are never wider than 1/1024 of
// what they hold, from 1 ns to 17 minutes.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace quorumlock::cli {

class LatencyHistogram {
  public:
    LatencyHistogram() : counts_(kBuckets) {}

    void add(std::int64_t nanos) noexcept {
        const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(nanos, 0));
        ++counts_[bucket(std::min(value, kLargest))];
        ++total_;
        max_ = std::max(max_, value);
    }
    void merge(const LatencyHistogram& other) noexcept {
        for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
        total_ += other.total_;
        max_ = std::max(max_, other.max_);
    }
    void clear() noexcept {
        std::fill(counts_.begin(), counts_.end(), 0);
        total_ = 0;
        max_ = 0;
    }

    std::uint64_t count() const noexcept { return total_; }
    /// The largest sample, exact; 0 when there is none.
    std::uint64_t max() const noexcept { return max_; }
    /// The smallest value that at least `share` (0..1) of the samples do not exceed, in
    /// nanoseconds, up to the bucket's width. 0 when there is no sample.
    std::uint64_t quantile(double share) const noexcept {
        if (total_ == 0) return 0;
        const auto rank = std::max<std::uint64_t>(
            1, static_cast<std::uint64_t>(share * static_cast<double>(total_) + 0.5));
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < kBuckets; ++i) {
            seen += counts_[i];
            if (seen >= rank) return std::min(middle(i), max_);
        }
        return max_;
    }

    /// The counters as plain numbers, for another process: see from_words().
    std::vector<std::uint64_t> to_words() const {
        std::vector<std::uint64_t> words(counts_);
        words.push_back(total_);
        words.push_back(max_);
        return words;
    }
    static constexpr std::size_t words() noexcept { return kBuckets + 2; }
    void from_words(const std::vector<std::uint64_t>& words) {
        std::copy_n(words.begin(), kBuckets, counts_.begin());
        total_ = words[kBuckets];
        max_ = words[kBuckets + 1];
    }

  private:
    static constexpr int kFineBits = 10;
    static constexpr int kValueBits = 40;
    static constexpr std::uint64_t kLargest = (std::uint64_t{1} << kValueBits) - 1;
    static constexpr std::size_t kBuckets = std::size_t{kValueBits - kFineBits + 1} << kFineBits;

    /// Below 2^10 a bucket a value; above, 1024 buckets a power of two.
    static std::size_t bucket(std::uint64_t value) noexcept {
        const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - kFineBits - 1);
        return (static_cast<std::size_t>(shift) << kFineBits) + (value >> shift);
    }
    static std::uint64_t middle(std::size_t index) noexcept {
        if (index < (std::size_t{2} << kFineBits)) return index;
        const std::size_t shift = (index >> kFineBits) - 1;
        const std::uint64_t low = (index - (shift << kFineBits)) << shift;
        return low + (std::uint64_t{1} << shift) / 2;
    }

    std::vector<std::uint64_t> counts_;
    std::uint64_t total_ = 0;
    std::uint64_t max_ = 0;
};

}  // namespace quorumlock::cli
