#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>

#include "tools/cli/durations.h"
#include "tools/cli/interruptible.h"
#include "tools/cli/output.h"
#include "tools/cli/verbs.h"

namespace quorumlock::cli {
namespace {

struct AcquireFlags {
    std::string resource, ttl, wait = "0";
};

nlohmann::ordered_json describe(const Lock& lock) {
    nlohmann::ordered_json object;
    put_bytes(object, "resource", lock.resource());
    object["token"] = lock.token();
    if (lock.fence() != 0) object["fence"] = lock.fence();
    object["validity_ms"] = milliseconds(lock.remaining());
    object["nodes"] = lock.nodes();
    return object;
}

int run_acquire(const Context& context, const AcquireFlags& flags) {
    auto settings = context.settings();
    if (!settings) return context.fail("acquire", settings.error());
    auto checked = check_resource(flags.resource);
    if (!checked) return context.fail("acquire", checked.error());
    auto ttl = parse_ttl(flags.ttl, settings->service);
    if (!ttl) return context.fail("acquire", ttl.error());
    auto wait = parse_duration("--wait", flags.wait, {Nanos{0}, limits::kMaxWait});
    if (!wait) return context.fail("acquire", wait.error());

    SignalSource signals({SIGINT, SIGTERM, SIGHUP, SIGQUIT});
    auto service = LockService::open(settings->nodes, settings->service);
    if (!service) return context.fail("acquire", service.error());
    std::stop_source stop;
    std::optional<int> interrupted_by;
    auto lock = wait_interruptibly(service->acquire(flags.resource, {.ttl = *ttl,
                                                                     .wait = *wait,
                                                                     .renew = {},
                                                                     .fence = context.fence,
                                                                     .stop = stop.get_token()}),
                                   stop, signals, interrupted_by);
    if (interrupted_by) return 128 + *interrupted_by;  // A lock won meanwhile is released here.
    if (!lock) return context.fail("acquire", lock.error());
    if (!print_json(describe(*lock))) {
        // Nobody knows the token now: held, the lock would only be in the way until it ends.
        (void)lock->release().get();
        return context.fail("acquire", Error(Errc::closed,
                                             "the result cannot be written to stdout; the lock was "
                                             "released"));
    }
    lock->detach();
    return kOk;
}

}  // namespace

Result<void> check_resource(std::string_view resource) {
    if (!resource.empty() && resource.size() <= limits::kMaxResourceBytes) return {};
    return Error(Errc::invalid_argument, "RESOURCE: " + std::to_string(resource.size()) +
                                             " bytes is out of bounds: 1 to " +
                                             std::to_string(limits::kMaxResourceBytes) + " bytes");
}

Result<Nanos> parse_ttl(const std::string& text, const ServiceOptions& options) {
    if (text.empty()) return std::min(AcquireOptions{}.ttl, options.max_ttl);
    return parse_duration("--ttl", text, {limits::kMinTtl, options.max_ttl});
}

void add_acquire(CLI::App& app, Context& context) {
    auto flags = std::make_shared<AcquireFlags>();
    CLI::App* verb = app.add_subcommand(
        "acquire",
        "Take a lock, print it as one JSON object, and leave it held until its ttl ends");
    verb->add_option("RESOURCE", flags->resource, "what to lock, 1..4096 bytes")->required();
    verb->add_option("--ttl", flags->ttl, "the lease asked of the nodes, 10ms..max-ttl [30s]");
    verb->add_option("--wait", flags->wait, "keep trying this long while another holds it [0]");
    verb->footer(
        "Prints {\"resource\", \"token\", \"fence\" if there is one, \"validity_ms\", \"nodes\"}.\n"
        "A name or token that is not UTF-8 is printed as base64 in \"resource_base64\".\n"
        "Nothing renews the lock: see `extend`, or `run`, which holds it as long as a command "
        "runs.");
    verb->callback([&context, flags] {
        context.action = [&context, flags] { return run_acquire(context, *flags); };
    });
}

}  // namespace quorumlock::cli
