// Lines for the program's log, at a bounded rate.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <quorumlock/observer.h>

namespace quorumlock {

enum class LogLevel : std::uint8_t {
    debug,    ///< Each call that did as asked, or was contended.
    info,     ///< A node that failed or was silent, while the call may succeed all the same.
    warning,  ///< An outage, a lock that was lost or broken, a function that outlived its lease.
    error,    ///< What will not mend by itself: servers that refuse us.
};
const char* log_level_name(LogLevel level) noexcept;

struct LogOptions {
    LogLevel least = LogLevel::info;
    /// For each level, in each second; 1 .. 1,000,000, else the nearest. What is over it is
    /// counted, and told with the first line of that level in a later second.
    std::size_t lines_per_second = 10;
};

/// Turns events into lines: give it to ServiceOptions::observer. `write` is called on the service's
/// own thread with one line without its end: printable, whatever bytes a resource has. It must not
/// throw and should not block. One service each: it counts without a lock.
class LoggingObserver final : public Observer {
  public:
    using Write = std::function<void(LogLevel level, std::string_view line)>;
    explicit LoggingObserver(Write write, LogOptions options = {});

    void on_acquire(const AcquireEvent& event) override;
    void on_extend(const ExtendEvent& event) override;
    void on_release(const ReleaseEvent& event) override;
    void on_break(const BreakEvent& event) override;
    void on_hold_end(const HoldEvent& event) override;
    void on_node_answer(const NodeAnswerEvent& event) override;
    void on_execute(const ExecuteEvent& event) override;
    void on_notice(const NoticeEvent& event) override;
    void on_dropped(std::size_t count) override;

  private:
    struct Rate {
        Instant second{};
        std::size_t lines = 0;
        std::size_t held_back = 0;
    };
    /// May a line of this level be written at this time?
    bool admits(LogLevel level, Instant at);
    void write(LogLevel level, std::string line);
    void tell_end(std::string_view verb, const ObservedEvent& event);

    Write write_;
    LogOptions options_;
    std::array<Rate, 4> rates_{};
};

}  // namespace quorumlock
