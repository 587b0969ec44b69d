#include "tests/sim/truth/normalise.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <set>

namespace quorumlock::sim::truth {

namespace {

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

bool is_integer(const std::string& reply) { return reply.starts_with(':'); }

std::int64_t integer(const std::string& reply) { return std::atoll(reply.c_str() + 1); }

/// The connection's number behind `mark` becomes its name.
void name_id(std::string& reply, const std::string& mark, const Ids& ids) {
    if (!reply.starts_with(mark)) return;
    const auto known = ids.find(std::atoll(reply.c_str() + mark.size()));
    if (known == ids.end()) return;
    const auto end = reply.find('\r', mark.size());
    reply.replace(mark.size(), end - mark.size(), "<id " + std::to_string(known->second) + ">");
}

/// Lines of INFO, without the bulk's head.
std::vector<std::string> info_lines(const std::string& reply) {
    std::vector<std::string> lines;
    std::size_t from = reply.find("\r\n");
    while (from != std::string::npos && from + 2 < reply.size()) {
        const std::size_t end = reply.find("\r\n", from + 2);
        lines.push_back(reply.substr(from + 2, end - from - 2));
        from = end;
    }
    return lines;
}

std::string name_of(const std::string& line) { return line.substr(0, line.find(':')); }

/// Only the lines that are `known`; of values that must differ the length remains.
std::string info(const std::string& reply, const std::set<std::string>& known) {
    static const std::set<std::string> kOwn = {
        "process_id",  "tcp_port", "server_time_usec", "uptime_in_seconds", "connected_clients",
        "master_port", "run_id",   "master_replid",    "maxclients"};
    std::string text;
    for (const std::string& line : info_lines(reply)) {
        const std::string name = name_of(line);
        if (!known.contains(name) || name.empty()) continue;
        const bool hex = name == "run_id" || name == "master_replid";
        text += kOwn.contains(name)
                    ? name + (hex ? ":" + std::to_string(line.size() - name.size() - 1) : "")
                    : line;
        text += "\n";
    }
    return text;
}

std::set<std::string> names(const std::string& reply) {
    std::set<std::string> all;
    for (const std::string& line : info_lines(reply)) all.insert(name_of(line));
    return all;
}

/// The digits of TIME.
std::string time_shape(const std::string& reply) {
    const bool right = reply.starts_with("*2\r\n$10\r\n1") && reply.ends_with("\r\n");
    return right ? "<time>" : reply;
}

/// All subscriptions ended at once: the order is the server's own.
std::string unsubscribed(const std::string& reply) {
    const std::string mark = "*3\r\n$11\r\nunsubscribe\r\n";
    std::multiset<std::string> channels, counts;
    for (std::size_t at = 0; at < reply.size();) {
        if (reply.compare(at, mark.size(), mark) != 0) return reply;
        const std::size_t from = at + mark.size();
        at = std::min(reply.find(mark, from), reply.size());
        const std::size_t count = reply.rfind(':', at);
        if (count == std::string::npos || count < from) return reply;
        channels.insert(reply.substr(from, count - from));
        counts.insert(reply.substr(count, at - count));
    }
    std::string text;
    for (const std::string& channel : channels) text += channel;
    for (const std::string& count : counts) text += count;
    return text;
}

}  // namespace

bool same(const std::vector<std::string>& words, std::string& real, const Ids& real_ids,
          std::string& sim, const Ids& sim_ids) {
    const std::string command = words.empty() ? "" : lower(words[0]);
    const bool client_id = command == "client" && words.size() > 1 && lower(words[1]) == "id";
    if (client_id || command == "hello") {
        const std::string mark =
            client_id ? ":"
                      : "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n"
                        "$5\r\nproto\r\n:2\r\n$2\r\nid\r\n:";
        name_id(real, mark, real_ids);
        name_id(sim, mark, sim_ids);
    } else if (command == "info" && real.starts_with('$') && sim.starts_with('$')) {
        const std::set<std::string> known = names(sim);
        real = info(real, known);
        sim = info(sim, known);
    } else if (command == "unsubscribe" && words.size() == 1) {
        real = unsubscribed(real);
        sim = unsubscribed(sim);
    } else if (command == "time") {
        real = time_shape(real);
        sim = time_shape(sim);
    } else if (command == "pttl" || command == "ttl" || command.starts_with("eval")) {
        // Time passes on the real server only.
        const std::string refused = "*2\r\n:0\r\n";  // an acquire, with the remaining time
        if (real.starts_with(refused) && sim.starts_with(refused)) {
            real.erase(0, refused.size());
            sim.erase(0, refused.size());
        }
        constexpr std::int64_t kFarMs = 60'000, kFar = 60, kPassedMs = 9000, kPassed = 9,
                               kSlackMs = 50;
        if (!is_integer(real) || !is_integer(sim)) return real == sim;
        const std::int64_t later = integer(sim) - integer(real);
        const bool seconds = command == "ttl";
        const bool far = integer(sim) >= (seconds ? kFar : kFarMs);
        if (far && later >= -kSlackMs && later <= (seconds ? kPassed : kPassedMs)) return true;
    }
    return real == sim;
}

}  // namespace quorumlock::sim::truth
