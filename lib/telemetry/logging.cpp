#include <quorumlock/telemetry/logging.h>

#include <algorithm>
#include <utility>

namespace quorumlock {

namespace {

constexpr Nanos kSecond = std::chrono::seconds(1);

std::string printable(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f && byte < 0x80) {
            text += c;
        } else {
            text += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 0x0f]};
        }
    }
    return text;
}

std::string text_of(Nanos time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(time).count()) +
           " us";
}

LogLevel level_of(const std::optional<Errc>& error) {
    if (!error) return LogLevel::debug;
    switch (*error) {
        case Errc::contended:
        case Errc::cancelled:
        case Errc::closed:
        case Errc::would_deadlock:
            return LogLevel::debug;
        case Errc::no_quorum:
        case Errc::timed_out:
        case Errc::not_held:
        case Errc::expired:
        case Errc::lost:
            return LogLevel::warning;
        case Errc::invalid_argument:
        case Errc::unsupported:
        case Errc::rejected_by_server:
        case Errc::duplicate_node:
            break;
    }
    return LogLevel::error;
}

}  // namespace

const char* log_level_name(LogLevel level) noexcept {
    switch (level) {
        case LogLevel::debug:
            return "debug";
        case LogLevel::info:
            return "info";
        case LogLevel::warning:
            return "warning";
        case LogLevel::error:
            return "error";
    }
    return "?";
}

LoggingObserver::LoggingObserver(Write write, LogOptions options)
    : write_(std::move(write)), options_(options) {
    options_.lines_per_second = std::clamp<std::size_t>(options_.lines_per_second, 1, 1'000'000);
}

bool LoggingObserver::admits(LogLevel level, Instant at) {
    if (level < options_.least) return false;
    Rate& rate = rates_[static_cast<std::size_t>(level)];
    if (at - rate.second >= kSecond) {
        rate.second = at;
        rate.lines = 0;
    }
    if (rate.lines >= options_.lines_per_second) {
        ++rate.held_back;
        return false;
    }
    ++rate.lines;
    return true;
}

void LoggingObserver::write(LogLevel level, std::string line) {
    Rate& rate = rates_[static_cast<std::size_t>(level)];
    if (const std::size_t count = std::exchange(rate.held_back, 0); count > 0) {
        line += " (" + std::to_string(count) + " lines before this one were held back)";
    }
    write_(level, line);
}

void LoggingObserver::tell_end(std::string_view verb, const ObservedEvent& event) {
    const LogLevel level = level_of(event.error);
    if (!admits(level, event.at)) return;
    write(level, std::string(verb) + " " + printable(event.resource) + ": " +
                     (event.error ? errc_name(*event.error) : "ok") + " after " +
                     text_of(event.duration));
}

void LoggingObserver::on_acquire(const AcquireEvent& event) { tell_end("acquire", event); }

void LoggingObserver::on_extend(const ExtendEvent& event) {
    tell_end(event.renewal ? "renewal" : "extend", event);
}

void LoggingObserver::on_release(const ReleaseEvent& event) { tell_end("release", event); }

void LoggingObserver::on_break(const BreakEvent& event) {
    const LogLevel level = std::max(LogLevel::warning, level_of(event.error));
    if (!admits(level, event.at)) return;
    write(level, "break " + printable(event.resource) + " by " + printable(event.by) + ": " +
                     (event.error ? errc_name(*event.error) : "ok") + " after " +
                     text_of(event.duration));
}

void LoggingObserver::on_hold_end(const HoldEvent& event) {
    const LogLevel level = event.end == HoldEnd::lost ? LogLevel::warning : LogLevel::debug;
    if (!admits(level, event.at)) return;
    write(level, "hold " + printable(event.resource) + ": " + hold_end_name(event.end) + " after " +
                     text_of(event.duration));
}

void LoggingObserver::on_node_answer(const NodeAnswerEvent& event) {
    const bool answered = event.vote == NodeVote::granted || event.vote == NodeVote::refused;
    const LogLevel level = answered ? LogLevel::debug : LogLevel::info;
    if (!admits(level, event.at)) return;
    write(level, "node " + printable(event.node) + ": " + node_vote_name(event.vote) + " to " +
                     node_step_name(event.step) + " " + printable(event.resource) + " after " +
                     text_of(event.duration));
}

void LoggingObserver::on_execute(const ExecuteEvent& event) {
    const bool outlived = event.ran && !event.held;
    const LogLevel level = outlived ? LogLevel::warning : level_of(event.error);
    if (!admits(level, event.at)) return;
    const char* what = event.error  ? errc_name(*event.error)
                       : !event.ran ? "contended"
                       : outlived   ? "ran, and outlived its lease"
                                    : "ran";
    write(level, "execute " + printable(event.resource) + ": " + what + " after " +
                     text_of(event.duration));
}

void LoggingObserver::on_notice(const NoticeEvent& event) {
    if (admits(LogLevel::warning, event.at)) write(LogLevel::warning, printable(event.resource));
}

void LoggingObserver::on_dropped(std::size_t count) {
    if (options_.least > LogLevel::warning) return;
    write(LogLevel::warning,
          std::to_string(count) + " events were dropped: the observer is too slow");
}

}  // namespace quorumlock
