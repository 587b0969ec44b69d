// The scripts one server process knows, by their SHA-1.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "tests/sim/redis_lua.h"

namespace quorumlock::sim {

class ScriptCache {
  public:
    /// Null when it is not known. Case of the digits does not matter.
    const LuaScript* find(std::string_view sha) const;
    /// Null when it does not compile; then `error` tells.
    const LuaScript* load(std::string_view text, std::string& error);
    void clear() noexcept { known_.clear(); }

  private:
    std::map<std::string, const LuaScript*, std::less<>> known_;
};

}  // namespace quorumlock::sim
