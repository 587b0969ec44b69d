// The public Operation's way to its pooled state.
#include <quorumlock/operation.h>

#include <quorumlock/detail/open_operation.h>

#include "lib/service/operation_state.h"

namespace quorumlock::detail {

bool is_done(const OperationState& state) noexcept { return state.done(); }
bool block(OperationState& state) { return state.block(); }
void attach(OperationState& state, Continuation f) { state.attach(std::move(f)); }

void drop(OperationState* state) noexcept {
    if (state != nullptr) state->consumer_left();
}

template <class T>
Result<T> take_in_place(OperationState& state) {
    return state.take<T>();
}
template Result<Lock> take_in_place(OperationState&);
template Result<void> take_in_place(OperationState&);
template Result<bool> take_in_place(OperationState&);
template Result<Inspection> take_in_place(OperationState&);
template Result<std::vector<NodeInfo>> take_in_place(OperationState&);

template <class T>
void put_in_place(OperationState& state, Result<T> result) {
    state.put(std::move(result));
}
template void put_in_place(OperationState&, Result<Lock>);
template void put_in_place(OperationState&, Result<void>);
template void put_in_place(OperationState&, Result<bool>);
template void put_in_place(OperationState&, Result<Inspection>);
template void put_in_place(OperationState&, Result<std::vector<NodeInfo>>);

std::shared_ptr<void> take_box(OperationState& state) { return state.take_box(); }
void put_box(OperationState& state, std::shared_ptr<void> box) { state.put_box(std::move(box)); }

OperationState* new_done_operation() { return &OperationState::make_done(); }
OperationState* new_open_operation(OperationState& sibling) { return &sibling.make_sibling(); }
bool must_not_block(const OperationState& state) noexcept { return state.must_not_block(); }
void complete_open_operation(OperationState& state) { state.complete_from_outside(); }
void map(OperationState& state, Continuation f) { state.map(std::move(f)); }

Error would_deadlock_error() {
    return {Errc::would_deadlock,
            "get() on the thread that runs the service's callbacks would wait for itself; use "
            "then() or co_await there"};
}

}  // namespace quorumlock::detail
