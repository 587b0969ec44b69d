#include "tests/sim/redis_lua.h"

#include <map>

#include "lib/base/check.h"
#include "tests/sim/redis_lua_state.h"

namespace quorumlock::sim {

struct LuaEngine::Impl {
    lua_State* lua = luaL_newstate();
    LuaCalls calls{};
    std::map<std::string, LuaScript> compiled{};

    void push_array(int name_at, std::span<const std::string_view> words);
    void answer_error(const LuaScript& script, ReplyWriter& reply);
};

LuaEngine& LuaEngine::of_this_thread() {
    thread_local LuaEngine engine;
    return engine;
}

LuaEngine::LuaEngine() : impl_(std::make_unique<Impl>()) {
    QL_CHECK(impl_->lua != nullptr);
    open_sandbox(impl_->lua, impl_->calls);
    QL_CHECK(lua_gettop(impl_->lua) == kBase);
}

LuaEngine::~LuaEngine() { lua_close(impl_->lua); }

const LuaScript* LuaEngine::compile(std::string_view text, const std::string& sha,
                                    std::string& error) {
    const auto found = impl_->compiled.find(sha);
    if (found != impl_->compiled.end()) return &found->second;
    lua_State* const lua = impl_->lua;
    if (luaL_loadbuffer(lua, text.data(), text.size(), "@user_script") != 0) {
        error = in_one_line(std::string("ERR Error compiling script (new function): ") +
                            lua_tostring(lua, -1));
        lua_settop(lua, kBase);
        return nullptr;
    }
    const int reference = luaL_ref(lua, LUA_REGISTRYINDEX);
    return &impl_->compiled.emplace(sha, LuaScript{sha, reference}).first->second;
}

void LuaEngine::run(const LuaScript& script, ScriptHost& host,
                    std::span<const std::string_view> keys, std::span<const std::string_view> args,
                    ReplyWriter& reply) {
    lua_State* const lua = impl_->lua;
    impl_->push_array(kKeysNameAt, keys);
    impl_->push_array(kArgvNameAt, args);
    lua_rawgeti(lua, LUA_REGISTRYINDEX, script.reference);
    impl_->calls.host = &host;
    const bool failed = lua_pcall(lua, 0, 1, kHandlerAt) != 0;
    impl_->calls.host = nullptr;
    if (failed) {
        impl_->answer_error(script, reply);
    } else {
        pop_as_reply(lua, reply);
    }
    QL_CHECK(lua_gettop(lua) == kBase);
}

/// Sets the global array whose name stands at that place of the stack.
void LuaEngine::Impl::push_array(int name_at, std::span<const std::string_view> words) {
    lua_pushvalue(lua, name_at);
    lua_createtable(lua, static_cast<int>(words.size()), 0);
    int place = 0;
    for (const std::string_view word : words) {
        lua_pushlstring(lua, word.data(), word.size());
        lua_rawseti(lua, -2, ++place);
    }
    lua_rawset(lua, kGlobalsAt);
}

/// What is on top, as the error handler left it.
void LuaEngine::Impl::answer_error(const LuaScript& script, ReplyWriter& reply) {
    const auto field = [this](const char* name) -> std::string {
        lua_getfield(lua, -1, name);
        const char* const text = lua_tostring(lua, -1);
        std::string copy = text != nullptr ? text : "";
        lua_pop(lua, 1);
        return copy;
    };
    std::string text;
    if (lua_istable(lua, -1)) {
        text = field("err");
        const std::string source = field("source"), line = field("line");
        if (!source.empty() && !line.empty()) {
            text += " script: " + script.sha + ", on " + source + ":" + line + ".";
        }
    } else {
        // The handler itself failed: no stack was left for it.
        const char* const said = lua_tostring(lua, -1);
        text = "ERR Error running script " + script.sha + ", " +
               std::string(shown(said != nullptr ? said : "execution failure", 100));
    }
    blank_line_ends(text);
    reply.error(text);
    lua_settop(lua, kBase);
}

}  // namespace quorumlock::sim
