#include "tests/sim/redis_scripts.h"

#include <algorithm>

#include "tests/sim/redis_sha1.h"

namespace quorumlock::sim {

const LuaScript* ScriptCache::find(std::string_view sha) const {
    char lower[40];
    if (sha.size() != sizeof(lower)) return nullptr;
    std::transform(sha.begin(), sha.end(), lower,
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
    const auto found = known_.find(std::string_view(lower, sizeof(lower)));
    return found == known_.end() ? nullptr : found->second;
}

const LuaScript* ScriptCache::load(std::string_view text, std::string& error) {
    std::string sha = sha1_hex(text);
    const LuaScript*& place = known_[sha];
    if (place == nullptr) place = LuaEngine::of_this_thread().compile(text, sha, error);
    if (place == nullptr) {
        known_.erase(sha);
        return nullptr;
    }
    return place;
}

}  // namespace quorumlock::sim
