// Servers that are there, and do not do what they are told.
#include <memory>

#include "tests/integration/faults/world.h"
#include "tests/support/service_fixture.h"

namespace quorumlock::testing::faults {

namespace {

using namespace std::chrono_literals;

void fill(World& world, int i) {
    world.tell(i, {"CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "4mb"});
    world.tell(i, {"DEBUG", "POPULATE", "40000", "filler", "100"});
    world.tell(i, {"SET", "filler:more", "x"}, "-OOM");
}
void make_room(World& world, int i) { world.tell(i, {"CONFIG", "SET", "maxmemory", "0"}); }

constexpr int kLoadDelayUs = 200;
RedisOptions slow_to_load(World&, int) {
    return {.config = {"key-load-delay " + std::to_string(kLoadDelayUs),
                       "loading-process-events-interval-bytes 1024"}};
}
void restart_with_much(World& world, int i) {
    // The kernel adds some 60 us to each sleep, and the guard of the restart lasts longer anyhow.
    const long keys = world.span.count() * 1000 / kLoadDelayUs;
    world.tell(i, {"DEBUG", "POPULATE", std::to_string(keys), "filler"});
    // What is released behind the snapshot would come back with it.
    world.tell(i, {"CLIENT", "PAUSE", "60000", "WRITE"});
    world.tell(i, {"SAVE"});
    world.server(i).restart();
    world.tell(i, {"GET", "filler:1"}, "-LOADING");
}
void wait_for_it(World& world, int i) {
    World::must(eventually([&] { return world.ask(i, {"PING"}) == "PONG"; }, 30s),
                "the server does not come back");
}

RedisOptions soon_busy(World&, int) { return {.config = {"lua-time-limit 10"}}; }
void run_endless_script(World& world, int i) {
    auto client = std::make_unique<RespClient>(world.server(i).port());
    client->send({"EVAL", "while true do end", "0"});
    world.connections.push_back(std::move(client));
    World::must(eventually([&] { return world.ask(i, {"PING"}).starts_with("-BUSY"); }),
                "the script does not run");
}
void kill_script(World& world, int i) { world.tell(i, {"SCRIPT", "KILL"}); }

void make_replica(World& world, int i) {
    // Of nobody: it keeps its data, as one does whose primary cannot be reached.
    world.tell(i, {"REPLICAOF", "127.0.0.1", "1"});
    world.tell(i, {"SET", "filler:more", "x"}, "-READONLY");
}
void make_primary(World& world, int i) { world.tell(i, {"REPLICAOF", "NO", "ONE"}); }

std::string password_file(int i) { return "password" + std::to_string(i); }
void use_password_files(World& world, int i) {
    const std::string file = world.dir().write(password_file(i), "old\n");
    world.uris()[static_cast<std::size_t>(i)] =
        "redis://" + world.server(i).label() + "?password_file=" + file;
}
void change_password(World& world, int i) {
    world.tell(i, {"CONFIG", "SET", "requirepass", "new"});
    world.passwords[static_cast<std::size_t>(i)] = "new";
    world.kill_clients(i);
    world.expect_out(i);
}
void tell_password(World& world, int i) { world.dir().write(password_file(i), "new\n"); }

void cut(World& world, int i) { world.count += world.kill_clients(i); }
void was_cut(World& world) { World::must(world.count > 0, "no connection was cut"); }

void pause(World& world, int i) {
    world.tell(i, {"CLIENT", "PAUSE", std::to_string(world.span.count()), "ALL"});
}

void fill_places(World& world, int i) {
    auto client = std::make_unique<RespClient>(world.server(i).port());
    World::must(client->command({"CONFIG", "SET", "maxclients", "1"}) == "OK", "maxclients");
    (void)client->command({"CLIENT", "KILL", "TYPE", "pubsub"});
    (void)client->command({"CLIENT", "KILL", "TYPE", "normal"});
    world.connections.push_back(std::move(client));
    world.tell(i, {"PING"}, "-ERR max number of clients");
}
void give_places(World& world) {
    for (const auto& client : world.connections) {
        (void)client->command({"CONFIG", "SET", "maxclients", "10000"});
    }
}

}  // namespace

std::vector<FaultCase> refusal_faults() {
    return {
        {.name = "oom",
         .what = "two are full (maxmemory, noeviction) and refuse writes",
         .begin = on_victims(fill),
         .end = on_victims(make_room)},
        {.name = "oom-all",
         .what = "all five are full (maxmemory, noeviction) and refuse writes",
         .reach = Reach::all,
         .begin = on_all(fill),
         .end = on_all(make_room)},
        {.name = "loading",
         .what = "two are killed and load a large data set (LOADING)",
         .options = slow_to_load,
         .begin = on_victims(restart_with_much),
         .end = on_victims(wait_for_it)},
        {.name = "busy-script",
         .what = "somebody's endless script runs on two (BUSY), until SCRIPT KILL",
         .options = soon_busy,
         .begin = on_victims(run_endless_script),
         .end = on_victims(kill_script)},
        {.name = "readonly",
         .what = "two become replicas (READONLY), and primaries again",
         .begin = on_victims(make_replica),
         .end = on_victims(make_primary)},
        {.name = "password",
         .what = "two get a new password and cut all connections; clients are told it later",
         .options = [](World&, int) { return RedisOptions{.password = "old"}; },
         .prepare = on_all(use_password_files),
         .begin = on_victims(change_password),
         .end = on_victims(tell_password)},
        {.name = "client-kill",
         .what = "all connections to two are cut by CLIENT KILL, again and again",
         .during = on_victims(cut),
         .end = was_cut},
        {.name = "client-kill-all",
         .what = "all connections to all five are cut by CLIENT KILL, again and again",
         .reach = Reach::all,
         .during = on_all(cut),
         .end = was_cut},
        {.name = "client-pause",
         .what = "two answer nobody (CLIENT PAUSE)",
         .begin = on_victims(pause),
         .end = on_victims(wait_for_it)},
        {.name = "maxclients",
         .what = "two cut all connections and have no place for new ones (maxclients)",
         .begin = on_victims(fill_places),
         .end = give_places},
    };
}

}  // namespace quorumlock::testing::faults
