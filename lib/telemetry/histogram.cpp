#include "lib/telemetry/histogram.h"

#include <algorithm>

namespace quorumlock::telemetry {

std::string seconds_of(Nanos time) {
    const auto ns = time.count();
    std::string text = std::to_string(ns / 1'000'000'000);
    std::string rest = std::to_string(ns % 1'000'000'000);
    rest.insert(0, 9 - rest.size(), '0');
    rest.erase(rest.find_last_not_of('0') + 1);
    return rest.empty() ? text : text + "." + rest;
}

void Histogram::add(Nanos duration) {
    const Nanos counted = std::max(duration, Nanos{0});
    std::size_t bucket = 0;
    while (bucket < kEnds.size() && counted > std::chrono::microseconds(kEnds[bucket])) ++bucket;
    ++counts_[bucket];
    sum_ += counted;
}

void Histogram::append_to(std::string& text, std::string_view name, std::string_view labels) const {
    const std::string begin(name);
    const std::string more = labels.empty() ? "" : std::string(labels) + ",";
    const std::string only = labels.empty() ? "" : "{" + std::string(labels) + "}";
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
        below += counts_[i];
        const std::string end =
            i < kEnds.size() ? seconds_of(std::chrono::microseconds(kEnds[i])) : "+Inf";
        text += begin + "_bucket{" + more + "le=\"" + end + "\"} " + std::to_string(below) + "\n";
    }
    text += begin + "_sum" + only + " " + seconds_of(sum_) + "\n";
    text += begin + "_count" + only + " " + std::to_string(below) + "\n";
}

}  // namespace quorumlock::telemetry
