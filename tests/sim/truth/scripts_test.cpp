// Lua as the server runs it: values both ways, errors with their places, the sandbox.
#include "lib/nodes/redis_commands.h"
#include "tests/sim/truth/truth_fixture.h"

namespace quorumlock::sim::truth {
namespace {

class TruthScripts : public Truth {
  protected:
    void eval(const std::string& script, const Command& keys_and_args = {"0"}) {
        Command words{"EVAL", script};
        words.insert(words.end(), keys_and_args.begin(), keys_and_args.end());
        same(words);
    }
    void returns(const std::string& expression) { eval("return " + expression); }
};

TEST_F(TruthScripts, values_become_replies) {
    for (const char* value : {"nil",
                              "true",
                              "false",
                              "0",
                              "-7",
                              "3.9",
                              "-3.9",
                              "1e15",
                              "1e18",
                              "1e19",
                              "-1e19",
                              "0/0",
                              "1/0",
                              "'text'",
                              "''",
                              "'a\\0b'",
                              "{}",
                              "{1,2,3}",
                              "{1,nil,3}",
                              "{'a',{'b',{}},false}",
                              "{x=1}",
                              "{1,x=2}",
                              "{ok='FINE'}",
                              "{ok='a\\r\\nb'}",
                              "{err='ERR bad'}",
                              "{err='bad'}",
                              "{err='-ERR bad'}",
                              "{err='\\r\\na\\r\\nb\\r\\n'}",
                              "{err=''}",
                              "{ok=''}",
                              "{ok=5}",
                              "{err=5}",
                              "{err='E',ok='O'}",
                              "{{err='inner'},{ok='inner'}}",
                              "print",
                              "redis.call",
                              "function() end",
                              "type",
                              "#KEYS",
                              "#ARGV",
                              "KEYS",
                              "ARGV",
                              "string.rep('x',3)",
                              "('x'):rep(3)",
                              "tostring(12)",
                              "tonumber('0x10')",
                              "tonumber('abc')",
                              "1,2,3",
                              "table.concat({1,2},'-')",
                              "math.floor(3.7)",
                              "select('#',1,2)",
                              "unpack({1,2})",
                              "type(_G)",
                              "_VERSION",
                              "redis.REDIS_VERSION",
                              "redis.REDIS_VERSION_NUM",
                              "redis.LOG_WARNING",
                              "pcall(error,'x')",
                              "{pcall(error,'x')}",
                              "{pcall(error,{err='y'})}",
                              "{pcall(redis.call,'NONSENSE')}",
                              "{xpcall(function() error('z') end,tostring)}",
                              "{pcall(function() return 1,2 end)}",
                              "next({})",
                              "rawget(redis,'nothing')",
                              "getmetatable({})",
                              "loadstring('return 5')()",
                              "{string.byte('abc',1,3)}",
                              "coroutine.wrap(function() return redis.call('PING') end)()"}) {
        returns(value);
    }
    eval("return {KEYS[1],KEYS[2],ARGV[1],ARGV[2]}", {"1", "k", "a", "b"});
    eval("return {#KEYS,#ARGV}", {"2", "k", "l", "a"});
    eval("return ARGV[1]", {"0", std::string("a\0\r\nb", 5)});
    eval("");
    eval("local x = 1");
}

TEST_F(TruthScripts, replies_become_values) {
    all_same(furniture());
    returns("redis.call('SET','other','1')");
    returns("redis.call('SET','other','1').ok");
    returns("type(redis.call('GET','absent'))");
    returns("redis.call('GET','absent') == false");
    returns("redis.call('GET','string')");
    returns("redis.call('INCR','number') + 1");
    returns("type(redis.call('INCR','number'))");
    returns("redis.call('SCRIPT','EXISTS','x')");
    returns("#redis.call('TIME')");
    returns("redis.call('EXISTS','string','number','absent')");
    returns("redis.pcall('GET','list')");
    returns("redis.pcall('GET','list').err");
    returns("redis.pcall('GET','list').ignore_error_stats_update");
    returns("redis.pcall('NONSENSE').err");
    returns("redis.pcall('GET').err");
    returns("redis.pcall('SET','other','1','PX','x').err");
    returns("redis.call('SET','number','9007199254740993')");
    returns("redis.call('INCR','number')");
    returns("redis.call('GET','number')");
    returns("redis.call('pInG','a b')");
    returns("redis.call('HELLO')");
}

TEST_F(TruthScripts, numbers_become_arguments) {
    for (const char* number : {"1", "-1", "0", "1.5", "0.1", "1e15", "123456789012345678", "1e17",
                               "1e100", "-0", "1/3", "1/0", "0/0", "2^53", "2^63", "1e-7"}) {
        returns(std::string("redis.call('SET','n',") + number + ")");
        returns("redis.call('GET','n')");
    }
    returns("redis.call('INCRBY','c',5)");
    returns("redis.call('INCRBY','c',5.0)");
    returns("redis.call('INCRBY','c',5.5)");
    returns("redis.call('SET','n',true)");
    returns("redis.call('SET','n',nil)");
    returns("redis.call('SET','n',{})");
    returns("redis.call()");
    returns("redis.pcall()");
    returns("redis.pcall({})");
    returns("redis.call('')");
}

TEST_F(TruthScripts, errors_name_their_place) {
    all_same(furniture());
    for (const char* script : {"error('boom')",
                               "error('boom',0)",
                               "error('boom',2)",
                               "error()",
                               "error(nil)",
                               "error(5)",
                               "error(true)",
                               "error({err='MY own'})",
                               "error({err='own'})",
                               "error('a\\nb')",
                               "\n\nerror('third line')",
                               "redis.call('GET','list')",
                               "\nredis.call('NONSENSE')",
                               "redis.call('GET')",
                               "local function f() redis.call('GET','list') end\nf()",
                               "local function f() error('inside') end\n\nreturn f()",
                               "return nonsense",
                               "return nonsense.more",
                               "nonsense = 1",
                               "local x = nil\nreturn x.y",
                               "return 1 + {}",
                               "return 1 + nil",
                               "return #5",
                               "return 'a' < 1",
                               "return {} .. 'x'",
                               "local t = nil t[1]=1",
                               "x.y.z()",
                               "redis.nothing()",
                               "return ('x'):nothing()",
                               "assert(false)",
                               "assert(nil,'said')",
                               "assert(false,{err='ASSERTED x'})",
                               "tonumber()",
                               "string.rep()",
                               "string.format('%d','x')",
                               "table.concat({{}})",
                               "setmetatable(1,2)",
                               "return redis.call('SET','a')",
                               "return redis.call('SCRIPT','FLUSH')",
                               "redis.call('SET','other','1') redis.call('NONSENSE')",
                               "error(redis.pcall('GET','list'))",
                               "return error(redis.error_reply('FROM reply'))",
                               "local ok,e = pcall(redis.call,'GET','list') return e",
                               "local ok,e = pcall(redis.call,'GET','list') error(e)",
                               "local ok,e = pcall(function() local x = nil; x() end) return e",
                               "return pcall(nil)",
                               "redis.sha1hex()",
                               "redis.log(1)",
                               "redis.log('x','y')",
                               "redis.log(9,'y')",
                               "redis.error_reply()",
                               "return redis.error_reply(5)",
                               "local function f() return f() + 1 end return f()",
                               "x =",
                               "return 'unfinished",
                               "if",
                               "return return",
                               "goto there"}) {
        eval(script);
    }
    eval("\n\n\nreturn redis.call('INCR', KEYS[1])", {"1", "list"});
}

TEST_F(TruthScripts, replies_made_by_scripts) {
    for (const char* text : {"'x'", "'MY x'", "'-MY x'", "'-x'", "''", "'a\\r\\nb c'",
                             "'-A\\r\\nb'", "'a\\0b'", "5", "", "'a','b'"}) {
        returns(std::string("redis.error_reply(") + text + ")");
        returns(std::string("redis.status_reply(") + text + ")");
    }
    for (const char* text : {"''", "'abc'", "5", "nil", "'a\\0b'"}) {
        returns(std::string("redis.sha1hex(") + text + ")");
    }
    returns("redis.log(redis.LOG_NOTICE,'said',1)");
}

TEST_F(TruthScripts, the_sandbox_holds) {
    for (const char* script :
         {"x = 1",
          "redis = 1",
          "KEYS = {}",
          "_G.x = 1",
          "_G['x'] = 1",
          "redis.call = nil",
          "redis.x = 1",
          "string.x = 1",
          "math.pi = 3",
          "table.insert = nil",
          "rawset(_G,'x',1)",
          "rawset(redis,'x',1)",
          "function f() end",
          "print('x')",
          "return os",
          "return io",
          "return require",
          "return dofile",
          "return debug",
          "KEYS[1] = 'mine' return KEYS[1]",
          "KEYS.x = 1 return KEYS.x",
          "rawset(KEYS,1,'x') return KEYS[1]",
          "return rawset({},1,2)[1]",
          "return _G.redis == redis",
          "return _G._G == _G",
          "loadstring('x = 1')()",
          "local t = setmetatable({},{__index=function() return 5 end}) return t.x"}) {
        eval(script);
    }
    // Nothing is left of an earlier run.
    eval("return {#KEYS,#ARGV,KEYS.x}");
}

TEST_F(TruthScripts, a_script_goes_by_its_sha_and_is_forgotten_when_flushed) {
    const std::string script = "return {KEYS[1],ARGV[1]}";
    same({"EVALSHA", sha(script), "1", "k", "a"});
    same({"EVAL", script, "1", "k", "a"});
    same({"EVALSHA", sha(script), "1", "k", "a"});
    std::string upper = sha(script);
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    same({"EVALSHA", upper, "1", "k", "a"});
    same({"SCRIPT", "EXISTS", upper, sha(script)});
    same({"SCRIPT", "FLUSH", "async"});
    same({"EVALSHA", sha(script), "1", "k", "a"});
    same({"SCRIPT", "EXISTS", sha(script)});
    same({"SCRIPT", "LOAD", script});
    same({"EVALSHA", sha(script), "1", "k", "a"});
    same({"SCRIPT", "LOAD", ""});
    same({"SCRIPT", "LOAD", "return"});
    same({"EVAL", "not lua", "0"});
    same({"SCRIPT", "EXISTS", sha("not lua")});
}

TEST_F(TruthScripts, a_script_sees_the_database_of_its_client) {
    all_same(furniture());
    same({"SELECT", "3"});
    returns("redis.call('GET','string')");
    returns("redis.call('SET','string','three')");
    eval("redis.call('SELECT','0') return redis.call('GET','string')");
    same({"GET", "string"});
    same({"DBSIZE"});
    same({"SELECT", "0"});
    same({"GET", "string"});
}

TEST_F(TruthScripts, the_project_s_scripts_do_what_they_say) {
    const std::string token = kToken, other(32, 'b');
    for (const bool by_text : {true, false}) {
        const auto run = [&](std::string_view script, Command rest) {
            rest.insert(rest.begin(), by_text ? std::string(script) : sha(script));
            rest.insert(rest.begin(), by_text ? "EVAL" : "EVALSHA");
            same(rest);
        };
        const auto release = [&](const std::string& key, const std::string& who) {
            run(nodes::kReleaseScript, {"1", key, who});
        };
        const auto extend = [&](const std::string& key, const std::string& ttl) {
            run(nodes::kExtendScript, {"1", key, token, ttl});
        };
        all_same({{"FLUSHALL"}, {"RPUSH", "list", "x"}, {"SET", "k", token, "NX", "PX", "100000"}});
        release("k", other);
        extend("k", "200000");
        same({"PTTL", "k"});
        extend("k", "10");
        same({"PTTL", "k"});
        same({"SET", "k", token});
        extend("k", "100000");
        same({"PTTL", "k"});
        for (const char* ttl : {"x", "", "1e6", "-1", "99999999999999999999"}) {
            same({"SET", "k", token, "PX", "100000"});
            extend("k", ttl);
            same({"PTTL", "k"});
        }
        release("k", token);
        release("k", token);
        extend("k", "100000");
        release("list", token);
        extend("list", "100000");
        same({"EXISTS", "k", "list"});
        run(nodes::kReleaseScript, {"0", token});
        run(nodes::kReleaseScript, {"1", "list"});
        run(nodes::kExtendScript, {"1", "k", token});
    }
}

}  // namespace
}  // namespace quorumlock::sim::truth
