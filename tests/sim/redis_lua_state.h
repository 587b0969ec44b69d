// Inside the Lua engine: the sandbox, what scripts may call, and values on their way in and out.
// Functions that Lua calls leave by longjmp when they raise: none of them may own anything then.
#pragma once

#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/redis_lua.h"
#include "tests/sim/redis_reply.h"
#include "tests/sim/redis_text.h"

namespace quorumlock::sim {

/// What redis.call works with. It outlives every call, so a longjmp may pass over its users.
struct LuaCalls {
    ScriptHost* host = nullptr;  ///< Null between runs.
    Words words{};
    std::vector<std::string> numbers{};  ///< Arguments that were numbers, as text.
    std::string reply{};
};

/// Where these stand on the stack as long as the engine lives.
enum LuaStack : int { kGlobalsAt = 1, kHandlerAt, kKeysNameAt, kArgvNameAt, kBase = kArgvNameAt };

// redis_lua_sandbox.cpp
/// Libraries, protected globals and the stack's base.
void open_sandbox(lua_State* lua, LuaCalls& calls);

// redis_lua_api.cpp
/// Leaves the table `redis` on the stack.
void push_redis_api(lua_State* lua, LuaCalls& calls);
/// pcall as scripts see it: an error that is a table comes out as its text.
int script_pcall(lua_State* lua);

// redis_lua_values.cpp
/// An error as a script sees it, {err = "CODE text"}, of "-CODE text" or of a text alone.
void push_error(lua_State* lua, std::string_view text);
/// A reply of the server as a script sees it; `at` is moved behind it.
void push_reply(lua_State* lua, const char*& at);
/// What a script returned, on top of the stack, as a reply; pops it.
void pop_as_reply(lua_State* lua, ReplyWriter& reply);

}  // namespace quorumlock::sim
