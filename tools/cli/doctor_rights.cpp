// What a server's ACL lets this user do, and which lesser mode follows from what it does not.
#include <array>

#include "tools/cli/doctor_findings.h"
#include "tools/cli/output.h"

namespace quorumlock::cli {
namespace {

using nodes::Right;

struct Need {
    Right right;
    bool fence_only;    ///< Without it locks work, fencing numbers do not.
    Severity severity;  ///< Of its lack.
    const char* follows;
};

constexpr const char* kNoVote = "no lock can be taken here";
constexpr const char* kNoWake =
    "waiting acquires are not woken, and ask again after pauses (--retry-delay)";
constexpr const char* kNoFence = "no fencing numbers; only locks that ask for none (--no-fence)";

constexpr std::array<Need, nodes::kRights> kNeeds{{
    {Right::ping, false, Severity::note,
     "probes are refused, and the round trip is not kept up to date"},
    {Right::set, false, Severity::error, kNoVote},
    {Right::get, false, Severity::error,
     "no lock can be released, extended or inspected here, nor taken with a fencing number"},
    {Right::getex, true, Severity::error, kNoFence},
    {Right::setrange, true, Severity::error, kNoFence},
    {Right::del, false, Severity::error, "no lock can be released here: each lasts for its ttl"},
    {Right::pttl, false, Severity::error,
     "no lock can be extended here, and how long another holds one is not told"},
    {Right::pexpire, false, Severity::error, "no lock can be extended here"},
    {Right::evalsha, false, Severity::error,
     "no script runs: only locks without fencing numbers (--no-fence), each for its whole ttl"},
    {Right::script_load, false, Severity::error, kNoVote},
    {Right::eval, false, Severity::warning,
     "after a SCRIPT FLUSH releases and extensions fail until the next connection"},
    {Right::time, true, Severity::error, kNoFence},
    {Right::info, false, Severity::warning,
     "votes unguarded after a restart, and neither its version nor its role, nor a second name "
     "for it, can be seen"},
    {Right::client_id, false, Severity::warning,
     "after a broken connection a lock may be left for up to its ttl"},
    {Right::client_kill, false, Severity::warning,
     "after a broken connection a lock may be left for up to its ttl"},
    {Right::client_setname, false, Severity::note, "CLIENT LIST does not name our connections"},
    {Right::client_tracking, false, Severity::note, kNoWake},
    {Right::client_caching, false, Severity::note, kNoWake},
    {Right::subscribe, false, Severity::note, kNoWake},
}};

Severity weight(const Need& need, const DoctorTerms& terms) {
    return need.fence_only && !terms.fence ? Severity::note : need.severity;
}

}  // namespace

void judge_rights(int index, const nodes::RedisFacts& facts, const DoctorTerms& terms,
                  std::vector<Finding>& findings) {
    const std::size_t before = findings.size();
    const auto lacks = [&](Severity severity, std::string_view what, const std::string& follows,
                           const std::string& said) {
        findings.push_back(
            {index, "rights", severity,
             "lacks " + std::string(what) + ": " + follows + " (" + one_line(said) + ")",
             "ACL SETUSER ... " + std::string(what)});
    };
    for (const Need& need : kNeeds) {
        const std::string& said = facts.refused[static_cast<std::size_t>(need.right)];
        if (said.empty()) continue;
        lacks(weight(need, terms), nodes::right_name(need.right), need.follows, said);
    }
    if (!facts.select_refused.empty()) {
        lacks(Severity::error, "+select", "the database in the URI cannot be chosen",
              facts.select_refused);
    }
    if (!facts.counter_refused.empty()) {
        lacks(terms.fence ? Severity::error : Severity::note, "~quorumlock:fence:*", kNoFence,
              facts.counter_refused);
    }
    if (!facts.channel_refused.empty()) {
        lacks(Severity::note, "&__redis__:invalidate", kNoWake, facts.channel_refused);
    }
    if (!facts.resource_refused.empty()) {
        lacks(Severity::error, "~" + terms.questions.resource, "this lock's key is out of reach",
              facts.resource_refused);
    }
    if (findings.size() == before) {
        findings.push_back({index, "rights", Severity::ok, "all that a client sends", ""});
    }
}

}  // namespace quorumlock::cli
