// The tasks posted to one loop: an intrusive list, first in, first out.
#pragma once

#include <cstddef>

#include "lib/env/env.h"

namespace quorumlock::env {

class TaskQueue {
  public:
    TaskQueue() = default;
    TaskQueue(const TaskQueue&) = delete;
    TaskQueue& operator=(const TaskQueue&) = delete;
    ~TaskQueue();

    /// No effect when it is queued already.
    void push(Task& task) noexcept;
    /// Takes a task out before it ran; no effect when it is not here. Linear in the queue.
    void remove(Task& task) noexcept;
    /// Takes all out, unrun.
    void clear() noexcept;
    /// The oldest, taken out, unrun; null when there is none.
    Task* pop() noexcept;
    bool empty() const noexcept { return head_ == nullptr; }
    /// Hands all over to a queue that is empty.
    void move_to(TaskQueue& other) noexcept;
    /// Runs up to `limit` tasks, those that they push included. A task may be destroyed by its
    /// own run().
    void run(std::size_t limit);

  private:
    Task* head_ = nullptr;
    Task* tail_ = nullptr;
};

}  // namespace quorumlock::env
