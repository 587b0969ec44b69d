#include "tests/sim/checkers/commands.h"

namespace quorumlock::sim {

void Commands::sidecar_reads_lock(SimServer& server, SimProcess& process, int service,
                                  std::int64_t written, const DaprAsk& ask) {
    ++sets_;
    Attempt* attempt = ledger_.find(ask.owner);
    if (attempt == nullptr) {
        attempt = &ledger_.open(ask.owner, ledger_.resource(ask.resource));
        attempt->process = process.index();
        attempt->service = service;
        attempt->written = written;
        attempt->first_read = world_.now();
        attempt->ttl = std::chrono::seconds(ask.seconds);
    }
    if (attempt->resource < 0 || attempt->resource != ledger_.resource(ask.resource)) {
        verdict_.report("commands", "token " + attempt->name() + " is used for another resource");
    }
    if (attempt->process != process.index() || attempt->service != service) {
        verdict_.report("commands", "two services use the token " + attempt->name());
    }
    Vote& vote = attempt->votes[static_cast<std::size_t>(server.index())];
    if (vote.set_read) {
        verdict_.report("commands", "the sidecar was asked for the lock of token " +
                                        attempt->name() + " twice");
    }
    vote.set_read = true;
    vote.promise = promise_of(written, std::chrono::seconds(ask.seconds));
}

void Commands::sidecar_reads_unlock(SimServer& server, SimProcess& process, const DaprAsk& ask,
                                    bool lock_open) {
    Attempt* const attempt = ledger_.find(ask.owner);
    if (attempt == nullptr) return;
    attempt->votes[static_cast<std::size_t>(server.index())].release_read = true;
    if (!lock_open) return;
    verdict_.report("commands", process.name() + " asks to unlock token " + attempt->name() +
                                    " while it waits for the answer to its lock (rule D4)");
}

void Commands::sidecar_acts(std::string_view owner) {
    sidecar_ = !owner.empty();
    Attempt* const attempt = sidecar_ ? ledger_.find(owner) : nullptr;
    changing_ = attempt == nullptr ? std::string_view() : attempt->token;
}

void Commands::sidecar_undid(SimServer& server, std::string_view owner, bool told) {
    Attempt* const attempt = ledger_.find(owner);
    if (attempt == nullptr) return;
    Vote& vote = attempt->votes[static_cast<std::size_t>(server.index())];
    Time& first = told ? vote.undo_told : vote.undone;
    if (first == kNever) first = world_.now();
}

}  // namespace quorumlock::sim
