#include "tests/sim/redis_keys.h"

#include "tests/sim/redis_tracking.h"

namespace quorumlock::sim {

std::int64_t whole_ms_of(WallMicros now) noexcept { return now / 1000 - (now % 1000 < 0 ? 1 : 0); }

WallMicros gone_at(std::int64_t expires_ms) noexcept {
    return expires_ms >= kNoExpiry / 1000 ? kNoExpiry : (expires_ms + 1) * 1000;
}

const Key* KeySpace::peek(std::string_view name, std::int64_t ms) const noexcept {
    const Key* key = table_.find(name);
    return key != nullptr && ms <= key->expires_ms ? key : nullptr;
}

Key* KeySpace::find(std::string_view name, Moment moment) {
    Key* key = table_.find(name);
    if (key == nullptr || moment.ms <= key->expires_ms) return key;
    if (!moment.on_replica) erase(*key, Gone::expired, moment);
    return nullptr;
}

void KeySpace::set(Key* found, std::string_view name, std::string_view value,
                   std::int64_t expires_ms, Moment moment) {
    if (found == nullptr) {
        found = &table_.insert(name);
    } else if (events_ != nullptr) {
        events_->on_key_gone(name, found->value, Gone::overwritten, moment.by);
    }
    found->value.assign(value);
    found->list_length = 0;
    found->expires_ms = expires_ms;
    tell_set(*found, moment);
}

void KeySpace::change(Key& key, std::string_view value, Moment moment) {
    key.value.assign(value);
    tell_set(key, moment);
}

void KeySpace::set_expiry(Key& key, std::int64_t expires_ms, Moment moment) {
    key.expires_ms = expires_ms;
    tell_set(key, moment);
}

void KeySpace::set_list(Key* found, std::string_view name, std::int64_t length, Moment moment) {
    if (found == nullptr) {
        found = &table_.insert(name);
        found->expires_ms = kNeverMs;
    }
    found->value.clear();
    found->list_length = length;
    tell_set(*found, moment);
}

void KeySpace::erase(Key& key, Gone why, Moment moment) {
    tracking_.changed(key.name);
    take_away(key, why, moment);
}

void KeySpace::take_away(Key& key, Gone why, Moment moment) {
    if (events_ != nullptr) events_->on_key_gone(key.name, key.value, why, moment.by);
    table_.erase(key);
}

void KeySpace::clear(Gone why, Moment moment) {
    table_.for_each([&](Key& key) {
        take_away(key, moment.ms <= key.expires_ms ? why : Gone::expired, moment);
    });
}

std::size_t KeySpace::count(std::int64_t ms) const {
    std::size_t live = 0;
    table_.for_each([&](const Key& key) { live += ms <= key.expires_ms ? 1 : 0; });
    return live;
}

void KeySpace::tell_set(const Key& key, Moment moment) {
    tracking_.changed(key.name);
    if (events_ == nullptr) return;
    events_->on_key_set(key.name, key.value, gone_at(key.expires_ms), moment.by);
}

}  // namespace quorumlock::sim
