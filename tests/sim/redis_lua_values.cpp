#include <charconv>
#include <cstdlib>
#include <limits>

#include "lib/base/check.h"
#include "tests/sim/redis_lua_state.h"

namespace quorumlock::sim {

namespace {

/// The whole number that begins at `at`, which is moved behind its line.
std::int64_t read_number(const char*& at) {
    char* end = nullptr;
    const std::int64_t value = std::strtoll(at, &end, 10);
    at = end + 2;
    return value;
}

/// The rest of the line at `at`, which is moved behind it.
std::string_view read_line(const char*& at) {
    const char* const begin = at;
    while (*at != '\r') ++at;
    const std::string_view line(begin, static_cast<std::size_t>(at - begin));
    at += 2;
    return line;
}

/// As x86 converts it where there is nothing right to say.
std::int64_t as_integer(lua_Number number) {
    constexpr lua_Number kBound = 9223372036854775808.0;
    const bool fits = number >= -kBound && number < kBound;
    return fits ? static_cast<std::int64_t>(number) : std::numeric_limits<std::int64_t>::min();
}

/// The string at this field of the table on top, up to its first NUL; false when it is none.
bool field_text(lua_State* lua, const char* name, std::string& text) {
    lua_pushstring(lua, name);
    lua_rawget(lua, -2);
    const bool found = lua_type(lua, -1) == LUA_TSTRING;
    if (found) text = lua_tostring(lua, -1);
    lua_pop(lua, 1);
    return found;
}

void table_as_reply(lua_State* lua, ReplyWriter& reply) {
    std::string text;
    if (field_text(lua, "err", text)) {
        // Line ends are taken off the whole line, so those in front stay, as blanks.
        return reply.error(std::string_view(in_one_line("-" + text)).substr(1));
    }
    if (field_text(lua, "ok", text)) {
        blank_line_ends(text);
        return reply.status(text);
    }
    // How many there are is known at the end: the first hole ends it.
    const std::size_t head = reply.position();
    std::size_t count = 0;
    while (true) {
        lua_rawgeti(lua, -1, static_cast<int>(count + 1));
        if (lua_isnil(lua, -1)) break;
        pop_as_reply(lua, reply);
        ++count;
    }
    lua_pop(lua, 1);
    reply.insert_array(head, count);
}

}  // namespace

void push_error(lua_State* lua, std::string_view text) {
    std::string_view code = "ERR";
    if (text.starts_with('-')) {
        text.remove_prefix(1);
        const auto blank = text.find(' ');
        if (blank != std::string_view::npos) {
            code = text.substr(0, blank);
            text.remove_prefix(blank + 1);
        }
    }
    while (text.starts_with('\r') || text.starts_with('\n')) text.remove_prefix(1);
    while (text.ends_with('\r') || text.ends_with('\n')) text.remove_suffix(1);
    lua_createtable(lua, 0, 1);
    const std::string all = std::string(code).append(" ").append(text);
    lua_pushstring(lua, all.c_str());
    lua_setfield(lua, -2, "err");
}

void push_reply(lua_State* lua, const char*& at) {
    const char type = *at++;
    switch (type) {
        case '+': {
            lua_createtable(lua, 0, 1);
            const std::string_view text = read_line(at);
            lua_pushlstring(lua, text.data(), text.size());
            lua_setfield(lua, -2, "ok");
            return;
        }
        case '-': {
            const char* const begin = at - 1;
            read_line(at);
            push_error(lua, std::string_view(begin, static_cast<std::size_t>(at - begin)));
            lua_pushboolean(lua, 1);
            return lua_setfield(lua, -2, "ignore_error_stats_update");
        }
        case ':':
            return lua_pushnumber(lua, static_cast<lua_Number>(read_number(at)));
        case '$': {
            const std::int64_t size = read_number(at);
            if (size < 0) return lua_pushboolean(lua, 0);
            lua_pushlstring(lua, at, static_cast<std::size_t>(size));
            at += size + 2;
            return;
        }
        case '*': {
            const std::int64_t count = read_number(at);
            lua_createtable(lua, static_cast<int>(count), 0);
            for (int i = 1; i <= count; ++i) {
                push_reply(lua, at);
                lua_rawseti(lua, -2, i);
            }
            return;
        }
        default:
            QL_CHECK(!"a reply of a type that no command gives");
    }
}

void pop_as_reply(lua_State* lua, ReplyWriter& reply) {
    if (lua_checkstack(lua, 4) == 0) {
        reply.error("ERR reached lua stack limit");
    } else {
        switch (lua_type(lua, -1)) {
            case LUA_TSTRING: {
                std::size_t size = 0;
                const char* const bytes = lua_tolstring(lua, -1, &size);
                reply.bulk({bytes, size});
                break;
            }
            case LUA_TNUMBER:
                reply.integer(as_integer(lua_tonumber(lua, -1)));
                break;
            case LUA_TBOOLEAN:
                lua_toboolean(lua, -1) != 0 ? reply.integer(1) : reply.null();
                break;
            case LUA_TTABLE:
                table_as_reply(lua, reply);
                break;
            default:
                reply.null();
        }
    }
    lua_pop(lua, 1);
}

}  // namespace quorumlock::sim
