// break: takes a lock away from a holder that will not give it back.
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <quorumlock/telemetry/otlp.h>
#include <quorumlock/token.h>

#include "tools/cli/durations.h"
#include "tools/cli/output.h"
#include "tools/cli/verbs.h"

namespace quorumlock::cli {
namespace {

using nlohmann::ordered_json;

/// A holder that extends may put its key back on a server or two while others lose it.
constexpr int kTries = 3;

struct BreakFlags {
    std::string resource, token;
    std::string by;  ///< Empty: operator_name().
    bool yes = false;
};

/// "user@host": of who has become root by sudo, the former.
std::string operator_name() {
    const auto variable = [](const char* name) {
        const char* const value = std::getenv(name);
        return std::string(value != nullptr ? value : "");
    };
    std::string user = variable("SUDO_USER");
    if (user.empty()) user = variable("USER");
    if (user.empty()) user = "uid " + std::to_string(getuid());
    char host[65] = "";
    (void)gethostname(host, sizeof host - 1);
    return (user + "@" + host).substr(0, 256);
}

/// Spans go where the environment of OpenTelemetry sends those of the services; null: nowhere.
std::shared_ptr<Observer> exporter() {
    const bool wanted = std::getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != nullptr ||
                        std::getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != nullptr;
    if (!wanted) return nullptr;
    OtlpOptions options;
    if (std::getenv("OTEL_SERVICE_NAME") == nullptr) options.service_name = "quorumlock";
    options.tell = [](std::string_view line) {
        std::fprintf(stderr, "quorumlock: break: telemetry: %s\n", one_line(line).c_str());
    };
    auto opened = OtlpExporter::open(std::move(options));
    if (opened) return std::make_shared<TracingObserver>(std::move(*opened));
    std::fprintf(stderr, "quorumlock: break: telemetry: %s\n",
                 one_line(opened.error().message()).c_str());
    return nullptr;
}

/// What is to be deleted, as it was inspected.
struct Target {
    std::string token;
    int votes = 0;
    std::size_t nodes = 0;
    std::optional<Nanos> remaining;  ///< Of the key that ends last; nullopt: one never ends.
};

std::string shortened(const std::string& token) {
    return one_line(token.size() > 8 ? token.substr(0, 8) + "..." : token);
}

std::string votes_text(const Target& target) {
    return std::to_string(target.votes) + " of " + std::to_string(target.nodes) + " nodes";
}

std::string remaining_text(const Target& target) {
    if (!target.remaining) return "without an end";
    const auto tenths = std::chrono::duration_cast<std::chrono::milliseconds>(*target.remaining);
    return "for " + format_duration(tenths) + " more";
}

Target target_of(const std::string& token, const Inspection& seen) {
    Target target{token, 0, seen.nodes.size(), Nanos{0}};
    for (const NodeInspection& node : seen.nodes) {
        if (!node.present || node.token != token) continue;
        ++target.votes;
        if (!node.remaining) {
            target.remaining.reset();
        } else if (target.remaining) {
            target.remaining = std::max(*target.remaining, *node.remaining);
        }
    }
    return target;
}

Error not_broken(std::string why) { return Error(Errc::not_held, std::move(why)); }

/// The token that was named, or has a quorum, or is alone (the nodes that it had besides may be
/// down).
Result<Target> choose(const BreakFlags& flags, const Inspection& seen) {
    std::map<std::string, int> tokens;
    for (const NodeInspection& node : seen.nodes) {
        if (node.present) ++tokens[node.token];
    }
    std::string token = flags.token.empty() ? seen.holder : flags.token;
    if (token.empty() && tokens.size() == 1) token = tokens.begin()->first;
    if (tokens.empty()) return not_broken("nobody holds " + one_line(flags.resource));
    if (token.empty()) {
        std::string all;
        for (const auto& [each, votes] : tokens) {
            all += (all.empty() ? "" : ", ") + one_line(each) + " on " + std::to_string(votes);
        }
        return not_broken("no token has a quorum (" + all + "): name one with --token");
    }
    if (!tokens.contains(token)) {
        return not_broken(shortened(token) + " does not hold " + one_line(flags.resource));
    }
    if (!Token::parse(token)) {
        return Error(Errc::unsupported,
                     "the key " + one_line(flags.resource) + " holds \"" + shortened(token) +
                         "\", which is no token of quorumlock's: another program made it; delete "
                         "it by hand, on each node, when you know whose it is");
    }
    return target_of(token, seen);
}

std::optional<Error> silent(const Inspection& seen) {
    std::vector<NodeReport> silent;
    for (const NodeInspection& node : seen.nodes) {
        if (!node.answered) silent.push_back({node.node, NodeVote::failed, node.cause});
    }
    const std::size_t answered = seen.nodes.size() - silent.size();
    if (answered >= quorum_of(seen.nodes.size())) return std::nullopt;
    return too_few(answered, seen.nodes.size(), "answered", std::move(silent));
}

bool confirmed(const std::string& resource, const Target& target) {
    std::fprintf(stderr,
                 "%s is held by %s on %s, %s.\nIts holder is not asked, and works on until it "
                 "notices. Break it? [y/N] ",
                 one_line(resource).c_str(), shortened(target.token).c_str(),
                 votes_text(target).c_str(), remaining_text(target).c_str());
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

/// Did any node delete it? A node compares before it deletes, so another's token is never touched.
bool deleted_somewhere(const Result<void>& released) {
    if (released) return true;
    const auto& nodes = released.error().nodes();
    return std::any_of(nodes.begin(), nodes.end(),
                       [](const NodeReport& node) { return node.vote == NodeVote::granted; });
}

struct Broken {
    Inspection now;
    std::vector<std::string> unasked;  ///< Nodes that did not answer, and may still hold it.
};

Result<Broken> delete_token(LockService& service, const std::string& resource,
                            const std::string& by, const Target& target) {
    bool deleted = false;
    for (int i = 0; i < kTries; ++i) {
        const bool again = deleted;  // What comes back belongs to the same break.
        deleted = deleted_somewhere(again ? service.release(resource, target.token).get()
                                          : service.break_lock(resource, target.token, by).get()) ||
                  deleted;
        auto seen = service.inspect(resource).get();
        if (!seen) return std::move(seen).error();
        const bool left = target_of(target.token, *seen).votes > 0;
        if (left && i + 1 < kTries) continue;
        // A majority without it may answer first: then nobody waits to hear who deleted it.
        if (!left && target.votes < static_cast<int>(quorum_of(target.nodes))) deleted = true;
        if (!deleted) {
            return not_broken(
                "the holder has changed since it was shown, so nothing was deleted: " +
                (seen->holder.empty() ? "nobody has a quorum now"
                                      : "it is " + shortened(seen->holder) + " now"));
        }
        Broken broken{std::move(*seen), {}};
        for (const NodeInspection& node : broken.now.nodes) {
            if (!node.answered || node.token == target.token) broken.unasked.push_back(node.node);
        }
        return broken;
    }
    return not_broken("");  // not reached
}

/// Counts once, so that whoever checks fencing numbers can be told one that is larger than the
/// broken holder's. Where somebody has the lock already it is his.
Result<std::uint64_t> raise_fence(LockService& service, const std::string& resource,
                                  const ServiceOptions& options) {
    AcquireOptions acquire;
    acquire.ttl = std::min<Nanos>(std::chrono::seconds(10), options.max_ttl);
    auto lock = service.acquire(resource, acquire).get();
    if (lock) {
        const std::uint64_t fence = lock->fence();
        (void)lock->release().get();
        return fence;
    }
    if (lock.error().code() != Errc::contended) return std::move(lock).error();
    auto seen = service.inspect(resource).get();
    if (!seen) return std::move(seen).error();
    std::uint64_t fence = 0;
    for (const NodeInspection& node : seen->nodes) fence = std::max(fence, node.fence);
    return fence;
}

int tell(const Context& context, const BreakFlags& flags, const Target& target,
         const Broken& broken, const std::optional<std::uint64_t>& fence) {
    if (context.json) {
        ordered_json object;
        put_bytes(object, "resource", flags.resource);
        object["broken"] = true;
        object["token"] = target.token;
        object["by"] = one_line(flags.by);
        object["votes"] = target.votes;
        if (target.remaining) {
            object["remaining_ms"] = milliseconds(*target.remaining);
        } else {
            object["remaining_ms"] = nullptr;
        }
        if (fence && *fence != 0) object["fence"] = *fence;
        if (!broken.now.holder.empty()) put_bytes(object, "holder", broken.now.holder);
        object["not_asked"] = broken.unasked;
        if (!print_json(object)) {
            return context.fail("break", Error(Errc::closed, "done, but stdout cannot be written"));
        }
        return kOk;
    }
    std::string line = "broke the lock " + one_line(flags.resource) + " of " +
                       shortened(target.token) + " (" + votes_text(target) + ", " +
                       remaining_text(target) + ") by " + one_line(flags.by);
    if (fence && *fence != 0) line += "; fence " + std::to_string(*fence);
    std::printf("%s\n", line.c_str());
    for (const std::string& node : broken.unasked) {
        std::fprintf(stderr, "quorumlock: break: %s may hold it still: it did not answer\n",
                     one_line(node).c_str());
    }
    return std::fflush(stdout) == 0 ? kOk : kInternal;
}

int run_break(const Context& context, BreakFlags flags) {
    if (flags.by.size() > 256) return context.usage("break", "--by has at most 256 bytes");
    if (flags.by.empty()) flags.by = operator_name();
    auto checked = check_resource(flags.resource);
    if (!checked) return context.fail("break", checked.error());
    if (!flags.yes && (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0)) {
        return context.usage("break", "there is no terminal to ask at: give --yes");
    }
    auto settings = context.settings();
    if (!settings) return context.fail("break", settings.error());
    if (!context.service_flags.contains("client-name")) {
        settings->service.client_name += "-break";  // for who watches the servers
    }
    settings->service.observer = exporter();
    auto service = LockService::open(settings->nodes, settings->service);
    if (!service) return context.fail("break", service.error());
    auto seen = service->inspect(flags.resource).get();
    if (!seen) return context.fail("break", seen.error());
    if (auto error = silent(*seen)) return context.fail("break", *error);
    auto target = choose(flags, *seen);
    if (!target) return context.fail("break", target.error());
    if (!flags.yes && !confirmed(flags.resource, *target)) {
        return context.fail("break", not_broken("nothing was deleted"));
    }
    auto broken = delete_token(*service, flags.resource, flags.by, *target);
    if (!broken) return context.fail("break", broken.error());
    if (!context.fence) return tell(context, flags, *target, *broken, std::nullopt);
    const auto fence = raise_fence(*service, flags.resource, settings->service);
    if (fence) return tell(context, flags, *target, *broken, *fence);
    (void)tell(context, flags, *target, *broken, std::nullopt);
    return context.fail("break",
                        Error(fence.error().code(),
                              "the lock is broken, but no fencing number could be taken: " +
                                  fence.error().message(),
                              fence.error().nodes(), Nanos{-1}));
}

}  // namespace

void add_break(CLI::App& app, Context& context) {
    auto flags = std::make_shared<BreakFlags>();
    CLI::App* verb = app.add_subcommand("break", "Take a lock away from its holder");
    verb->add_option("RESOURCE", flags->resource, "what is locked")->required();
    verb->add_option("--token", flags->token, "this holder's only; else the one that is found");
    verb->add_option("--by", flags->by, "who breaks it, for telemetry, 1 .. 256 bytes [USER@HOST]")
        ->type_name("NAME");
    verb->add_flag("--yes", flags->yes, "do not ask; needed where there is no terminal");
    verb->footer(
        "Looks who holds it, asks, and deletes on each node what it has shown and nothing else. "
        "Then it\ntakes a fencing number, which is larger than the holder's: whoever checks them "
        "and has seen it\nrefuses what the holder still writes. --json prints {\"resource\", "
        "\"broken\", \"token\", \"by\", \"votes\",\n\"remaining_ms\", \"fence\", \"holder\" (if "
        "somebody "
        "has it already), \"not_asked\"}. Exit code 1:\nnothing was deleted (nobody holds it, the "
        "holder has changed, or the answer was no); 69: too few\nnodes answered. Where "
        "OTEL_EXPORTER_OTLP_ENDPOINT is set a span "
        "DistributedLock.Break tells who did it.");
    verb->callback([&context, flags] {
        context.action = [&context, flags] { return run_break(context, *flags); };
    });
}

}  // namespace quorumlock::cli
