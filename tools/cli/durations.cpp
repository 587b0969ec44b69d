#include "tools/cli/durations.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>

namespace quorumlock::cli {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t nanos;
};

constexpr std::array<Unit, 6> kUnits{{{"h", 3'600'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"s", 1'000'000'000},
                                      {"ms", 1'000'000},
                                      {"us", 1'000},
                                      {"ns", 1}}};

Error wrong(std::string_view option, std::string_view text, std::string_view rest) {
    std::string message(option);
    message += ": ";
    message += text.empty() ? std::string_view("\"\"") : text;
    message += rest;
    return Error(Errc::invalid_argument, std::move(message));
}

Error no_duration(std::string_view option, std::string_view text) {
    return wrong(option, text,
                 " is not a duration: write a number and a unit, as in 500ms, 30s, 1.5m or 2h");
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// "12", "1.5": digits with at most one point between digits.
bool is_number(std::string_view text) {
    if (text.empty() || !is_digit(text.front()) || !is_digit(text.back())) return false;
    bool point = false;
    for (const char c : text) {
        if (c == '.' && !point) {
            point = true;
        } else if (!is_digit(c)) {
            return false;
        }
    }
    return true;
}

std::string bounds_text(const Bounds& bounds) {
    std::string text = bounds.zero_allowed && bounds.min > Nanos{0} ? "0, or " : "";
    return text + format_duration(bounds.min) + " to " + format_duration(bounds.max);
}

std::string shown(double value) {
    std::array<char, 32> buffer{};
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    return std::string(buffer.data(), end.ptr);
}

}  // namespace

Result<Nanos> parse_duration(std::string_view option, std::string_view text, Bounds bounds) {
    const bool negative = text.starts_with('-');
    const std::string_view body = negative ? text.substr(1) : text;
    const std::size_t unit_at = body.find_first_not_of("0123456789.");
    const std::string_view number = body.substr(0, unit_at);
    if (!is_number(number)) return no_duration(option, text);

    long double value = 0;
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), value);
    const bool huge = parsed.ec != std::errc{};
    if (unit_at == std::string_view::npos) {
        if (huge || value != 0) return no_duration(option, text);
    } else {
        const Unit* unit = nullptr;
        for (const Unit& each : kUnits) {
            if (each.name == body.substr(unit_at)) unit = &each;
        }
        if (unit == nullptr) return no_duration(option, text);
        value *= static_cast<long double>(unit->nanos);
    }
    // The bounds are compared before rounding into 64 bits, so nothing can overflow.
    const bool zero = value == 0 && !huge;
    const bool inside = !huge && (!negative || zero) &&
                        value <= static_cast<long double>(bounds.max.count()) &&
                        value >= static_cast<long double>(bounds.min.count());
    if (inside || (zero && bounds.zero_allowed)) return Nanos(std::llround(value));
    return wrong(option, text, " is out of bounds: " + bounds_text(bounds));
}

std::string format_duration(Nanos value) {
    if (value == Nanos{0}) return "0";
    for (const Unit& unit : kUnits) {
        // "60s" is what people write, not "1m".
        const bool usual = unit.nanos < 60'000'000'000 || value.count() / unit.nanos > 1;
        if (usual && value.count() % unit.nanos == 0) {
            return std::to_string(value.count() / unit.nanos).append(unit.name);
        }
    }
    return {};
}

Result<double> parse_fraction(std::string_view option, std::string_view text, double min,
                              double max) {
    double value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() ||
        !std::isfinite(value)) {
        return wrong(option, text, " is not a number");
    }
    if (value < min || value > max) {
        return wrong(option, text, " is out of bounds: " + shown(min) + " to " + shown(max));
    }
    return value;
}

Result<long long> parse_integer(std::string_view option, std::string_view text, long long min,
                                long long max) {
    long long value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = parsed.ptr == text.data() + text.size() && !text.empty();
    if (!whole || parsed.ec == std::errc::invalid_argument) {
        return wrong(option, text, " is not a whole number");
    }
    if (parsed.ec != std::errc{} || value < min || value > max) {
        return wrong(option, text,
                     " is out of bounds: " + std::to_string(min) + " to " + std::to_string(max));
    }
    return value;
}

}  // namespace quorumlock::cli
