#include "tests/sim/redis_key_table.h"

#include "tests/sim/hash.h"

namespace quorumlock::sim {

namespace {

constexpr std::size_t kFewestBuckets = 16;

}  // namespace

const Key* KeyTable::find(std::string_view name) const noexcept {
    if (size_ == 0) return nullptr;
    const std::size_t hash = hash_of(name);
    for (std::uint32_t slot = buckets_[bucket(hash)]; slot != kNone; slot = slots_[slot].next) {
        const Key& key = slots_[slot];
        if (key.hash == hash && key.name == name) return &key;
    }
    return nullptr;
}

Key& KeyTable::insert(std::string_view name) {
    if (size_ == buckets_.size()) grow();
    if (free_ == kNone) {
        free_ = static_cast<std::uint32_t>(slots_.size());
        Key& fresh = slots_.emplace_back();
        fresh.slot = free_;
        fresh.next = kNone;
    }
    Key& key = slots_[free_];
    free_ = key.next;
    key.name.assign(name);
    key.hash = hash_of(name);
    key.used = true;
    std::uint32_t& first = buckets_[bucket(key.hash)];
    key.next = first;
    first = key.slot;
    ++size_;
    return key;
}

void KeyTable::erase(Key& key) {
    std::uint32_t* link = &buckets_[bucket(key.hash)];
    while (*link != key.slot) link = &slots_[*link].next;
    *link = key.next;
    key.next = free_;
    key.used = false;
    free_ = key.slot;
    --size_;
}

void KeyTable::grow() {
    buckets_.assign(buckets_.empty() ? kFewestBuckets : 2 * buckets_.size(), kNone);
    for (Key& key : slots_) {
        if (!key.used) continue;
        std::uint32_t& first = buckets_[bucket(key.hash)];
        key.next = first;
        first = key.slot;
    }
}

}  // namespace quorumlock::sim
