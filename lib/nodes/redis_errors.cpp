#include "lib/nodes/redis_errors.h"

#include <algorithm>

namespace quorumlock::nodes {

namespace {

struct Row {
    std::string_view start;
    ErrorMeaning meaning;
};

using E = ServerError;
using C = CauseClass;

constexpr std::string_view kAllow =
    "allow this user: +ping +set +get +getex +setrange +del +pttl +pexpire +time +evalsha +eval "
    "+script|load +client|id +client|kill +client|setname +info, and the keys, those of "
    "quorumlock:fence:* too; quorumlock doctor names what is missing";
constexpr std::string_view kRename =
    "do not rename or remove SET, GET, GETEX, SETRANGE, DEL, PEXPIRE, PTTL or TIME";

// Rule N4: `true` only where the server raises the error before the command, or before the one
// write of a script of ours (rule N10).
constexpr Row kRows[] = {
    {"NOSCRIPT", {E::noscript, C::busy, true, "the script was flushed; it is loaded again"}},
    {"NOAUTH", {E::noauth, C::rejected, true, "give the node URI a password"}},
    {"NOPERM", {E::noperm, C::rejected, true, kAllow}},
    {"WRONGPASS",
     {E::bad_credentials, C::rejected, true, "check user and password of the node URI"}},
    {"ERR invalid password",
     {E::bad_credentials, C::rejected, true, "check the password of the node URI"}},
    {"ERR Client sent AUTH, but no password is set",
     {E::bad_credentials, C::rejected, true, "remove the password from the node URI"}},
    {"ERR AUTH <password> called without any password",
     {E::bad_credentials, C::rejected, true,
      "name the user in the node URI, or remove the password"}},
    {"DENIED",
     {E::denied, C::rejected, true, "set a password on the server, or bind and protected-mode"}},
    {"LOADING", {E::loading, C::busy, true, "it votes when its data is loaded"}},
    {"BUSY", {E::busy, C::busy, true, "a script of somebody blocks it; SCRIPT KILL ends that"}},
    {"UNKILLABLE", {E::busy, C::busy, true, "a script of somebody blocks it"}},
    {"ERR max number of clients reached",
     {E::max_clients, C::busy, true, "raise maxclients of the server"}},
    {"MASTERDOWN", {E::masterdown, C::busy, true, "name a primary: replicas never vote"}},
    {"OOM", {E::no_space, C::no_space, true, "raise maxmemory or free memory of the server"}},
    {"MISCONF", {E::no_space, C::no_space, true, "the server cannot save: see its log"}},
    {"NOREPLICAS", {E::no_space, C::no_space, true, "its min-replicas-to-write is not met"}},
    {"READONLY", {E::readonly, C::not_primary, true, "name a primary: replicas never vote"}},
    {"MOVED", {E::cluster, C::not_primary, true, "name servers that are no cluster"}},
    {"ASK ", {E::cluster, C::not_primary, true, "name servers that are no cluster"}},
    {"CLUSTERDOWN", {E::cluster, C::not_primary, true, "name servers that are no cluster"}},
    {"CROSSSLOT", {E::cluster, C::not_primary, true, "name servers that are no cluster"}},
    {"TRYAGAIN", {E::cluster, C::not_primary, true, "name servers that are no cluster"}},
    {"WRONGTYPE",
     {E::wrongtype, C::wrong_data, true, "the key is no lock; use another resource name"}},
    {"QLCLOCK",
     {E::clock, C::rejected, true,
      "more than 10 s, so no fencing counter starts there: set the clock right"}},
    {"QLFENCE",
     {E::wrongtype, C::wrong_data, true,
      "another program uses the key quorumlock:fence:...; delete it, or ask without a fence"}},
    {"EXECABORT", {E::execabort, C::broken, true, ""}},
    {"ERR unknown command",
     {E::unknown_command, C::rejected, true, "do not rename or remove the command"}},
    // Of what a script of ours calls, with and without what 6.2 puts in front of it.
    {"ERR Unknown Redis command called from", {E::unknown_command, C::rejected, true, kRename}},
    {"ERR Unknown Valkey command called from", {E::unknown_command, C::rejected, true, kRename}},
    {"Unknown Redis command called from", {E::unknown_command, C::rejected, true, kRename}},
    {"ERR The user executing the script can't", {E::noperm, C::rejected, true, kAllow}},
    {"The user executing the script can't", {E::noperm, C::rejected, true, kAllow}},
    {"ERR unknown subcommand",
     {E::unknown_command, C::rejected, true, "do not rename or remove the command"}},
    {"ERR DB index is out of range",
     {E::database, C::rejected, true, "check the database number of the node URI"}},
    {"ERR invalid DB index",
     {E::database, C::rejected, true, "check the database number of the node URI"}},
    {"ERR SELECT is not allowed in cluster mode",
     {E::database, C::rejected, true, "name servers that are no cluster"}},
};

constexpr ErrorMeaning kOther{};
constexpr std::size_t kMostText = 500;

const ErrorMeaning* find(std::string_view text) noexcept {
    for (const Row& row : kRows) {
        if (text.starts_with(row.start)) return &row.meaning;
    }
    return nullptr;
}

}  // namespace

const ErrorMeaning& classify(std::string_view text) noexcept {
    if (const ErrorMeaning* found = find(text)) return *found;
    // Redis 6.2 wraps what a command inside a script raised:
    // "ERR Error running script (call to f_<sha>): @user_script:6: -READONLY You can't ..."
    constexpr std::string_view kMark = "@user_script:";
    if (const auto mark = text.rfind(kMark);
        mark != std::string_view::npos && text.starts_with("ERR Error ")) {
        text.remove_prefix(mark + kMark.size());
        const auto word = text.find_first_not_of("0123456789: -");
        if (word != std::string_view::npos) {
            if (const ErrorMeaning* found = find(text.substr(word))) return *found;
        }
    }
    return kOther;
}

std::string one_line(std::string_view text) {
    std::string line(text.substr(0, kMostText));
    std::replace_if(
        line.begin(), line.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return line;
}

Cause cause_of(std::string_view text) {
    const ErrorMeaning& meaning = classify(text);
    const auto arguments = text.find(", with args beginning with");
    Cause cause{meaning.kind, one_line(text.substr(0, arguments))};
    if (!meaning.advice.empty()) {
        cause.text += " (";
        cause.text += meaning.advice;
        cause.text += ')';
    }
    return cause;
}

}  // namespace quorumlock::nodes
