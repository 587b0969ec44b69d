// An operation that is completed by code above the service: execute_async() is made of it.
#pragma once

#include <utility>

#include <quorumlock/operation.h>

namespace quorumlock::detail {

/// Open, and of the same service as `sibling`, so that its callbacks come from the same thread.
OperationState* new_open_operation(OperationState& sibling);
/// This is the thread that has to go on for the operation, or what follows it, to end.
bool must_not_block(const OperationState& state) noexcept;
template <class T>
bool must_not_block(Operation<T>& operation) noexcept {
    OperationState* state = release_handle(std::move(operation));
    operation = Operation<T>(state);
    return must_not_block(*state);
}
/// Its result has been put: tells the consumer. Once; any thread.
void complete_open_operation(OperationState& state);

/// The other end of such an operation. Move-only; complete() is called exactly once.
template <class T>
class OpenOperation {
  public:
    template <class U>
    explicit OpenOperation(Operation<U>& sibling) {
        OperationState* beside = release_handle(std::move(sibling));
        state_ = new_open_operation(*beside);
        sibling = Operation<U>(beside);
    }
    OpenOperation(OpenOperation&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

    /// The consumer's handle; asked for once.
    Operation<T> handle() { return Operation<T>(state_); }
    void complete(Result<T> result) {
        put<T>(*state_, std::move(result));
        complete_open_operation(*std::exchange(state_, nullptr));
    }

  private:
    OperationState* state_;
};

}  // namespace quorumlock::detail
