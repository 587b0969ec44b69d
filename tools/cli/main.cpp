// quorumlock: the library's command line.
#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "tools/cli/bench.h"
#include "tools/cli/output.h"
#include "tools/cli/own_arguments.h"
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

void remember_and_set_signals(Context& context) {
    // A reader that is gone is an error of write(), not the end of this program.
    context.sigpipe_was_ignored = std::signal(SIGPIPE, SIG_IGN) == SIG_IGN;
    // Else the kernel takes the exit codes of children before us.
    context.sigchld_was_ignored = std::signal(SIGCHLD, SIG_DFL) == SIG_IGN;
}

int parse_and_run(CLI::App& app, Context& context, std::vector<std::string> arguments) {
    const std::string verb(verb_of(arguments));
    context.json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    for (const std::string& argument : arguments) {
        // The parser would take the next argument as the value.
        if (argument.starts_with("--") && argument.find('=') == argument.size() - 1) {
            return context.usage({}, argument + " has no value");
        }
    }
    try {
        std::reverse(arguments.begin(), arguments.end());
        app.parse(std::move(arguments));
    } catch (const CLI::Success& wanted) {  // --help, --version
        return app.exit(wanted);
    } catch (const CLI::Error& wrong) {
        if (verb.empty()) return context.usage({}, "no verb; see quorumlock --help");
        const auto same = [&verb](const CLI::App* each) { return each->get_name() == verb; };
        if (app.get_subcommands(same).empty()) {
            return context.usage({}, verb + ": there is no such verb; see quorumlock --help");
        }
        return context.usage(verb,
                             std::string(wrong.what()) + "; see quorumlock " + verb + " --help");
    }
    return context.action ? context.action() : context.usage({}, "no verb; see quorumlock --help");
}

int run_main(int argc, char** argv) {
    Context context;
    remember_and_set_signals(context);
    CLI::App app{"Distributed locks over a quorum of independent nodes", "quorumlock"};
    app.footer(kFooter);
    app.require_subcommand(1);
    app.set_version_flag("--version", "quorumlock " QUORUMLOCK_VERSION);
    app.fallthrough();  // Global flags behind the verb; inherited by the verbs added below.
    add_global_flags(app, context);
    add_run(app, context);
    add_acquire(app, context);
    add_extend(app, context);
    add_release(app, context);
    add_inspect(app, context);
    add_break(app, context);
    add_nodes(app, context);
    add_doctor(app, context);
    add_bench(app, context);
    add_cluster(app, context);

    std::vector<std::string> arguments(argv + 1, argv + argc);
    hide_user_info(argc, argv);
    split_command(arguments, context);
    return parse_and_run(app, context, std::move(arguments));
}

}  // namespace
}  // namespace quorumlock::cli

int main(int argc, char** argv) {
    try {
        return quorumlock::cli::run_main(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "quorumlock: unexpected: %s\n", error.what());
        return quorumlock::cli::kInternal;
    }
}
