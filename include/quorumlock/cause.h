// Why a node did not vote, as the node layer knows it. The class decides what the caller should
// do; the text is the server's own word, or ours where no server spoke.
#pragma once

#include <cstdint>
#include <string>

namespace quorumlock {

enum class CauseClass : std::uint8_t {
    none,
    unreachable,  ///< No connection: refused, reset, name not found, handshake silent.
    silent,       ///< Connected, but no answer within the time limit; or its backlog is full.
    broken,       ///< The connection broke, or what came was no valid answer.
    busy,         ///< LOADING, BUSY, MASTERDOWN, max clients: it will pass by itself.
    no_space,     ///< OOM, MISCONF, NOREPLICAS: the server refuses writes until it is helped.
    not_primary,  ///< READONLY, MOVED, a replica: the wrong server for a vote.
    rejected,     ///< NOAUTH, WRONGPASS, NOPERM, unknown command, database, version, TLS port.
    wrong_data,   ///< WRONGTYPE: the key holds something that is no lock.
    entropy,      ///< Our own random generator failed.
    unsupported,  ///< The node kind cannot do the step.
    closed,       ///< The service is closing.
};

/// For retrying, or for telling a person: waiting does not help: somebody has to change the set-up.
constexpr bool needs_a_person(CauseClass c) {
    return c == CauseClass::rejected || c == CauseClass::not_primary ||
           c == CauseClass::unsupported;
}

struct Cause {
    CauseClass kind = CauseClass::none;
    std::string text;  ///< One line for a person; never a secret.
};

}  // namespace quorumlock
