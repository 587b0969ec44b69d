// What people write down: durations, numbers, service options as flags and in a file, options of
// the library, the exporter's variables. What is accepted is within its bounds; what is refused is
// told in one line that names the option.
#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "lib/protocol/timing.h"
#include "lib/service/settings.h"
#include "lib/telemetry/otlp_settings.h"
#include "tests/fuzz/input.h"
#include "tests/support/fake_env.h"
#include "tools/cli/config.h"
#include "tools/cli/context.h"
#include "tools/cli/durations.h"
#include "tools/cli/output.h"
#include "tools/cli/service_options.h"

namespace quorumlock::fuzz {
namespace {

/// As it is shown: one line, with this in it.
void check_refusal(const Error& error, std::string_view named) {
    FUZZ_CHECK(error.code() == Errc::invalid_argument);
    const std::string text = cli::error_text("", error, cli::kUsage, false);
    FUZZ_CHECK(text.ends_with('\n') && is_one_line(text.substr(0, text.size() - 1)));
    FUZZ_CHECK(text.find(named) != text.npos);
}

void duration(Input& input) {
    cli::Bounds bounds;
    bounds.min = Nanos(static_cast<Nanos::rep>(input.number() >> 1 >> input.below(63)));
    bounds.max = Nanos(static_cast<Nanos::rep>(input.number() >> 1));
    if (bounds.max < bounds.min) std::swap(bounds.min, bounds.max);
    bounds.zero_allowed = input.below(2) == 1;
    const auto value = cli::parse_duration("--some-time", input.rest(), bounds);
    if (!value) return check_refusal(value.error(), "--some-time: ");
    FUZZ_CHECK((*value >= bounds.min && *value <= bounds.max) ||
               (bounds.zero_allowed && *value == Nanos{0}));
    const std::string text = cli::format_duration(*value);
    const auto again = cli::parse_duration("--some-time", text, {Nanos{0}, Nanos::max()});
    FUZZ_CHECK(again && *again == *value);
}

void numbers(Input& input) {
    const std::string_view text = input.rest();
    const auto fraction = cli::parse_fraction("--part", text, 0.0, 0.5);
    if (!fraction) check_refusal(fraction.error(), "--part: ");
    if (fraction) FUZZ_CHECK(*fraction >= 0.0 && *fraction <= 0.5);
    const auto integer = cli::parse_integer("--count", text, 16, 1'000'000);
    if (!integer) check_refusal(integer.error(), "--count: ");
    if (integer) FUZZ_CHECK(*integer >= 16 && *integer <= 1'000'000);
}

/// What the library takes has a drift and a validity that fit; it may refuse what each flag by
/// itself allowed.
void check_options(const ServiceOptions& options) {
    const auto settings = detail::check_options(options);
    if (!settings) {
        FUZZ_CHECK(settings.error().code() == Errc::invalid_argument);
        FUZZ_CHECK(is_one_line(settings.error().message()));
        return;
    }
    const ServiceOptions& o = settings->options;
    FUZZ_CHECK(o.max_ttl >= limits::kMinTtl && o.max_ttl <= limits::kMaxMaxTtl);
    FUZZ_CHECK(o.fence_retention >= 2 * o.max_ttl && o.fence_retention <= limits::kMaxWait);
    FUZZ_CHECK(o.retry_delay >= Nanos{0} && o.retry_delay <= o.retry_delay_max);
    FUZZ_CHECK(settings->drift_ppm <= 500'000);
    const Instant now(std::chrono::hours(1));
    FUZZ_CHECK(protocol::validity_end(now, settings->terms(o.max_ttl)) < now + o.max_ttl);
}

void apply(const std::map<std::string, std::string>& given) {
    cli::Context context;
    context.node_lists = {"memory:"};
    context.service_flags = given;
    const auto settings = context.settings();
    if (settings) return check_options(settings->service);
    const std::string text = cli::error_text("", settings.error(), cli::kUsage, false);
    const bool named = std::any_of(given.begin(), given.end(), [&](const auto& each) {
        return text.find("--" + each.first.substr(0, 900)) != text.npos ||
               !is_one_line(each.first) || each.first.find("://") != each.first.npos;
    });
    FUZZ_CHECK(named);
    check_refusal(settings.error(), "--");
}

void flags(Input& input) {
    std::map<std::string, std::string> given;
    while (!input.empty()) {
        const std::string_view line = input.line();
        const auto equals = std::min(line.find('='), line.size());
        given[std::string(line.substr(0, equals))] = line.substr(std::min(equals + 1, line.size()));
    }
    if (!given.empty()) apply(given);
}

void file(Input& input) {
    const auto config = cli::parse_config("c.json", input.rest());
    if (!config) return check_refusal(config.error(), "--config c.json: ");
    for (const auto& [name, text] : config->service) {
        FUZZ_CHECK(cli::find_service_option(name) != nullptr);
    }
    if (!config->service.empty()) apply(config->service);
}

void options(Input& input) {
    const auto time = [&input] {
        const std::size_t shift = input.below(64);
        return Nanos(static_cast<Nanos::rep>(input.number() >> shift));
    };
    ServiceOptions o;
    if (input.below(2) == 1) o.max_ttl = time();
    if (input.below(2) == 1) o.node_timeout = time();
    if (input.below(2) == 1) o.connect_timeout = time();
    if (input.below(2) == 1) o.min_validity = time();
    if (input.below(2) == 1) o.retry_delay = time();
    if (input.below(2) == 1) o.retry_delay_max = time();
    if (input.below(2) == 1) o.drain_timeout = time();
    if (input.below(2) == 1) o.fence_retention = time();
    if (input.below(2) == 1) o.drift_factor = std::ldexp(static_cast<double>(time().count()), -63);
    if (input.below(4) == 1) o.drift_factor = std::nan("");
    if (input.below(2) == 1) o.max_backlog = static_cast<std::size_t>(time().count());
    AcquireOptions a;
    if (input.below(2) == 1) a.ttl = time();
    if (input.below(2) == 1) a.wait = time();
    if (input.below(2) == 1) a.renew = Renewal(time(), time());
    if (input.below(2) == 1) o.client_name = input.take(input.byte());
    check_options(o);
    const auto settings = detail::check_options(o);
    if (!settings) return;
    const auto refused = detail::check_acquire(a, *settings);
    if (refused) {
        FUZZ_CHECK(is_one_line(refused->message()));
    } else {
        const Instant now(std::chrono::hours(1));
        FUZZ_CHECK(protocol::validity_end(now, settings->terms(a.ttl)) <= now + a.ttl);
    }
}

void exporter(Input& input) {
    testing::FakeEnv env;
    OtlpOptions o;
    const std::size_t which = input.byte();
    const std::string first(input.line());
    const std::string second(input.line());
    const std::string third(input.line());
    if (which % 2 == 0) o.endpoint = first;
    if (which % 2 == 1) {
        env.variables[which % 4 == 1 ? "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
                                     : "OTEL_EXPORTER_OTLP_ENDPOINT"] = first;
    }
    env.variables[which / 4 % 2 == 0 ? "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
                                     : "OTEL_EXPORTER_OTLP_HEADERS"] = second;
    if (which / 8 % 2 == 1) o.headers = {{second, third}};
    env.variables["OTEL_SERVICE_NAME"] = third;
    const auto settings = telemetry::read_otlp_settings(o, env);
    if (!settings) {
        FUZZ_CHECK(settings.error().code() == Errc::invalid_argument);
        FUZZ_CHECK(is_one_line(settings.error().message()));
        return;
    }
    for (std::string header : settings->headers) {
        std::replace(header.begin(), header.end(), '\t', ' ');  // allowed within a value
        FUZZ_CHECK(is_one_line(header));
    }
    FUZZ_CHECK(is_one_line(settings->to.target) && settings->to.port != 0);
    FUZZ_CHECK(is_one_line(settings->to.authority) && !settings->to.host.empty());
}

}  // namespace
}  // namespace quorumlock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace quorumlock::fuzz;
    Input input(bytes, size);
    switch (input.below(6)) {
        case 0:
            duration(input);
            break;
        case 1:
            numbers(input);
            break;
        case 2:
            flags(input);
            break;
        case 3:
            file(input);
            break;
        case 4:
            options(input);
            break;
        default:
            exporter(input);
            break;
    }
    return 0;
}
