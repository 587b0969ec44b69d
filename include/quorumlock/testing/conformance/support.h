// What tests of a whole service share: opening one, judging results, waiting for the background.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <quorumlock/lock_service.h>

namespace quorumlock::testing {

/// For nodes that are well: no time limit that a slow machine could miss.
inline ServiceOptions patient() {
    ServiceOptions options;
    options.node_timeout = std::chrono::seconds(10);
    options.connect_timeout = std::chrono::seconds(20);
    return options;
}

/// "ok", or the error with its node lines.
template <class T>
std::string text_of(const Result<T>& result) {
    if (result) return "ok";
    return std::string(errc_name(result.error().code())) + ": " + result.error().to_string();
}

template <class T>
::testing::AssertionResult is_ok(const Result<T>& result) {
    if (result) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << text_of(result);
}

template <class T>
::testing::AssertionResult fails_with(Errc code, const Result<T>& result) {
    if (!result && result.error().code() == code) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure()
           << "expected " << errc_name(code) << ", got " << text_of(result);
}

/// Every one of these words is in the error's text or in one of its node lines.
inline ::testing::AssertionResult says(const Error& error, const std::vector<std::string>& words) {
    const std::string text = error.to_string();
    for (const std::string& word : words) {
        if (text.find(word) == std::string::npos) {
            return ::testing::AssertionFailure() << "\"" << word << "\" is not in: " << text;
        }
    }
    return ::testing::AssertionSuccess();
}

/// Real time, for bounds in one direction only.
class Stopwatch {
  public:
    std::chrono::milliseconds elapsed() const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - start_);
    }

  private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// Throws, with the error's text, where the service cannot be opened: the test has then failed.
inline LockService open_service(const std::vector<std::string>& uris,
                                ServiceOptions options = patient()) {
    auto service = LockService::open(uris, std::move(options));
    if (!service) throw std::runtime_error("open_service: " + text_of(service));
    return std::move(service).value();
}

/// Asks again every few ms until it is so; false when it is not within `limit`.
inline bool eventually(const std::function<bool()>& is_so,
                       std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    const Stopwatch watch;
    while (!is_so()) {
        if (watch.elapsed() > limit) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

/// How many nodes say that somebody holds the resource.
inline int nodes_holding(LockService& service, std::string_view resource) {
    auto said = service.inspect(resource).get();
    if (!said) {
        ADD_FAILURE() << text_of(said);
        return -1;
    }
    int holding = 0;
    for (const NodeInspection& node : said->nodes) holding += node.present ? 1 : 0;
    return holding;
}

/// Within a time that is short beside the ttl the test uses (30 s), no node holds it any more.
inline ::testing::AssertionResult nothing_left(LockService& service, std::string_view resource) {
    int holding = -1;
    if (eventually([&] { return (holding = nodes_holding(service, resource)) == 0; })) {
        return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << holding << " nodes still hold it";
}

}  // namespace quorumlock::testing
