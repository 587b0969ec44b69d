#include <algorithm>
#include <string>

#include "tests/sim/redis_errors_said.h"
#include "tests/sim/redis_expiry.h"
#include "tests/sim/redis_handlers.h"

namespace quorumlock::sim {

namespace {

constexpr ExpiryUnit kSeconds{1000, true}, kMillis{1, true}, kAtSecond{1000, false},
    kAtMilli{1, false};

constexpr ExpiryOption kOptions[] = {
    {"ex", kSeconds}, {"px", kMillis}, {"exat", kAtSecond}, {"pxat", kAtMilli}};

/// Conditions of EXPIRE and the like.
struct Conditions {
    bool nx = false, xx = false, gt = false, lt = false;

    bool any() const noexcept { return nx || xx || gt || lt; }
    /// May a key with the one expiry get the other?
    bool allow(std::int64_t current, std::int64_t next) const noexcept {
        const bool has_one = current != kNeverMs;
        if (nx && has_one) return false;
        if (xx && !has_one) return false;
        if (gt && (!has_one || next <= current)) return false;
        return !(lt && has_one && next >= current);
    }
};

/// The error, else empty.
std::string read_conditions(const Words& words, Conditions& conditions) {
    for (std::size_t i = 3; i < words.size(); ++i) {
        if (is_word(words[i], "nx")) {
            conditions.nx = true;
        } else if (is_word(words[i], "xx")) {
            conditions.xx = true;
        } else if (is_word(words[i], "gt")) {
            conditions.gt = true;
        } else if (is_word(words[i], "lt")) {
            conditions.lt = true;
        } else {
            return in_one_line("ERR Unsupported option " + std::string(shown(words[i])));
        }
    }
    if (conditions.nx && (conditions.xx || conditions.gt || conditions.lt)) {
        return "ERR NX and XX, GT or LT options at the same time are not compatible";
    }
    if (conditions.gt && conditions.lt) {
        return "ERR GT and LT options at the same time are not compatible";
    }
    return {};
}

void expire(Call& call, ExpiryUnit unit, std::string_view command) {
    Conditions conditions;
    const std::string error = read_conditions(call.words, conditions);
    if (!error.empty()) return call.reply.error(error);
    const auto amount = whole_number(call.words[2]);
    if (!amount) return call.reply.error(said::kNotInteger);
    const Moment moment = call.moment();
    const auto until = expiry_ms(*amount, unit, moment.ms);
    if (!until) {
        return call.reply.error("ERR invalid expire time in '" + std::string(command) +
                                "' command");
    }
    KeySpace& keys = call.keys();
    Key* const key = keys.find(call.words[1], moment);
    if (key == nullptr || !conditions.allow(key->expires_ms, *until)) {
        return call.reply.integer(0);
    }
    if (*until <= moment.ms) {
        keys.erase(*key, Gone::deleted, moment);
    } else {
        keys.set_expiry(*key, *until, moment);
    }
    call.reply.integer(1);
}

/// What is left in ms; -2 without the key, -1 without an expiry.
std::int64_t left_ms(Call& call) {
    const Key* const key = call.keys().find(call.words[1], call.moment());
    if (key == nullptr) return -2;
    if (key->expires_ms == kNeverMs) return -1;
    return std::max<std::int64_t>(key->expires_ms - call.moment().ms, 0);
}

}  // namespace

const ExpiryOption* find_expiry_option(std::string_view word) noexcept {
    for (const ExpiryOption& option : kOptions) {
        if (is_word(word, option.word)) return &option;
    }
    return nullptr;
}

std::optional<std::int64_t> expiry_ms(std::int64_t amount, ExpiryUnit unit,
                                      std::int64_t now_ms) noexcept {
    std::int64_t ms = 0;
    if (__builtin_mul_overflow(amount, unit.ms, &ms)) return {};
    if (unit.from_now && __builtin_add_overflow(ms, now_ms, &ms)) return {};
    return ms;
}

void run_ttl(Call& call) {
    const std::int64_t left = left_ms(call);
    call.reply.integer(left < 0 ? left : (left + 500) / 1000);
}

void run_pttl(Call& call) { call.reply.integer(left_ms(call)); }

void run_expire(Call& call) { expire(call, kSeconds, "expire"); }
void run_pexpire(Call& call) { expire(call, kMillis, "pexpire"); }
void run_expireat(Call& call) { expire(call, kAtSecond, "expireat"); }
void run_pexpireat(Call& call) { expire(call, kAtMilli, "pexpireat"); }

}  // namespace quorumlock::sim
