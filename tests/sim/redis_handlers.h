// What the command table runs.
#pragma once

#include "tests/sim/redis_command.h"

namespace quorumlock::sim {

// redis_connection_commands.cpp
void run_auth(Call& call);
void run_hello(Call& call);
void run_quit(Call& call);
void run_reset(Call& call);
void run_ping(Call& call);
void run_select(Call& call);
/// CLIENT and SCRIPT alone: never executed, they take more words.
void run_container(Call& call);

// redis_client_commands.cpp
void run_client_id(Call& call);
void run_client_setname(Call& call);
void run_client_getname(Call& call);
void run_client_kill(Call& call);

// redis_tracking_commands.cpp
/// All modes but BCAST.
void run_client_tracking(Call& call);
void run_client_caching(Call& call);
void run_subscribe(Call& call);
void run_unsubscribe(Call& call);

// redis_server_commands.cpp
void run_info(Call& call);
void run_time(Call& call);
void run_dbsize(Call& call);
void run_flushall(Call& call);

// redis_script_commands.cpp
void run_script_load(Call& call);
void run_script_exists(Call& call);
void run_script_flush(Call& call);
void run_script_kill(Call& call);
void run_eval(Call& call);
void run_evalsha(Call& call);

// redis_string_commands.cpp
void run_get(Call& call);
/// Without options: it changes nothing, and is no read-only command all the same.
void run_getex(Call& call);
void run_set(Call& call);
/// Of nothing: it changes nothing, and is a write that needs memory all the same.
void run_setrange(Call& call);
void run_incr(Call& call);
void run_incrby(Call& call);
void run_rpush(Call& call);
void run_del(Call& call);
void run_exists(Call& call);

// redis_expiry_commands.cpp
void run_ttl(Call& call);
void run_pttl(Call& call);
void run_expire(Call& call);
void run_pexpire(Call& call);
void run_expireat(Call& call);
void run_pexpireat(Call& call);

}  // namespace quorumlock::sim
