#include "lib/nodes/memory_store.h"

#include <utility>

namespace quorumlock::nodes {

namespace {

// Each step adds at most one key and looks at this many: expired keys cannot pile up.
constexpr int kSweptPerStep = 3;
constexpr std::size_t kMaxSpare = 1024;

}  // namespace

MemoryStore::Found MemoryStore::acquire(std::string_view resource, const Token& token, Nanos ttl,
                                        Instant now) {
    sweep(now);
    const auto at = find(resource, now);
    if (at != keys_.end()) {
        return {Outcome::refused, at->second.expiry - now, at->second.token};
    }
    const Entry entry{token, now + ttl};
    if (spare_.empty()) {
        keys_.emplace(resource, entry);
    } else {
        auto node = std::move(spare_.back());
        spare_.pop_back();
        node.key().assign(resource);
        node.mapped() = entry;
        keys_.insert(std::move(node));
    }
    return {Outcome::granted, ttl, token};
}

MemoryStore::Found MemoryStore::transfer(std::string_view resource, const Token& from,
                                         const Token& to, Nanos ttl, Instant now) {
    const auto at = find(resource, now);
    if (at == keys_.end() || at->second.token != from) {
        Found found = acquire(resource, to, ttl, now);
        if (found.outcome == Outcome::granted) found.remaining = Nanos{0};
        return found;
    }
    at->second = {to, now + ttl};
    return {Outcome::granted, ttl, to};
}

MemoryStore::Found MemoryStore::extend(std::string_view resource, const Token& token, Nanos ttl,
                                       Instant now) {
    sweep(now);
    const auto at = find(resource, now);
    if (at == keys_.end()) return {};
    auto& entry = at->second;
    if (entry.token != token) return {Outcome::taken, entry.expiry - now, entry.token};
    // Rule E2: an extension never shortens.
    if (entry.expiry < now + ttl) entry.expiry = now + ttl;
    return {Outcome::extended, entry.expiry - now, token};
}

MemoryStore::Found MemoryStore::release(std::string_view resource, const Token& token,
                                        Instant now) {
    sweep(now);
    const auto at = find(resource, now);
    if (at == keys_.end()) return {};
    const auto& entry = at->second;
    if (entry.token != token) return {Outcome::taken, entry.expiry - now, entry.token};
    remove(at);
    return {Outcome::released, Nanos{0}, token};
}

MemoryStore::Found MemoryStore::inspect(std::string_view resource, Instant now) {
    const auto at = find(resource, now);
    if (at == keys_.end()) return {};
    return {Outcome::taken, at->second.expiry - now, at->second.token};
}

MemoryStore::Keys::iterator MemoryStore::find(std::string_view resource, Instant now) {
    const auto at = keys_.find(resource);
    if (at == keys_.end() || at->second.expiry > now) return at;
    remove(at);
    return keys_.end();
}

void MemoryStore::remove(Keys::iterator at) {
    if (cursor_ == at) ++cursor_;
    auto node = keys_.extract(at);
    if (spare_.size() < kMaxSpare) spare_.push_back(std::move(node));
}

void MemoryStore::sweep(Instant now) {
    for (int i = 0; i < kSweptPerStep && !keys_.empty(); ++i) {
        if (cursor_ == keys_.end()) cursor_ = keys_.begin();
        const auto at = cursor_++;
        if (at->second.expiry <= now) remove(at);
    }
}

}  // namespace quorumlock::nodes
