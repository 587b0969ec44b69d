// What every verb shares: the nodes and service options after flag, environment and file, and the
// one way to tell an error.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/lock_service.h>

namespace CLI {
class App;
}

namespace quorumlock::cli {

/// Exit codes of all verbs, after sysexits.h where it has a word for it.
enum ExitCode : int {
    kOk = 0,
    kNotHeld = 1,        ///< release or extend of what is not held.
    kWarnings = 1,       ///< doctor: something is not as it should be.
    kErrors = 2,         ///< doctor: locks are not safe, or some node has no vote.
    kUsage = 64,         ///< Wrong usage, known without a network.
    kNoQuorum = 69,      ///< Too few nodes answered, or they refuse us; each node's cause is told.
    kInternal = 70,      ///< What should not happen; worth a bug report.
    kLost = 74,          ///< run: the lock was lost while the command ran.
    kContended = 75,     ///< Another holds the lock, also when --wait ran out.
    kNotRunnable = 126,  ///< run: the command is there but cannot be executed.
    kNotFound = 127,     ///< run: there is no such command.
};

/// Which nodes, and with which service options.
struct Settings {
    std::vector<std::string> nodes;
    ServiceOptions service;
};

/// Filled while the command line is parsed; read by the verb that main() then runs.
class Context {
  public:
    /// Where errors go: stderr, unless a test listens.
    std::function<void(const std::string& text)> tell;
    /// Set by the chosen verb's CLI11 callback, run once the whole line was understood, so that
    /// global flags behind the verb are known to it. Returns the exit code.
    std::function<int()> action;

    bool json = false;                    ///< --json: errors as JSON on stderr too.
    bool fence = true;                    ///< False with --no-fence; for AcquireOptions::fence.
    int conflict_exit_code = kContended;  ///< --conflict-exit-code.
    std::vector<std::string> node_lists;  ///< Each --nodes as given: URIs joined by commas.
    std::string config_file;              ///< --config; empty: none.
    /// Service options as given by flags: name in flag form without dashes ("max-ttl") -> text.
    std::map<std::string, std::string> service_flags;
    /// Ignored when this program was started (as under nohup): a command it runs inherits that.
    bool sigpipe_was_ignored = false;
    bool sigchld_was_ignored = false;
    /// What follows the first "--" of the command line, byte for byte: the command of `run`.
    std::vector<std::string> command;

    /// Nodes and options, flag before environment (QUORUMLOCK_NODES) before file. Errors:
    /// invalid_argument with the option's name and bound; nothing is sent.
    Result<Settings> settings() const;

    /// Opens the service that settings() describes, with this observer or none; waits for no node.
    /// Errors as there, and unsupported or duplicate_node.
    Result<LockService> open(std::shared_ptr<Observer> observer = nullptr) const;

    /// Tells `error` on stderr as "quorumlock: VERB: message" and one indented line a node, or as
    /// one JSON object with --json; returns the exit code that belongs to it.
    int fail(std::string_view verb, const Error& error) const;

    /// The same for wrong usage: always exit code 64.
    int usage(std::string_view verb, std::string_view message) const;
};

/// The exit code of an error; `contended` is Context::conflict_exit_code there.
int exit_code_for(Errc code) noexcept;

/// Adds the global flags of `context` to the top-level command.
void add_global_flags(CLI::App& app, Context& context);

}  // namespace quorumlock::cli
