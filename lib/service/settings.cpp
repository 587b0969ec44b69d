#include "lib/service/settings.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "lib/base/utf8.h"
#include "lib/protocol/quorum.h"

namespace quorumlock::detail {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMinBacklog = 16;
constexpr std::size_t kMaxBacklog = 1'000'000;
constexpr std::size_t kMaxClientName = 64;
constexpr double kMaxDriftFactor = 0.5;
constexpr Nanos kMaxPause = seconds(60);

Error bad(std::string text) { return Error(Errc::invalid_argument, std::move(text)); }

/// The shortest exact form a person would write: "30 s", "9 ms", "250 ns".
std::string text_of(Nanos time) {
    const auto ns = time.count();
    if (ns % 1'000'000'000 == 0) return std::to_string(ns / 1'000'000'000) + " s";
    if (ns % 1'000'000 == 0) return std::to_string(ns / 1'000'000) + " ms";
    if (ns % 1'000 == 0) return std::to_string(ns / 1'000) + " us";
    return std::to_string(ns) + " ns";
}

std::optional<Error> check_range(const char* name, Nanos value, Nanos least, Nanos most) {
    if (value >= least && value <= most) return std::nullopt;
    return bad(std::string(name) + " is " + text_of(value) + "; it must be within " +
               text_of(least) + " .. " + text_of(most));
}

std::optional<Error> check_times(const ServiceOptions& o) {
    if (auto e = check_range("max_ttl", o.max_ttl, limits::kMinTtl, limits::kMaxMaxTtl)) return e;
    if (o.node_timeout != Nanos{0}) {
        if (auto e = check_range("node_timeout", o.node_timeout, limits::kMinNodeTimeout,
                                 limits::kMaxNodeTimeout)) {
            return e;
        }
    }
    if (auto e = check_range("connect_timeout", o.connect_timeout, limits::kMinNodeTimeout,
                             limits::kMaxNodeTimeout)) {
        return e;
    }
    if (auto e = check_range("min_validity", o.min_validity, Nanos{0}, o.max_ttl)) return e;
    if (auto e = check_range("retry_delay", o.retry_delay, Nanos{0}, kMaxPause)) return e;
    if (auto e = check_range("retry_delay_max", o.retry_delay_max, o.retry_delay, kMaxPause)) {
        return e;
    }
    if (o.fence_retention != Nanos{0}) {
        if (auto e = check_range("fence_retention", o.fence_retention, 2 * o.max_ttl,
                                 limits::kMaxWait)) {
            return e;
        }
    }
    return check_range("drain_timeout", o.drain_timeout, Nanos{0}, kMaxPause);
}

}  // namespace

Result<Settings> check_options(const ServiceOptions& o) {
    if (auto e = check_times(o)) return *e;
    if (!(o.drift_factor >= 0.0 && o.drift_factor <= kMaxDriftFactor)) {
        return bad("drift_factor is " + std::to_string(o.drift_factor) +
                   "; it must be within 0 .. 0.5");
    }
    if (o.max_backlog < kMinBacklog || o.max_backlog > kMaxBacklog) {
        return bad("max_backlog is " + std::to_string(o.max_backlog) +
                   "; it must be within 16 .. 1000000");
    }
    const bool printable = std::all_of(o.client_name.begin(), o.client_name.end(),
                                       [](char c) { return c > ' ' && c < 0x7f; });
    if (o.client_name.size() > kMaxClientName || !printable) {
        return bad("client_name must be up to 64 printable ASCII characters without spaces");
    }
    Settings settings{o, static_cast<std::uint32_t>(std::lround(o.drift_factor * 1e6))};
    if (o.fence_retention == Nanos{0}) {
        settings.options.fence_retention = std::max<Nanos>(hours(1), 2 * o.max_ttl);
    }
    return settings;
}

Settings with_nodes(Settings settings, const std::vector<std::unique_ptr<nodes::Node>>& nodes) {
    int extend = 0, inspect = 0;
    settings.abilities.fence = true;
    settings.abilities.transfer = true;
    for (const auto& node : nodes) {
        const nodes::Abilities its = node->abilities();
        extend += its.extend ? 1 : 0;
        inspect += its.inspect ? 1 : 0;
        if (its.heal) settings.healers.add(static_cast<int>(&node - nodes.data()));
        settings.abilities.fence = settings.abilities.fence && its.fence;
        settings.abilities.transfer = settings.abilities.transfer && its.transfer;
        settings.abilities.any_name = settings.abilities.any_name && its.any_name;
        settings.abilities.patience = std::max(settings.abilities.patience, its.patience);
        if (!its.extend || !its.inspect) settings.unable = node->status().kind;
    }
    const int needed = protocol::quorum(static_cast<int>(nodes.size()));
    settings.abilities.extend = extend >= needed;
    settings.abilities.inspect = inspect >= needed;
    return settings;
}

std::optional<Error> check_resource(std::string_view resource, const Settings& settings) {
    if (resource.empty() || resource.size() > limits::kMaxResourceBytes) {
        return bad("resource has " + std::to_string(resource.size()) +
                   " bytes; it must have 1 .. 4096");
    }
    if (resource.starts_with(nodes::kCounterPrefix)) {  // Rule F6
        return bad("resource begins with \"" + std::string(nodes::kCounterPrefix) +
                   "\", where the fencing counters are kept; name it otherwise");
    }
    if (settings.abilities.any_name) return std::nullopt;
    // Rule D1
    if (!is_utf8(resource)) {
        return bad("resource is not UTF-8: a " + settings.unable + " node takes only text");
    }
    if (resource.find("||") != resource.npos) {
        return bad("resource contains \"||\", which a " + settings.unable + " node does not take");
    }
    return std::nullopt;
}

std::optional<Error> check_ttl(Nanos ttl, const Settings& settings) {
    if (ttl >= limits::kMinTtl && ttl <= settings.options.max_ttl) return std::nullopt;
    return bad("ttl is " + text_of(ttl) + "; it must be within 10 ms .. " +
               text_of(settings.options.max_ttl) + " (max_ttl)");
}

std::optional<Error> check_extend(Nanos ttl, const Settings& settings) {
    if (settings.abilities.extend) return check_ttl(ttl, settings);
    return Error(Errc::unsupported, "a " + settings.unable + " node cannot extend a lease");
}

std::optional<Error> check_inspect(const Settings& settings) {
    if (settings.abilities.inspect) return std::nullopt;
    return Error(Errc::unsupported, "a " + settings.unable + " node cannot tell who holds a lock");
}

std::optional<Error> check_acquire(const AcquireOptions& options, const Settings& settings) {
    if (auto e = check_ttl(options.ttl, settings)) return e;
    if (auto e = check_range("wait", options.wait, Nanos{0}, limits::kMaxWait)) return e;
    if (!options.renew.on) return std::nullopt;
    if (!settings.abilities.extend) {
        return Error(Errc::unsupported, "renew is on: a " + settings.unable +
                                            " node cannot extend a lease; acquire with a "
                                            "ttl that lasts, and without renew");
    }
    if (auto e =
            check_range("renew.max_hold", options.renew.max_hold, Nanos{0}, limits::kMaxWait)) {
        return e;
    }
    if (options.renew.every != Nanos{0}) {
        return check_range("renew.every", options.renew.every, milliseconds(1), options.ttl / 2);
    }
    return std::nullopt;
}

}  // namespace quorumlock::detail
