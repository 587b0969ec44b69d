#include "tools/cli/context.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "tools/cli/config.h"
#include "tools/cli/output.h"
#include "tools/cli/service_options.h"

namespace quorumlock::cli {
namespace {

Error invalid(std::string message) { return Error(Errc::invalid_argument, std::move(message)); }

/// URIs joined by commas; a comma inside a URI is written %2C.
Result<void> split_nodes(std::string_view shown, std::string_view list,
                         std::vector<std::string>& nodes) {
    for (;;) {
        const std::size_t comma = list.find(',');
        const std::string_view uri = list.substr(0, comma);
        if (uri.empty()) {
            return invalid(std::string(shown) + ": a URI is empty; write URI,URI,...");
        }
        nodes.emplace_back(uri);
        if (comma == std::string_view::npos) return {};
        list.remove_prefix(comma + 1);
    }
}

struct Given {
    std::string shown, text;
};
using AllGiven = std::map<const ServiceOption*, Given>;

/// A flag goes before the file, whatever either says.
Result<void> add_all(const std::map<std::string, std::string>& given, const std::string& prefix,
                     AllGiven& all) {
    for (const auto& [name, text] : given) {
        const ServiceOption* option = find_service_option(name);
        if (option == nullptr) return invalid(prefix + name + ": there is no such option");
        all[option] = {prefix + name, text};
    }
    return {};
}

Result<void> apply_all(const AllGiven& all, ServiceOptions& options) {
    for (const ServiceOption& option : service_options()) {
        const auto given = all.find(&option);
        if (given == all.end()) continue;
        auto applied = option.apply(options, given->second.shown, given->second.text);
        if (!applied) return applied;
    }
    return {};
}

Result<void> choose_nodes(const Context& context, std::vector<std::string> from_file,
                          std::vector<std::string>& nodes) {
    for (const std::string& list : context.node_lists) {
        auto split = split_nodes("--nodes", list, nodes);
        if (!split) return split;
    }
    if (!nodes.empty()) return {};
    const char* environment = std::getenv("QUORUMLOCK_NODES");
    if (environment != nullptr && *environment != '\0') {
        return split_nodes("QUORUMLOCK_NODES", environment, nodes);
    }
    nodes = std::move(from_file);
    if (!nodes.empty()) return {};
    return invalid(
        "no nodes: give --nodes URI,URI,..., set QUORUMLOCK_NODES, or name them in --config FILE");
}

/// A part of the query: rediss://host?verify=none
bool is_unverified(std::string_view uri) {
    const std::size_t mark = std::min(uri.find('?'), uri.size());
    const std::string query = "&" + std::string(uri.substr(std::min(mark + 1, uri.size()))) + "&";
    return query.find("&verify=none&") != query.npos;
}

void warn_of_unverified(const std::vector<std::string>& nodes) {
    for (const std::string& uri : nodes) {
        if (!is_unverified(uri)) continue;
        const std::string shown = one_line(uri.substr(0, uri.find('?')));
        std::fprintf(stderr,
                     "quorumlock: warning: %s: its certificate is not looked at (verify=none)\n",
                     shown.c_str());
    }
}

}  // namespace

Result<Settings> Context::settings() const {
    Settings settings;
    ConfigFile file;
    if (!config_file.empty()) {
        auto read = read_config(config_file);
        if (!read) return std::move(read).error();
        file = std::move(*read);
    }
    const std::string prefix = "--config " + config_file + ": ";
    AllGiven all;
    auto added = add_all(file.service, prefix, all);
    if (added) added = add_all(service_flags, "--", all);
    if (!added) return std::move(added).error();
    auto applied = apply_all(all, settings.service);
    if (!applied) return std::move(applied).error();
    auto chosen = choose_nodes(*this, std::move(file.nodes), settings.nodes);
    if (!chosen) return std::move(chosen).error();
    warn_of_unverified(settings.nodes);
    return settings;
}

Result<LockService> Context::open(std::shared_ptr<Observer> observer) const {
    auto chosen = settings();
    if (!chosen) return std::move(chosen).error();
    chosen->service.observer = std::move(observer);
    return LockService::open(std::move(chosen->nodes), std::move(chosen->service));
}

int Context::fail(std::string_view verb, const Error& error) const {
    int code = exit_code_for(error.code());
    if (code == kContended) code = conflict_exit_code;
    const std::string text = error_text(verb, error, code, json);
    if (tell) {
        tell(text);
    } else {
        std::fputs(text.c_str(), stderr);
    }
    return code;
}

int Context::usage(std::string_view verb, std::string_view message) const {
    return fail(verb, Error(Errc::invalid_argument, std::string(message)));
}

int exit_code_for(Errc code) noexcept {
    switch (code) {
        case Errc::contended:
            return kContended;
        case Errc::no_quorum:
        case Errc::timed_out:
        case Errc::expired:
        case Errc::rejected_by_server:
            return kNoQuorum;
        case Errc::not_held:
        case Errc::lost:
            return kNotHeld;
        case Errc::invalid_argument:
        case Errc::unsupported:
        case Errc::duplicate_node:
            return kUsage;
        case Errc::cancelled:
        case Errc::closed:
        case Errc::would_deadlock:
            break;
    }
    return kInternal;
}

}  // namespace quorumlock::cli
