// A gmock double of NamedLocksInterface. Needs gmock, which nothing else of quorumlock's headers
// does.
//
//   MockNamedLocks locks;
//   EXPECT_CALL(locks, try_acquire("orders:42", _, _)).WillOnce(Contended());
#pragma once

#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>

#include <quorumlock/error.h>
#include <quorumlock/named_locks_interface.h>

namespace quorumlock::testing {

/// Grants all it is asked, unless a test says otherwise. execute() and execute_async() are the real
/// ones over the three mocked verbs: they call try_acquire, run f where that is true, and then
/// release, whose answer is Execution::held(). Operations are done at once; then() and coroutines
/// go on in the calling thread. It must outlive what it runs.
class MockNamedLocks : public NamedLocksInterface {
  public:
    MockNamedLocks() {
        ON_CALL(*this, try_acquire).WillByDefault([] { return Operation<bool>::ready(true); });
        ON_CALL(*this, release).WillByDefault([] { return Operation<bool>::ready(true); });
        ON_CALL(*this, extend).WillByDefault([] { return Operation<bool>::ready(true); });
    }

    MOCK_METHOD(Operation<bool>, try_acquire, (std::string_view, Nanos, std::stop_token),
                (override));
    MOCK_METHOD(Operation<bool>, release, (std::string_view), (override));
    MOCK_METHOD(Operation<bool>, extend, (std::string_view, Nanos), (override));
};

// Actions for WillOnce and WillRepeatedly, of any of the three verbs.

/// true: acquired, extended, or released while it was held.
inline auto Granted() {
    return [] { return Operation<bool>::ready(true); };
}
/// false: another holds it, or it is not held any more.
inline auto Contended() {
    return [] { return Operation<bool>::ready(false); };
}
/// An error: the nodes did not answer, or whatever `code` says.
inline auto Outage(Errc code = Errc::no_quorum,
                   std::string message = "no quorum, as the test says") {
    return [error = Error(code, std::move(message))] { return Operation<bool>::ready(error); };
}

}  // namespace quorumlock::testing
