// The public Operation's way to its pooled state.
#include <quorumlock/operation.h>

#include "lib/service/operation_state.h"

namespace quorumlock::detail {

bool is_done(const OperationState& state) noexcept { return state.done(); }
bool block(OperationState& state) { return state.block(); }
void attach(OperationState& state, Continuation f) { state.attach(std::move(f)); }

void drop(OperationState* state) noexcept {
    if (state != nullptr) state->consumer_left();
}

template <class T>
Result<T> take(OperationState& state) {
    return state.take<T>();
}
template Result<Lock> take(OperationState&);
template Result<void> take(OperationState&);
template Result<Inspection> take(OperationState&);
template Result<std::vector<NodeInfo>> take(OperationState&);

Error would_deadlock_error() {
    return {Errc::would_deadlock,
            "get() on the thread that runs the service's callbacks would wait for itself; use "
            "then() or co_await there"};
}

}  // namespace quorumlock::detail
