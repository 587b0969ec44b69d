#include "lib/env/task_queue.h"

#include <utility>

#include "lib/base/check.h"

namespace quorumlock::env {

TaskQueue::~TaskQueue() { clear(); }

void TaskQueue::push(Task& task) noexcept {
    if (task.queued) return;
    task.queued = true;
    task.next = nullptr;
    if (tail_ == nullptr) {
        head_ = &task;
    } else {
        tail_->next = &task;
    }
    tail_ = &task;
}

void TaskQueue::move_to(TaskQueue& other) noexcept {
    QL_CHECK(other.empty());
    other.head_ = std::exchange(head_, nullptr);
    other.tail_ = std::exchange(tail_, nullptr);
}

Task* TaskQueue::pop() noexcept {
    Task* const task = head_;
    if (task == nullptr) return nullptr;
    head_ = task->next;
    if (head_ == nullptr) tail_ = nullptr;
    task->next = nullptr;
    task->queued = false;
    return task;
}

void TaskQueue::remove(Task& task) noexcept {
    Task* before = nullptr;
    for (Task* here = head_; here != nullptr; before = here, here = here->next) {
        if (here != &task) continue;
        (before == nullptr ? head_ : before->next) = task.next;
        if (tail_ == &task) tail_ = before;
        task.next = nullptr;
        task.queued = false;
        return;
    }
}

void TaskQueue::clear() noexcept {
    while (pop() != nullptr) {
    }
}

void TaskQueue::run(std::size_t limit) {
    for (std::size_t ran = 0; ran < limit && !empty(); ++ran) pop()->run();
}

}  // namespace quorumlock::env
