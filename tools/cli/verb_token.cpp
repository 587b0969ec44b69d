// extend and release: what a bare token allows.
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <memory>

#include "tools/cli/output.h"
#include "tools/cli/verbs.h"

namespace quorumlock::cli {
namespace {

struct TokenFlags {
    std::string resource, token, ttl;
};

/// An extend or release that came too late: it says "not held", not "the nodes failed".
int tell(const Context& context, std::string_view verb, const Error& error) {
    const int code = context.fail(verb, error);
    return error.code() == Errc::expired ? static_cast<int>(kNotHeld) : code;
}

int finish(const Context& context, std::string_view verb, const nlohmann::ordered_json& object) {
    if (print_json(object)) return kOk;
    return context.fail(verb, Error(Errc::closed, "done, but stdout cannot be written"));
}

int run_extend(const Context& context, const TokenFlags& flags) {
    auto settings = context.settings();
    if (!settings) return context.fail("extend", settings.error());
    auto checked = check_resource(flags.resource);
    if (!checked) return context.fail("extend", checked.error());
    auto ttl = parse_ttl(flags.ttl, settings->service);
    if (!ttl) return context.fail("extend", ttl.error());
    auto service = LockService::open(settings->nodes, settings->service);
    if (!service) return context.fail("extend", service.error());
    auto extended = service->extend(flags.resource, flags.token, *ttl).get();
    if (!extended) return tell(context, "extend", extended.error());

    nlohmann::ordered_json object;
    put_bytes(object, "resource", flags.resource);
    put_bytes(object, "token", flags.token);
    object["extended"] = true;
    object["ttl_ms"] = milliseconds(*ttl);
    object["note"] =
        "a quorum holds this token now; that it was held without a gap before is not proven";
    return finish(context, "extend", object);
}

int run_release(const Context& context, const TokenFlags& flags) {
    auto checked = check_resource(flags.resource);
    if (!checked) return context.fail("release", checked.error());
    auto service = context.open();
    if (!service) return context.fail("release", service.error());
    auto released = service->release(flags.resource, flags.token).get();
    if (!released) return tell(context, "release", released.error());

    nlohmann::ordered_json object;
    put_bytes(object, "resource", flags.resource);
    put_bytes(object, "token", flags.token);
    object["released"] = true;
    return finish(context, "release", object);
}

CLI::App* add_verb(CLI::App& app, const char* name, const char* what, TokenFlags& flags) {
    CLI::App* verb = app.add_subcommand(name, what);
    verb->add_option("RESOURCE", flags.resource, "what is locked")->required();
    verb->add_option("TOKEN", flags.token, "the token that `acquire` printed")->required();
    return verb;
}

}  // namespace

void add_extend(CLI::App& app, Context& context) {
    auto flags = std::make_shared<TokenFlags>();
    CLI::App* verb = add_verb(app, "extend", "Keep a lock for a ttl from now", *flags);
    verb->add_option("--ttl", flags->ttl, "the lease from now, 10ms..max-ttl [30s]");
    verb->footer(
        "Never shortens a lease. Success proves that a quorum holds the token now, not that\n"
        "there was no gap before. Exit code 1: the token does not hold the lock (any more).");
    verb->callback([&context, flags] {
        context.action = [&context, flags] { return run_extend(context, *flags); };
    });
}

void add_release(CLI::App& app, Context& context) {
    auto flags = std::make_shared<TokenFlags>();
    CLI::App* verb = add_verb(app, "release", "Give a lock back", *flags);
    verb->footer("Exit code 1: the token does not hold the lock (any more).");
    verb->callback([&context, flags] {
        context.action = [&context, flags] { return run_release(context, *flags); };
    });
}

}  // namespace quorumlock::cli
