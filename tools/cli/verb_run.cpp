#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

#include "tools/cli/durations.h"
#include "tools/cli/interruptible.h"
#include "tools/cli/output.h"
#include "tools/cli/run_supervisor.h"
#include "tools/cli/verbs.h"

namespace quorumlock::cli {
namespace {

struct RunFlags {
    std::string resource, ttl, wait = "0", kill_after, max_hold = "0";
};

/// The flags, checked.
struct RunPlan {
    Settings settings;
    AcquireOptions acquire;
    Nanos kill_after{0};
};

Result<RunPlan> plan_run(const Context& context, const RunFlags& flags) {
    RunPlan plan;
    if (context.command.empty()) {
        return Error(Errc::invalid_argument, "no command: run RESOURCE -- COMMAND ARG...");
    }
    auto checked = check_resource(flags.resource);
    if (!checked) return std::move(checked).error();
    auto settings = context.settings();
    if (!settings) return std::move(settings).error();
    plan.settings = std::move(*settings);
    auto ttl = parse_ttl(flags.ttl, plan.settings.service);
    if (!ttl) return std::move(ttl).error();
    auto wait = parse_duration("--wait", flags.wait, {Nanos{0}, limits::kMaxWait});
    if (!wait) return std::move(wait).error();
    auto max_hold = parse_duration("--max-hold", flags.max_hold, {Nanos{0}, limits::kMaxWait});
    if (!max_hold) return std::move(max_hold).error();
    // With more than half of the ttl, a renewal that is merely late would end the command.
    Result<Nanos> kill_after = std::min(Nanos(std::chrono::seconds(5)), *ttl / 4);
    if (!flags.kill_after.empty()) {
        kill_after = parse_duration("--kill-after", flags.kill_after, {Nanos{0}, *ttl / 2});
    }
    if (!kill_after) return std::move(kill_after).error();
    plan.kill_after = *kill_after;
    plan.acquire = {.ttl = *ttl,
                    .wait = *wait,
                    .renew = Renewal(Nanos{0}, *max_hold),
                    .fence = context.fence,
                    .stop = {}};
    return plan;
}

ChildSpec child_of(const Context& context, const Lock& lock) {
    ChildSpec spec;
    spec.command = context.command;
    spec.environment = {
        {"QUORUMLOCK_RESOURCE", std::string(lock.resource())},
        {"QUORUMLOCK_TOKEN", std::string(lock.token())},
        {"QUORUMLOCK_FENCE", lock.fence() != 0 ? std::to_string(lock.fence()) : ""}};
    spec.ignore_sigpipe = context.sigpipe_was_ignored;
    spec.ignore_sigchld = context.sigchld_was_ignored;
    return spec;
}

void warn(const Context& context, const Error& error, int code) {
    std::fputs(error_text("run", error, code, context.json).c_str(), stderr);
}

/// Releases, and finds out whether the lock was there to the end.
int finish(const Context& context, Lock& lock, const Ending& ending) {
    const auto released = lock.release().get();
    if (ending.exec_error != 0) {
        const int code = ending.exec_error == ENOENT ? kNotFound : kNotRunnable;
        warn(context,
             Error(Errc::invalid_argument,
                   context.command.front() + ": " + std::strerror(ending.exec_error)),
             code);
        return code;
    }
    if (ending.lock_lost) return kLost;
    if (released) return ending.exit_code;
    const Errc why = released.error().code();
    const bool lost = why == Errc::not_held || why == Errc::lost || why == Errc::expired;
    if (lost) {
        warn(context,
             Error(Errc::lost,
                   "the lock was lost while the command ran: " + released.error().message()),
             kLost);
        return kLost;
    }
    warn(context, released.error(), ending.exit_code);
    return ending.exit_code;
}

/// Where the nodes cannot extend a lease the command has one, and is told to end before it does.
template <class F>
Result<Lock> acquire_for(const Context& context, LockService& service, const std::string& resource,
                         AcquireOptions options, F&& wait) {
    Result<Lock> lock = wait(service.acquire(resource, options));
    if (lock || lock.error().code() != Errc::unsupported) return lock;
    options.renew = false;
    lock = wait(service.acquire(resource, options));
    if (lock && !context.json) {
        std::fprintf(stderr,
                     "quorumlock: run: these nodes cannot extend a lease: the command has %s "
                     "(--ttl)\n",
                     format_duration(options.ttl).c_str());
    }
    return lock;
}

int run_run(const Context& context, const RunFlags& flags) {
    auto plan = plan_run(context, flags);
    if (!plan) return context.fail("run", plan.error());
    SignalSource signals({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCHLD,
                          SIGCONT, SIGTSTP, SIGTTIN, SIGTTOU});
    auto service = LockService::open(plan->settings.nodes, plan->settings.service);
    if (!service) return context.fail("run", service.error());

    std::stop_source stop;
    std::optional<int> interrupted_by;
    plan->acquire.stop = stop.get_token();
    auto lock = acquire_for(context, *service, flags.resource, plan->acquire, [&](auto asked) {
        return wait_interruptibly(std::move(asked), stop, signals, interrupted_by);
    });
    if (interrupted_by) return 128 + *interrupted_by;
    if (!lock) return context.fail("run", lock.error());

    Supervisor supervisor(*lock, signals, plan->kill_after, [&context](const std::string& news) {
        warn(context, Error(Errc::lost, news + "; ending the command"), kLost);
    });
    const Ending ending = supervisor.run(child_of(context, *lock));
    const int code = finish(context, *lock, ending);
    if (ending.interrupted && code == ending.exit_code) {
        (void)service->close().get();
        interrupt_job();
    }
    return code;
}

}  // namespace

void add_run(CLI::App& app, Context& context) {
    auto flags = std::make_shared<RunFlags>();
    CLI::App* verb = app.add_subcommand(
        "run",
        "Hold a lock, renewed, while a command runs: run RESOURCE [OPTIONS] -- COMMAND [ARG...]");
    verb->add_option("RESOURCE", flags->resource, "what to lock, 1..4096 bytes")->required();
    verb->add_option("--ttl", flags->ttl, "the lease, renewed in time, 10ms..max-ttl [30s]");
    verb->add_option("--wait", flags->wait, "keep trying this long while another holds it [0]");
    verb->add_option("--kill-after", flags->kill_after,
                     "from SIGTERM to SIGKILL, 0..ttl/2 [5s, at most ttl/4]");
    verb->add_option("--max-hold", flags->max_hold,
                     "renew no longer than this; 0: as long as the command runs [0]");
    verb->footer(
        "The command gets QUORUMLOCK_RESOURCE, QUORUMLOCK_TOKEN, and QUORUMLOCK_FENCE if there is "
        "one.\nWhen a renewal fails it gets SIGTERM --kill-after before the lease ends, on proven "
        "loss at\nonce, and SIGKILL when the lease ends at the latest; exit code 74. It and what "
        "it started in its\nprocess group end together. Dapr nodes cannot renew: there the command "
        "has one --ttl.\nOther exit codes: the command's own, 128+n "
        "for signal n,\n126 cannot be executed, 127 not found, 75 another holds the lock, 69 no "
        "quorum.");
    verb->callback([&context, flags] {
        context.action = [&context, flags] { return run_run(context, *flags); };
    });
}

}  // namespace quorumlock::cli
