#include "tests/sim/redis_lua_state.h"

namespace quorumlock::sim {

namespace {

// Gone from the libraries: what a server has not, what could make a run depend on an earlier one
// (environments of functions, the collector), and chance.
constexpr const char* kRemoved[] = {"print",          "dofile", "loadfile", "getfenv", "setfenv",
                                    "collectgarbage", "gcinfo", "newproxy", "module",  "require"};

constexpr const char* kLibraries[] = {"string", "table", "math", "coroutine"};

int refuse_write(lua_State* lua) { return luaL_error(lua, "Attempt to modify a readonly table"); }

int refuse_unknown(lua_State* lua) {
    const char* const name = lua_tostring(lua, 2);
    return luaL_error(lua, "Script attempted to access nonexistent global variable '%s'",
                      name != nullptr ? name : "?");
}

/// rawset would go round the protection.
int protected_rawset(lua_State* lua) {
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_checkany(lua, 2);
    luaL_checkany(lua, 3);
    if (lua_getmetatable(lua, 1) != 0) {
        lua_getfield(lua, -1, "__newindex");
        if (lua_tocfunction(lua, -1) == refuse_write) {
            lua_pushliteral(lua, "Attempt to modify a readonly table");
            return lua_error(lua);
        }
    }
    lua_settop(lua, 3);
    lua_rawset(lua, 1);
    return 1;
}

/// The server's own error handler: any error becomes a table that tells where it was raised.
int handle_error(lua_State* lua) {
    lua_Debug where{};
    bool known = lua_getstack(lua, 1, &where) != 0 && lua_getinfo(lua, "Sl", &where) != 0;
    if (known && where.what[0] == 'C') {
        known = lua_getstack(lua, 2, &where) != 0 && lua_getinfo(lua, "Sl", &where) != 0;
    }
    if (!lua_istable(lua, 1)) {
        const char* text = lua_isboolean(lua, 1) && lua_toboolean(lua, 1) != 0 ? "true"
                           : lua_isboolean(lua, 1)                             ? "false"
                                                   : lua_tostring(lua, 1);
        if (text == nullptr) text = luaL_typename(lua, 1);
        lua_createtable(lua, 0, 3);
        lua_pushfstring(lua, "ERR %s", text);
        lua_setfield(lua, -2, "err");
    }
    if (known) {
        lua_pushstring(lua, where.source);
        lua_setfield(lua, -2, "source");
        lua_pushinteger(lua, where.currentline);
        lua_setfield(lua, -2, "line");
    }
    return 1;
}

void open_library(lua_State* lua, const char* name, lua_CFunction open) {
    lua_pushcfunction(lua, open);
    lua_pushstring(lua, name);
    lua_call(lua, 1, 0);
}

/// Puts in place of the table on top an empty one through which it can be read and not written.
void protect(lua_State* lua) {
    lua_newtable(lua);
    lua_createtable(lua, 0, 3);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pushcfunction(lua, refuse_write);
    lua_setfield(lua, -2, "__newindex");
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_setmetatable(lua, -2);
    lua_remove(lua, -2);
}

/// Scripts could reach the string library, unprotected, through any string.
void hide_metatable_of_strings(lua_State* lua) {
    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_pushboolean(lua, 0);
    lua_setfield(lua, -2, "__metatable");
    lua_pop(lua, 2);
}

void change_libraries(lua_State* lua, LuaCalls& calls) {
    for (const char* name : kRemoved) {
        lua_pushnil(lua);
        lua_setfield(lua, kGlobalsAt, name);
    }
    lua_getfield(lua, kGlobalsAt, "math");
    for (const char* name : {"random", "randomseed"}) {
        lua_pushnil(lua);
        lua_setfield(lua, -2, name);
    }
    lua_pop(lua, 1);
    lua_pushcfunction(lua, script_pcall);
    lua_setfield(lua, kGlobalsAt, "pcall");
    lua_pushcfunction(lua, protected_rawset);
    lua_setfield(lua, kGlobalsAt, "rawset");
    for (const char* name : kLibraries) {
        lua_getfield(lua, kGlobalsAt, name);
        protect(lua);
        lua_setfield(lua, kGlobalsAt, name);
    }
    push_redis_api(lua, calls);
    protect(lua);
    lua_setfield(lua, kGlobalsAt, "redis");
}

}  // namespace

void open_sandbox(lua_State* lua, LuaCalls& calls) {
    open_library(lua, "", luaopen_base);
    open_library(lua, LUA_TABLIBNAME, luaopen_table);
    open_library(lua, LUA_STRLIBNAME, luaopen_string);
    open_library(lua, LUA_MATHLIBNAME, luaopen_math);
    lua_pushvalue(lua, LUA_GLOBALSINDEX);  // at kGlobalsAt, to stay
    change_libraries(lua, calls);
    hide_metatable_of_strings(lua);

    // Scripts see the globals through a table that cannot be written.
    lua_pushvalue(lua, kGlobalsAt);
    protect(lua);
    lua_pushvalue(lua, -1);
    lua_setfield(lua, kGlobalsAt, "_G");
    lua_replace(lua, LUA_GLOBALSINDEX);
    lua_newtable(lua);
    lua_pushcfunction(lua, refuse_unknown);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, kGlobalsAt);

    lua_pushcfunction(lua, handle_error);
    lua_pushliteral(lua, "KEYS");
    lua_pushliteral(lua, "ARGV");
}

}  // namespace quorumlock::sim
