// What tests of a whole service share: opening one, judging results, waiting for the background.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/lock_service.h>

namespace quorumlock::testing {

/// For nodes that are well: no time limit that a slow machine could miss.
ServiceOptions patient();

/// Ends the test program, with the error's text, where the service cannot be opened.
LockService open_service(const std::vector<std::string>& uris, ServiceOptions options = patient());

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
::testing::AssertionResult says(const Error& error, const std::vector<std::string>& words);

/// Asks again every few ms until it is so; false when it is not within `limit`.
bool eventually(const std::function<bool()>& is_so,
                std::chrono::milliseconds limit = std::chrono::seconds(10));

/// How many nodes say that somebody holds the resource.
int nodes_holding(LockService& service, std::string_view resource);
/// Within a time that is short beside the ttl the test uses (30 s), no node holds it any more.
::testing::AssertionResult nothing_left(LockService& service, std::string_view resource);

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

}  // namespace quorumlock::testing
