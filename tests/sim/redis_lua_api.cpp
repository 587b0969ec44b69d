#include <charconv>
#include <cmath>

#include "tests/sim/redis_lua_state.h"
#include "tests/sim/redis_sha1.h"

namespace quorumlock::sim {

namespace {

LuaCalls& calls_of(lua_State* lua) {
    return *static_cast<LuaCalls*>(lua_touserdata(lua, lua_upvalueindex(1)));
}

/// A number as the server writes it: as "%.17g" does.
void write_number(lua_Number number, std::string& text) {
    char digits[40];
    const auto end =
        std::to_chars(digits, digits + sizeof(digits), number, std::chars_format::general, 17).ptr;
    text.assign(digits, end);
}

/// The arguments into calls.words; false when one is neither string nor number.
bool take_words(lua_State* lua, LuaCalls& calls) {
    const auto count = static_cast<std::size_t>(lua_gettop(lua));
    calls.words.clear();
    if (calls.numbers.size() < count) calls.numbers.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        const int at = static_cast<int>(i) + 1;
        const int type = lua_type(lua, at);
        if (type == LUA_TNUMBER) {
            write_number(lua_tonumber(lua, at), calls.numbers[i]);
            calls.words.emplace_back(calls.numbers[i]);
        } else if (type == LUA_TSTRING) {
            std::size_t size = 0;
            const char* const bytes = lua_tolstring(lua, at, &size);
            calls.words.emplace_back(bytes, size);
        } else {
            return false;
        }
    }
    return true;
}

/// Leaves the result on the stack; false when it is an error.
bool call_server(lua_State* lua) {
    LuaCalls& calls = calls_of(lua);
    if (lua_gettop(lua) == 0) {
        push_error(lua, "Please specify at least one argument for this redis lib call");
        return false;
    }
    if (!take_words(lua, calls)) {
        push_error(lua, "Lua redis lib command arguments must be strings or integers");
        return false;
    }
    calls.reply.clear();
    calls.host->call(calls.words, calls.reply);
    const char* at = calls.reply.c_str();
    push_reply(lua, at);
    return calls.reply.front() != '-';
}

int redis_call(lua_State* lua) { return call_server(lua) ? 1 : lua_error(lua); }

int redis_pcall(lua_State* lua) {
    call_server(lua);
    return 1;
}

int redis_sha1hex(lua_State* lua) {
    if (lua_gettop(lua) != 1) {
        push_error(lua, "wrong number of arguments");
        return lua_error(lua);
    }
    std::size_t size = 0;
    const char* const bytes = lua_tolstring(lua, 1, &size);
    const std::string hex = sha1_hex(bytes != nullptr ? std::string_view(bytes, size) : "");
    lua_pushlstring(lua, hex.data(), hex.size());
    return 1;
}

/// Is the one argument a string? If not, the error is on the stack.
bool has_one_string(lua_State* lua) {
    if (lua_gettop(lua) == 1 && lua_type(lua, 1) == LUA_TSTRING) return true;
    push_error(lua, "wrong number or type of arguments");
    return false;
}

int redis_error_reply(lua_State* lua) {
    if (!has_one_string(lua)) return 1;
    std::string text = lua_tostring(lua, 1);
    if (!text.starts_with('-')) text.insert(0, 1, '-');
    push_error(lua, text);
    return 1;
}

int redis_status_reply(lua_State* lua) {
    if (!has_one_string(lua)) return 1;
    lua_createtable(lua, 0, 1);
    lua_pushvalue(lua, 1);
    lua_setfield(lua, -2, "ok");
    return 1;
}

/// There is no log here; what the server would refuse to log is refused.
int redis_log(lua_State* lua) {
    if (lua_gettop(lua) < 2) {
        push_error(lua, "redis.log() requires two arguments or more.");
        return lua_error(lua);
    }
    if (lua_isnumber(lua, 1) == 0) {
        push_error(lua, "First argument must be a number (log level).");
        return lua_error(lua);
    }
    const lua_Number level = lua_tonumber(lua, 1);
    if (level < 0 || level > 3) {
        push_error(lua, "Invalid debug level.");
        return lua_error(lua);
    }
    return 0;
}

struct Function {
    const char* name;
    lua_CFunction function;
};

constexpr Function kFunctions[] = {
    {"call", redis_call},
    {"pcall", redis_pcall},
    {"sha1hex", redis_sha1hex},
    {"error_reply", redis_error_reply},
    {"status_reply", redis_status_reply},
    {"log", redis_log},
};

struct Number {
    const char* name;
    lua_Number value;
};

constexpr Number kNumbers[] = {
    {"LOG_DEBUG", 0},
    {"LOG_VERBOSE", 1},
    {"LOG_NOTICE", 2},
    {"LOG_WARNING", 3},
    {"REDIS_VERSION_NUM", 0x0007000f},
};

}  // namespace

void push_redis_api(lua_State* lua, LuaCalls& calls) {
    lua_newtable(lua);
    for (const Function& each : kFunctions) {
        lua_pushlightuserdata(lua, &calls);
        lua_pushcclosure(lua, each.function, 1);
        lua_setfield(lua, -2, each.name);
    }
    for (const Number& each : kNumbers) {
        lua_pushnumber(lua, each.value);
        lua_setfield(lua, -2, each.name);
    }
    lua_pushstring(lua, "7.0.15");
    lua_setfield(lua, -2, "REDIS_VERSION");
}

int script_pcall(lua_State* lua) {
    lua_pushboolean(lua, 1);
    lua_insert(lua, 1);
    if (lua_pcall(lua, lua_gettop(lua) - 2, LUA_MULTRET, 0) == 0) return lua_gettop(lua);
    lua_remove(lua, 1);
    if (lua_istable(lua, -1)) {
        lua_getfield(lua, -1, "err");
        if (lua_isstring(lua, -1) != 0) lua_replace(lua, -2);
    }
    lua_pushboolean(lua, 0);
    lua_insert(lua, 1);
    return lua_gettop(lua);
}

}  // namespace quorumlock::sim
