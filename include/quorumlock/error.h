// What can go wrong, as values. Grouped by what the caller should do about it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include <quorumlock/time.h>

namespace quorumlock {

/// Why a call did not do what was asked. A std::error_code category (`quorumlock`).
enum class Errc {
    // Try later.
    contended = 1,  ///< A live holder refused us; Error::holder_remaining() may say for how long.
    no_quorum,      ///< Too few nodes answered; Error::nodes() has each one's cause.
    timed_out,      ///< The caller's own deadline passed before enough nodes had answered.
    // Stop working.
    not_held,  ///< Too many nodes say that the token does not hold the lock.
    expired,   ///< The lease ran out by our own clock, or was won too late to be of use.
    lost,      ///< A quorum of nodes says that the lock is gone, or the lease has ended.
    // The caller's own doing.
    cancelled,       ///< The operation was cancelled by its stop_token or by dropping it.
    closed,          ///< The service is closed, or this is a forked child of the opener.
    would_deadlock,  ///< get() on the thread that would have to complete the operation.
    // Fix the call or the set-up.
    invalid_argument,    ///< An option out of its bounds; the message names option and bound.
    unsupported,         ///< The node kind cannot do this.
    rejected_by_server,  ///< The servers refuse us: password, permission, role, version.
    duplicate_node,      ///< Two URIs name the same server.
};

/// The category of Errc; thread-safe.
const std::error_category& quorumlock_category() noexcept;
std::error_code make_error_code(Errc code) noexcept;
/// The code's own name, as in the enum: "contended".
const char* errc_name(Errc code) noexcept;

/// How one node voted in the round that failed.
enum class NodeVote : std::uint8_t {
    granted,  ///< It said yes (and has been, or is being, undone where the round failed).
    refused,  ///< It said no: held by another token, or no longer held by ours.
    failed,   ///< The command was certainly not applied.
    unknown,  ///< The command may have been applied, or may be applied later.
};
const char* node_vote_name(NodeVote vote) noexcept;

/// One node's part in a failure.
struct NodeReport {
    std::string node;  ///< Its label: `?name=`, else the address. Never a password.
    NodeVote vote = NodeVote::failed;
    std::string cause;  ///< What it said or did, in one line; what to do where we know.
};

/// An error as a value: cheap to move, its text made only when there is an error.
class Error {
  public:
    Error(Errc code, std::string message);
    Error(Errc code, std::string message, std::vector<NodeReport> nodes, Nanos holder_remaining);

    Errc code() const noexcept { return code_; }
    /// One readable line without the node lines. Never contains a secret.
    const std::string& message() const noexcept;
    /// One entry a node where the failure came from a round; else empty.
    const std::vector<NodeReport>& nodes() const noexcept;
    /// What is left of the holder's lease when the code is contended; negative when unknown.
    Nanos holder_remaining() const noexcept;
    /// message() and, indented below it, one line a node.
    std::string to_string() const;

  private:
    struct Detail;
    Errc code_;
    std::shared_ptr<const Detail> detail_;
};

}  // namespace quorumlock

template <>
struct std::is_error_code_enum<quorumlock::Errc> : std::true_type {};
