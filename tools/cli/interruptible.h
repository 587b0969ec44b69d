// Waiting for an operation while a signal may cancel it.
#pragma once

#include <poll.h>

#include <array>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include <quorumlock/operation.h>

#include "tools/cli/signals.h"

namespace quorumlock::cli {

/// The result of `operation`, started with the token of `stop`. A signal that asks to
/// end cancels it, is left in `interrupted_by`, and the operation's own answer is still waited for,
/// so that what it reached is being undone.
template <class T>
Result<T> wait_interruptibly(Operation<T> operation, std::stop_source& stop, SignalSource& signals,
                             std::optional<int>& interrupted_by) {
    struct Shared {
        Wake done;
        std::optional<Result<T>> result;
    };
    auto shared = std::make_shared<Shared>();
    std::move(operation).then([shared](Result<T> result) {
        shared->result.emplace(std::move(result));
        shared->done.set();
    });
    for (;;) {
        std::array<pollfd, 2> watched{{{shared->done.fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}}};
        if (::poll(watched.data(), watched.size(), -1) < 0) continue;
        if ((watched[0].revents & POLLIN) != 0) {
            shared->done.clear();  // Reading is what orders the callback's writes before ours.
            return std::move(*shared->result);
        }
        while (const auto signal = signals.take()) {
            if (!asks_to_end(*signal)) continue;
            interrupted_by = signal;
            stop.request_stop();
        }
    }
}

}  // namespace quorumlock::cli
