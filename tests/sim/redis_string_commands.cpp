#include <charconv>
#include <limits>

#include "tests/sim/redis_errors_said.h"
#include "tests/sim/redis_expiry.h"
#include "tests/sim/redis_handlers.h"

namespace quorumlock::sim {

namespace {

struct SetOptions {
    bool if_absent = false, if_present = false, get = false, keep_ttl = false;
    ExpiryUnit unit{};
    std::string_view expiry{};  ///< With no bytes of its own: none was given.

    bool has_expiry() const noexcept { return expiry.data() != nullptr; }
};

/// False: a syntax error.
bool read_options(const Words& words, SetOptions& options) {
    for (std::size_t i = 3; i < words.size(); ++i) {
        const std::string_view word = words[i];
        if (is_word(word, "nx") && !options.if_present) {
            options.if_absent = true;
        } else if (is_word(word, "xx") && !options.if_absent) {
            options.if_present = true;
        } else if (is_word(word, "get")) {
            options.get = true;
        } else if (is_word(word, "keepttl") && !options.has_expiry()) {
            options.keep_ttl = true;
        } else {
            const ExpiryOption* const expiry = find_expiry_option(word);
            if (expiry == nullptr || options.keep_ttl || i + 1 == words.size()) return false;
            if (options.has_expiry() && options.unit != expiry->unit) return false;
            options.unit = expiry->unit;
            options.expiry = words[++i];
        }
    }
    return true;
}

/// Answers the value as GET does; false when it was an error.
bool answer_value(ReplyWriter& reply, const Key* key) {
    if (key == nullptr) {
        reply.null();
    } else if (key->is_list()) {
        reply.error(said::kWrongType);
        return false;
    } else {
        reply.bulk(key->value);
    }
    return true;
}

void increase(Call& call, std::int64_t by) {
    KeySpace& keys = call.keys();
    const std::string_view name = call.words[1];
    Key* const key = keys.find(name, call.moment());
    std::int64_t value = 0;
    if (key != nullptr) {
        if (key->is_list()) return call.reply.error(said::kWrongType);
        const auto number = whole_number(key->value);
        if (!number) return call.reply.error(said::kNotInteger);
        value = *number;
    }
    if (__builtin_add_overflow(value, by, &value)) {
        return call.reply.error("ERR increment or decrement would overflow");
    }
    char digits[24];
    const char* const end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    const std::string_view text(digits, static_cast<std::size_t>(end - digits));
    if (key != nullptr) {
        keys.change(*key, text, call.moment());
    } else {
        keys.set(nullptr, name, text, kNeverMs, call.moment());
    }
    call.reply.integer(value);
}

}  // namespace

void run_get(Call& call) {
    answer_value(call.reply, call.keys().find(call.words[1], call.moment()));
}

void run_getex(Call& call) {
    if (call.words.size() > 2) return call.reply.error(said::kSyntax);
    run_get(call);
}

void run_set(Call& call) {
    const Words& words = call.words;
    SetOptions options;
    if (!read_options(words, options)) return call.reply.error(said::kSyntax);
    const Moment moment = call.moment();
    std::int64_t expires_ms = kNeverMs;
    if (options.has_expiry()) {
        const auto amount = whole_number(options.expiry);
        if (!amount) return call.reply.error(said::kNotInteger);
        const auto until = *amount > 0 ? expiry_ms(*amount, options.unit, moment.ms) : std::nullopt;
        if (!until) return call.reply.error("ERR invalid expire time in 'set' command");
        expires_ms = *until;
    }
    KeySpace& keys = call.keys();
    Key* const key = keys.find(words[1], moment);
    if (options.get && !answer_value(call.reply, key)) return;
    if (key != nullptr ? options.if_absent : options.if_present) {
        if (!options.get) call.reply.null();
        return;
    }
    if (options.keep_ttl && key != nullptr) expires_ms = key->expires_ms;
    keys.set(key, words[1], words[2], expires_ms, moment);
    if (!options.get) call.reply.ok();
}

void run_setrange(Call& call) {
    const auto offset = whole_number(call.words[2]);
    if (!offset) return call.reply.error(said::kNotInteger);
    if (*offset < 0) return call.reply.error("ERR offset is out of range");
    if (!call.words[3].empty()) return call.reply.error("ERR the simulation sets no range");
    const Key* const key = call.keys().find(call.words[1], call.moment());
    if (key != nullptr && key->is_list()) return call.reply.error(said::kWrongType);
    call.reply.integer(key == nullptr ? 0 : static_cast<std::int64_t>(key->value.size()));
}

void run_incr(Call& call) { increase(call, 1); }

void run_incrby(Call& call) {
    const auto by = whole_number(call.words[2]);
    if (!by) return call.reply.error(said::kNotInteger);
    increase(call, *by);
}

void run_rpush(Call& call) {
    KeySpace& keys = call.keys();
    Key* const key = keys.find(call.words[1], call.moment());
    if (key != nullptr && !key->is_list()) return call.reply.error(said::kWrongType);
    const auto length =
        (key != nullptr ? key->list_length : 0) + static_cast<std::int64_t>(call.words.size() - 2);
    keys.set_list(key, call.words[1], length, call.moment());
    call.reply.integer(length);
}

void run_del(Call& call) {
    KeySpace& keys = call.keys();
    std::int64_t deleted = 0;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        Key* const key = keys.find(call.words[i], call.moment());
        if (key == nullptr) continue;
        keys.erase(*key, Gone::deleted, call.moment());
        ++deleted;
    }
    call.reply.integer(deleted);
}

void run_exists(Call& call) {
    std::int64_t found = 0;
    for (std::size_t i = 1; i < call.words.size(); ++i) {
        if (call.keys().find(call.words[i], call.moment()) != nullptr) ++found;
    }
    call.reply.integer(found);
}

}  // namespace quorumlock::sim
