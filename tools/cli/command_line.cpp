#include "tools/cli/command_line.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "tools/cli/bench.h"
#include "tools/cli/service_options.h"
#include "tools/cli/verbs.h"

#ifndef QUORUMLOCK_VERSION
#define QUORUMLOCK_VERSION "0.1.0"
#endif

namespace quorumlock::cli {

void add_global_flags(CLI::App& app, Context& context) {
    app.add_option("--nodes", context.node_lists, "node URIs, joined by commas (%2C inside one)")
        ->type_name("URI,URI,...")
        ->allow_extra_args(false);
    app.add_option("--config", context.config_file,
                   "JSON: {\"nodes\": [...], \"max_ttl\": \"60s\"}")
        ->type_name("FILE");
    app.add_flag("--json", context.json, "errors, and the table of `nodes`, as JSON");
    app.add_flag_callback(
        "--no-fence", [&context] { context.fence = false; }, "do not ask for a fencing number");
    app.add_option("--conflict-exit-code", context.conflict_exit_code,
                   "instead of 75 when another holds the lock, 1..125")
        ->check(CLI::Range(1, 125))
        ->type_name("N");
    for (const ServiceOption& option : service_options()) {
        const std::string name(option.flag);
        app.add_option_function<std::string>(
               "--" + name,
               [&context, name](const std::string& text) { context.service_flags[name] = text; },
               std::string(option.help))
            ->type_name("VALUE");
    }
}

namespace {

constexpr const char* kFooter =
    "Nodes: redis://[user[:password]@]host[:port][/db], rediss://...?ca=&cert=&key=&verify=&sni=,\n"
    "unix:///path?db=, memory:; ?name= labels one.\nThey come from --nodes, else from "
    "QUORUMLOCK_NODES, else from the --config file. Other "
    "users of the\nmachine may see the flags of a process before it hides them: keep a password in "
    "QUORUMLOCK_NODES, in\nthe file, or behind ?password_file=PATH or ?password_env=NAME.\n"
    "Durations have a unit: 500ms, 30s, 1.5m, 2h. Global flags stand before or behind the verb.\n"
    "Results are JSON on stdout, errors one line each on stderr (one JSON object with --json).\n"
    "Exit codes: 0 done; 1 not held (extend, release); 64 wrong usage; 69 no quorum, with each "
    "node's\ncause; 75 another holds the lock. run: the command's own, 128+n, 126, 127, 74 lock "
    "lost.\ndoctor: 1 warnings, 2 errors.";

/// Global flags that take no value.
bool stands_alone(std::string_view flag) {
    constexpr std::array<std::string_view, 5> kAlone{"--json", "--no-fence", "--version", "--help",
                                                     "-h"};
    return std::find(kAlone.begin(), kAlone.end(), flag) != kAlone.end();
}

/// The first argument that is neither a global flag nor the value of one.
std::string_view verb_of(const std::vector<std::string>& arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& argument = arguments[i];
        if (!argument.starts_with('-')) return argument;
        if (argument.find('=') == std::string::npos && !stands_alone(argument)) ++i;
    }
    return {};
}

/// Takes what follows the first "--" away from `run`'s arguments: a command is no business of the
/// parser, which would interpret brackets and its own words in it.
void split_command(std::vector<std::string>& arguments, Context& context) {
    if (verb_of(arguments) != "run") return;
    const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
    if (dashes == arguments.end()) return;
    context.command.assign(dashes + 1, arguments.end());
    arguments.erase(dashes, arguments.end());
}

}  // namespace

CommandLine::CommandLine(Context& context)
    : context_(context),
      app_("Distributed locks over a quorum of independent nodes", "quorumlock") {
    app_.footer(kFooter);
    app_.require_subcommand(1);
    app_.set_version_flag("--version", "quorumlock " QUORUMLOCK_VERSION);
    app_.fallthrough();  // Global flags behind the verb; inherited by the verbs added below.
    add_global_flags(app_, context);
    add_run(app_, context);
    add_acquire(app_, context);
    add_extend(app_, context);
    add_release(app_, context);
    add_inspect(app_, context);
    add_break(app_, context);
    add_nodes(app_, context);
    add_doctor(app_, context);
    add_bench(app_, context);
    add_cluster(app_, context);
}

std::optional<int> CommandLine::understand(std::vector<std::string> arguments, std::ostream& out) {
    split_command(arguments, context_);
    const std::string verb(verb_of(arguments));
    context_.json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    for (const std::string& argument : arguments) {
        // The parser would take the next argument as the value.
        if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
            return context_.usage({}, argument + " has no value");
        }
    }
    try {
        std::reverse(arguments.begin(), arguments.end());
        app_.parse(std::move(arguments));
    } catch (const CLI::Success& wanted) {  // --help, --version
        return app_.exit(wanted, out, out);
    } catch (const CLI::Error& wrong) {
        if (verb.empty()) return context_.usage({}, "no verb; see quorumlock --help");
        const auto same = [&verb](const CLI::App* each) { return each->get_name() == verb; };
        if (app_.get_subcommands(same).empty()) {
            return context_.usage({}, verb + ": there is no such verb; see quorumlock --help");
        }
        return context_.usage(verb,
                              std::string(wrong.what()) + "; see quorumlock " + verb + " --help");
    }
    if (!context_.action) return context_.usage({}, "no verb; see quorumlock --help");
    return std::nullopt;
}

}  // namespace quorumlock::cli
