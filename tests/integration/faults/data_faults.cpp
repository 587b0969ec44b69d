// Data and clocks of servers that change while they run.
#include <filesystem>
#include <fstream>

#include "tests/integration/faults/world.h"
#include "tests/support/service_fixture.h"

namespace quorumlock::testing::faults {

namespace {

/// What one server forgets without a restart costs a lock its vote there and nothing guards against
/// that (docs/safety.md): of five servers one may forget, for locks that four have granted.
constexpr int kVotes = 4;
constexpr int kForgets = 1;

void flush(World& world) {
    world.tell(kForgets, {"FLUSHALL"});
    ++world.count;
}

void start_replica(World& world) {
    const auto primary = world.server(kForgets).port();
    world.spares.push_back(std::make_unique<RedisServer>(RedisOptions{.replica_of = primary}));
}
void fail_over(World& world) {
    RedisServer& replica = *world.spares.front();
    const auto linked = [&] {
        return replica.command({"INFO", "replication"}).find("master_link_status:up") !=
               std::string::npos;
    };
    World::must(eventually(linked), "the replica does not follow");
    world.server(kForgets).kill9();
    World::must(replica.command({"REPLICAOF", "NO", "ONE"}) == "OK", "it is not promoted");
    world.proxy(kForgets).forward_to(replica.port());
    world.proxy(kForgets).reset_clients();
    world.expect_guarded(kForgets);
}

void set_clock(World& world, std::int64_t ahead) {
    std::fstream(world.dir().file("clock"), std::ios::in | std::ios::out | std::ios::binary)
        .write(reinterpret_cast<const char*>(&ahead), sizeof ahead);
}
RedisOptions with_own_clock(World& world, int i) {
    if (i != kForgets) return {};
    const std::int64_t right = 0;
    const std::string clock = world.dir().write(
        "clock", std::string(reinterpret_cast<const char*>(&right), sizeof right));
    const std::string script = world.dir().write(
        "server", "#!/bin/sh\nexport LD_PRELOAD=" QUORUMLOCK_CLOCK_SHIFT " CLOCK_SHIFT_FILE=" +
                      clock + "\nexec redis-server \"$@\"\n");
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    return {.program = script};
}
long seconds_of(World& world, int i) { return std::stol(world.ask(i, {"TIME"})); }
void jump(World& world) {
    constexpr std::int64_t kAhead[] = {30, 0, -30, 0};
    const std::int64_t ahead = kAhead[world.count++ % 4];
    set_clock(world, ahead);
    const long off = seconds_of(world, kForgets) - seconds_of(world, 0) - ahead;
    World::must(off >= -5 && off <= 5, "the clock does not jump");
}

}  // namespace

std::vector<FaultCase> data_faults() {
    return {
        {.name = "flushall",
         .what = "one forgets everything (FLUSHALL), again and again; locks with 4 votes are used",
         .votes = kVotes,
         .during = flush,
         .end = [](World& world) { World::must(world.count > 0, "nothing was flushed"); }},
        {.name = "failover",
         .what = "one is killed, and its replica gets its place; the guard keeps that out",
         .proxied = true,
         .prepare = start_replica,
         .begin = fail_over},
        {.name = "clock-jumps",
         .what = "one's wall clock jumps by 30 s, both ways; locks with 4 votes are used",
         .votes = kVotes,
         .options = with_own_clock,
         .during = jump,
         .end = [](World& world) { set_clock(world, 0); }},
    };
}

}  // namespace quorumlock::testing::faults
