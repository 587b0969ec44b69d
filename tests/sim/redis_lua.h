// Lua 5.1 as a Redis server runs it. One Lua state serves all simulated servers of a thread: a
// script is compiled once, and nothing it does lasts beyond its run, for it can change no global
// and no library.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "tests/sim/redis_reply.h"
#include "tests/sim/redis_text.h"

namespace quorumlock::sim {

struct LuaScript {
    std::string sha;
    int reference;  ///< Of the compiled function.
};

/// Whoever executes what a script calls.
class ScriptHost {
  public:
    /// One command; its reply, errors too, is appended.
    virtual void call(const Words& words, std::string& reply) = 0;

  protected:
    ~ScriptHost() = default;
};

class LuaEngine {
  public:
    /// Made at the first call on a thread; what it compiled is valid until the thread ends.
    static LuaEngine& of_this_thread();
    ~LuaEngine();
    LuaEngine(const LuaEngine&) = delete;
    LuaEngine& operator=(const LuaEngine&) = delete;

    /// Null when it does not compile; then `error` is the server's.
    const LuaScript* compile(std::string_view text, const std::string& sha, std::string& error);
    /// Runs it and appends its reply.
    void run(const LuaScript& script, ScriptHost& host, std::span<const std::string_view> keys,
             std::span<const std::string_view> args, ReplyWriter& reply);

  private:
    LuaEngine();

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace quorumlock::sim
