#include "lib/telemetry/otlp_settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <system_error>
#include <utility>

#include "lib/base/utf8.h"

namespace quorumlock::telemetry {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr const char* kTracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
constexpr const char* kEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
constexpr const char* kTracesHeaders = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";
constexpr const char* kHeaders = "OTEL_EXPORTER_OTLP_HEADERS";
constexpr const char* kServiceName = "OTEL_SERVICE_NAME";
/// These are the request's own.
constexpr std::array<std::string_view, 6> kOurs{
    "host", "content-type", "connection", "content-length", "expect", "transfer-encoding"};
/// A shorter piece of a header's value is no secret, and would blank half of every message.
constexpr std::size_t kShortestSecret = 4;

using Headers = std::vector<std::pair<std::string, std::string>>;

Error bad(const std::string& text) { return Error(Errc::invalid_argument, text); }

std::string variable(env::Env& env, const char* name) {
    const env::FileContent content = env.variable(name);
    return content.ok ? content.bytes : "";
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_plain(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_' || c == '.'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

template <class F>
bool all(std::string_view text, F&& allowed) {
    return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

std::optional<std::uint16_t> port_of(std::string_view digits) {
    std::uint16_t port = 0;
    const auto end = digits.data() + digits.size();
    const auto [stop, failure] = std::from_chars(digits.data(), end, port);
    if (failure != std::errc{} || stop != end || port == 0) return std::nullopt;
    return port;
}

/// "http://host[:port][/path]", with an IPv6 address in brackets.
std::optional<OtlpEndpoint> endpoint_of(std::string_view text) {
    constexpr std::string_view kScheme = "http://";
    if (!text.starts_with(kScheme)) return std::nullopt;
    text.remove_prefix(kScheme.size());
    OtlpEndpoint to;
    const std::size_t slash = std::min(text.find('/'), text.size());
    to.authority = text.substr(0, slash);
    to.target = slash == text.size() ? "/" : text.substr(slash);
    if (!all(to.target, [](char c) { return c > ' ' && c < 0x7f && c != '#'; })) {
        return std::nullopt;
    }
    std::string_view host = to.authority;
    const auto bracket = host.rfind(']');
    const auto colon = host.find(':', bracket == host.npos ? 0 : bracket);
    if (colon != host.npos) {
        const auto port = port_of(host.substr(colon + 1));
        if (!port) return std::nullopt;
        to.port = *port;
        host = host.substr(0, colon);
    }
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
        if (!all(host, [](char c) { return is_hex(c) || c == ':' || c == '.'; })) {
            return std::nullopt;
        }
    } else if (!all(host, is_plain)) {
        return std::nullopt;
    }
    to.host = host;
    return to;
}

Result<OtlpEndpoint> read_endpoint(const OtlpOptions& options, env::Env& env) {
    const char* name = "endpoint";
    std::string text = options.endpoint;
    if (text.empty()) text = variable(env, name = kTracesEndpoint);
    if (text.empty()) {
        text = variable(env, name = kEndpoint);
        if (text.empty()) text = "http://localhost:4318";
        while (text.ends_with('/')) text.pop_back();
        text += "/v1/traces";
    }
    if (text.starts_with("https://")) {
        return bad(std::string(name) +
                   " begins with https://, which is not supported; it must be "
                   "http://host[:port][/path]");
    }
    auto to = endpoint_of(text);
    if (!to) {
        return bad(std::string(name) +
                   " must be http://host[:port][/path], with a port of 1 .. 65535");
    }
    return *std::move(to);
}

int hex_value(char c) { return is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10; }

std::optional<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
            return std::nullopt;
        }
        out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
        i += 2;
    }
    return out;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// "name=value,name=value"
std::optional<Headers> headers_of(std::string_view text) {
    Headers headers;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        const std::string_view one = trimmed(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
        if (one.empty()) continue;
        const auto equals = one.find('=');
        if (equals == one.npos) return std::nullopt;
        auto value = decoded(trimmed(one.substr(equals + 1)));
        if (!value) return std::nullopt;
        headers.emplace_back(trimmed(one.substr(0, equals)), *std::move(value));
    }
    return headers;
}

bool is_ours(std::string_view name) {
    return std::any_of(kOurs.begin(), kOurs.end(), [&](std::string_view ours) {
        return std::equal(name.begin(), name.end(), ours.begin(), ours.end(),
                          [](char a, char b) { return (is_letter(a) ? a | 0x20 : a) == b; });
    });
}

/// The value, and its words: a receiver may repeat the key of "Bearer KEY" alone.
void keep_secret(const std::string& value, std::vector<std::string>& secrets) {
    if (value.size() >= kShortestSecret) secrets.push_back(value);
    for (std::size_t begin = 0; begin < value.size();) {
        const std::size_t end = std::min(value.find(' ', begin), value.size());
        if (end - begin >= kShortestSecret && end - begin != value.size()) {
            secrets.push_back(value.substr(begin, end - begin));
        }
        begin = end + 1;
    }
}

std::optional<Error> read_headers(OtlpSettings& settings, env::Env& env) {
    const char* name = "headers";
    Headers headers = settings.options.headers;
    std::string text;
    if (headers.empty()) text = variable(env, name = kTracesHeaders);
    if (headers.empty() && text.empty()) text = variable(env, name = kHeaders);
    if (!text.empty()) {
        auto parsed = headers_of(text);
        if (!parsed) {
            return bad(std::string(name) +
                       " must be name=value[,name=value]..., with values percent-encoded");
        }
        headers = *std::move(parsed);
    }
    for (const auto& [key, value] : headers) {
        if (!all(key, is_plain) || is_ours(key)) {
            return bad(std::string(name) +
                       " has a name that is none of a header, or one that is the request's own");
        }
        if (std::any_of(value.begin(), value.end(), [](char c) {
                const auto byte = static_cast<unsigned char>(c);
                return (byte < 0x20 && c != '\t') || byte == 0x7f;
            })) {
            return bad(std::string(name) + " has a value with a control character");
        }
        // What libcurl sends as an empty header ends in a semicolon.
        settings.headers.push_back(key + (value.empty() ? ";" : ": " + value));
        keep_secret(value, settings.secrets);
    }
    return std::nullopt;
}

std::optional<Error> check(const char* name, std::uint64_t value, std::uint64_t least,
                           std::uint64_t most, const char* bounds) {
    if (value >= least && value <= most) return std::nullopt;
    return bad(std::string(name) + " must be within " + bounds);
}

std::optional<Error> check(const char* name, Nanos value, Nanos least, Nanos most,
                           const char* bounds) {
    if (value >= least && value <= most) return std::nullopt;
    return bad(std::string(name) + " must be within " + bounds);
}

std::optional<Error> check_bounds(const OtlpOptions& o) {
    if (auto e = check("max_queue", o.max_queue, 1, 1'000'000, "1 .. 1000000")) return e;
    if (auto e = check("max_batch", o.max_batch, 1, std::min<std::size_t>(o.max_queue, 10'000),
                       "1 .. 10000 and max_queue")) {
        return e;
    }
    if (auto e =
            check("schedule_delay", o.schedule_delay, milliseconds(1), hours(1), "1 ms .. 1 h")) {
        return e;
    }
    if (auto e = check("timeout", o.timeout, milliseconds(10), minutes(10), "10 ms .. 10 min")) {
        return e;
    }
    if (auto e = check("retry_for", o.retry_for, Nanos{0}, hours(1), "0 .. 1 h")) return e;
    return check("drain_timeout", o.drain_timeout, Nanos{0}, minutes(1), "0 .. 1 min");
}

}  // namespace

Result<OtlpSettings> read_otlp_settings(OtlpOptions options, env::Env& env) {
    if (auto e = check_bounds(options)) return *std::move(e);
    OtlpSettings settings;
    settings.options = std::move(options);
    auto to = read_endpoint(settings.options, env);
    if (!to) return std::move(to).error();
    settings.to = *std::move(to);
    if (auto e = read_headers(settings, env)) return *std::move(e);
    settings.service_name = settings.options.service_name;
    const char* name = "service_name";
    if (settings.service_name.empty()) {
        settings.service_name = variable(env, name = kServiceName);
    }
    if (settings.service_name.empty()) settings.service_name = "unknown_service";
    if (!is_utf8(settings.service_name)) return bad(std::string(name) + " must be UTF-8");
    return settings;
}

}  // namespace quorumlock::telemetry
