#include <string>

#include "tests/sim/redis_errors_said.h"
#include "tests/sim/redis_handlers.h"
#include "tests/sim/redis_lua.h"

namespace quorumlock::sim {

namespace {

/// The server as one run of a script sees it.
class ScriptRun final : public ScriptHost {
  public:
    explicit ScriptRun(Call& call) noexcept
        : server_(call.server),
          client_(call.client),
          words_(call.words),
          database_(call.database) {}

    void call(const Words& words, std::string& out) override {
        ReplyWriter reply(out);
        const CommandRow* const row = find_command(words);
        if (row == nullptr) return reply.error("ERR Unknown Redis command called from script");
        if (!row->takes(words.size())) {
            return reply.error("ERR Wrong number of args calling Redis command from script");
        }
        const std::string_view error = refusal_in_script(server_, *row, wrote_);
        if (!error.empty()) return reply.error(error);
        if ((row->flags & kWrite) != 0) wrote_ = true;
        Call inner{server_, client_, database_, words, reply};
        row->run(inner);
        // Whatever it reads, all keys the script was given are remembered.
        if ((row->flags & kReads) != 0) server_.remember(client_, words_);
    }

  private:
    RedisCore& server_;
    Client& client_;
    const Words& words_;  // of EVAL
    int database_;        // SELECT in a script lasts as long as the script
    bool wrote_ = false;
};

/// How many of the words are keys; nothing after an error.
std::optional<std::size_t> count_keys(Call& call) {
    const auto count = whole_number(call.words[2]);
    const auto most = static_cast<std::int64_t>(call.words.size()) - 3;
    if (!count) {
        call.reply.error(said::kNotInteger);
    } else if (*count > most) {
        call.reply.error("ERR Number of keys can't be greater than number of args");
    } else if (*count < 0) {
        call.reply.error("ERR Number of keys can't be negative");
    } else {
        return static_cast<std::size_t>(*count);
    }
    return {};
}

void run_script(Call& call, const LuaScript& script, std::size_t keys) {
    const SimRedisState& state = call.server.state;
    if (state.readonly && state.stale) return call.reply.error(said::kMasterDown);
    const std::span<const std::string_view> rest(call.words.begin() + 3, call.words.end());
    ScriptRun run(call);
    LuaEngine::of_this_thread().run(script, run, rest.first(keys), rest.subspan(keys), call.reply);
}

}  // namespace

void run_eval(Call& call) {
    const auto keys = count_keys(call);
    if (!keys) return;
    std::string error;
    const LuaScript* const script = call.server.scripts.load(call.words[1], error);
    if (script == nullptr) return call.reply.error(error);
    run_script(call, *script, *keys);
}

void run_evalsha(Call& call) {
    if (call.words[1].size() != 40) return call.reply.error(said::kNoScript);
    const auto keys = count_keys(call);
    if (!keys) return;
    const LuaScript* const script = call.server.scripts.find(call.words[1]);
    if (script == nullptr) return call.reply.error(said::kNoScript);
    run_script(call, *script, *keys);
}

void run_script_load(Call& call) {
    std::string error;
    const LuaScript* const script = call.server.scripts.load(call.words[2], error);
    if (script == nullptr) return call.reply.error(error);
    call.reply.bulk(script->sha);
}

void run_script_exists(Call& call) {
    call.reply.array(call.words.size() - 2);
    for (std::size_t i = 2; i < call.words.size(); ++i) {
        call.reply.integer(call.server.scripts.find(call.words[i]) != nullptr ? 1 : 0);
    }
}

void run_script_flush(Call& call) {
    const Words& words = call.words;
    if (words.size() > 3 ||
        (words.size() == 3 && !is_word(words[2], "sync") && !is_word(words[2], "async"))) {
        return call.reply.error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    }
    call.server.scripts.clear();
    call.reply.ok();
}

/// Ends somebody's script that blocks the server, if there is one.
void run_script_kill(Call& call) {
    if (!call.server.state.busy) {
        return call.reply.error("NOTBUSY No scripts in execution right now.");
    }
    call.server.state.busy = false;
    call.reply.ok();
}

}  // namespace quorumlock::sim
