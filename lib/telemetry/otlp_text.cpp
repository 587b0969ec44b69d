#include "lib/telemetry/otlp_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/utf8.h"

namespace quorumlock::telemetry {

namespace {

using nlohmann::json;

constexpr std::size_t kMostSaid = 200;
constexpr int kInternal = 1;  ///< SPAN_KIND_INTERNAL
constexpr int kError = 2;     ///< STATUS_CODE_ERROR
constexpr char kHex[] = "0123456789abcdef";

std::string hex(std::uint64_t number) {
    std::string text(16, '0');
    for (int digit = 15; digit >= 0; --digit, number >>= 4) {
        text[static_cast<std::size_t>(digit)] = kHex[number & 15];
    }
    return text;
}

std::string as_text(const std::string& bytes) {
    if (is_utf8(bytes)) return bytes;
    std::string text;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            text += c;
        } else {
            text += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return text;
}

json attribute(const std::string& key, json value) {
    return {{"key", key}, {"value", std::move(value)}};
}

json attributes_of(const FinishedSpan& span) {
    json list = json::array();
    for (const auto& [key, value] : span.attributes) {
        if (const auto* text = std::get_if<std::string>(&value)) {
            list.push_back(attribute(key, {{"stringValue", as_text(*text)}}));
        } else if (const auto* number = std::get_if<double>(&value)) {
            list.push_back(attribute(key, {{"doubleValue", *number}}));
        } else {
            list.push_back(attribute(key, {{"boolValue", std::get<bool>(value)}}));
        }
    }
    return list;
}

json status_of(const FinishedSpan& span) {
    json status = json::object();  // unset: nothing to complain of
    if (span.ok) return status;
    status["code"] = kError;
    for (const auto& [key, value] : span.attributes) {
        const auto* text = std::get_if<std::string>(&value);
        if (key == "error.type" && text != nullptr) status["message"] = as_text(*text);
    }
    return status;
}

std::string printable(std::string text, std::span<const std::string> secrets) {
    for (const std::string& secret : secrets) {
        for (std::size_t at = 0; (at = text.find(secret, at)) != text.npos; at += 3) {
            text.replace(at, secret.size(), "***");
        }
    }
    text.resize(std::min(text.size(), kMostSaid));
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < 0x20 || c == 0x7f; }, '?');
    return text;
}

/// protobuf's JSON has 64-bit numbers as text; some receivers write them as numbers.
std::size_t count_of(const json& object, const char* name) {
    const auto found = object.find(name);
    if (found == object.end()) return 0;
    if (found->is_number_unsigned()) return found->get<std::size_t>();
    std::size_t count = 0;
    if (found->is_string()) {
        for (const char c : found->get<std::string>()) {
            if (c < '0' || c > '9' || count > 1'000'000'000) return 0;
            count = count * 10 + static_cast<std::size_t>(c - '0');
        }
    }
    return count;
}

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

void read_success(const env::HttpAnswer& answer, std::span<const std::string> secrets,
                  OtlpVerdict& verdict) {
    const json body = json::parse(answer.body, nullptr, false);
    if (answer.cut || (!answer.body.empty() && !body.is_object())) {
        verdict.why = std::to_string(answer.status) + " that is not understood: " +
                      printable(std::string(answer.body.substr(0, 100)), secrets) +
                      " (is this the traces endpoint of an OTLP/HTTP receiver?)";
        return;
    }
    verdict.what = OtlpVerdict::What::taken;
    if (!body.is_object()) return;
    const auto partial = body.find("partialSuccess");
    if (partial == body.end() || !partial->is_object()) return;
    verdict.rejected = count_of(*partial, "rejectedSpans");
    verdict.why = printable(text_of(*partial, "errorMessage"), secrets);
    if (verdict.rejected > 0 && verdict.why.empty()) verdict.why = "the receiver gives no reason";
}

}  // namespace

FinishedSpan finished(const Span& span) {
    FinishedSpan made;
    made.name = span.name;
    made.start = span.start;
    made.end = span.end;
    made.ok = span.ok;
    made.attributes.reserve(span.attributes.size());
    for (const SpanAttribute& one : span.attributes) {
        auto& [key, value] = made.attributes.emplace_back(one.key, false);
        if (const auto* text = std::get_if<std::string_view>(&one.value)) {
            value = std::string(*text);
        } else if (const auto* number = std::get_if<double>(&one.value)) {
            value = *number;
        } else {
            value = std::get<bool>(one.value);
        }
    }
    return made;
}

std::string otlp_request(std::span<const FinishedSpan> spans, const std::string& service_name) {
    json list = json::array();
    for (const FinishedSpan& span : spans) {
        list.push_back({{"traceId", hex(span.trace_high) + hex(span.trace_low)},
                        {"spanId", hex(span.id)},
                        {"name", as_text(span.name)},
                        {"kind", kInternal},
                        {"startTimeUnixNano", std::to_string(span.start.count())},
                        {"endTimeUnixNano", std::to_string(span.end.count())},
                        {"attributes", attributes_of(span)},
                        {"status", status_of(span)}});
    }
    json scope_spans;
    scope_spans["scope"] = {{"name", "quorumlock"}};
    scope_spans["spans"] = std::move(list);
    json resource;
    resource["attributes"] =
        json::array({attribute("service.name", {{"stringValue", service_name}})});
    json resource_spans;
    resource_spans["resource"] = std::move(resource);
    resource_spans["scopeSpans"] = json::array({std::move(scope_spans)});
    json request;
    request["resourceSpans"] = json::array({std::move(resource_spans)});
    return request.dump(-1, ' ', false, json::error_handler_t::replace);
}

OtlpVerdict read_otlp_answer(const env::HttpAnswer& answer, std::span<const std::string> secrets) {
    OtlpVerdict verdict;
    if (answer.status == 0) {
        verdict.why = printable(std::string(answer.why), secrets);
        const bool may_be_taken = answer.timed_out && answer.may_be_sent;
        if (!may_be_taken) verdict.what = OtlpVerdict::What::again;
        return verdict;
    }
    if (answer.status >= 200 && answer.status < 300) {
        read_success(answer, secrets, verdict);
        return verdict;
    }
    const json body = json::parse(answer.body, nullptr, false);
    const std::string said = body.is_object() ? text_of(body, "message") : std::string(answer.body);
    verdict.why = std::to_string(answer.status);
    if (!said.empty()) verdict.why += " " + printable(said, secrets);
    switch (answer.status) {
        case 429:
        case 502:
        case 503:
        case 504:
            verdict.what = OtlpVerdict::What::again;
            verdict.pause = answer.retry_after;
            break;
        default:
            break;
    }
    return verdict;
}

}  // namespace quorumlock::telemetry
