// Servers that end, stand still and come back.
#include "tests/integration/faults/world.h"

namespace quorumlock::testing::faults {

namespace {

RedisOptions with_data(World&, int) { return {.config = {"appendonly yes", "appendfsync always"}}; }

void kill(World& world, int i) { world.server(i).kill9(); }
void restart(World& world, int i) { world.server(i).restart(); }
void freeze(World& world, int i) { world.server(i).freeze(); }
void resume(World& world, int i) { world.server(i).resume(); }

void restart_empty(World& world, int i) {
    world.server(i).restart();
    world.expect_guarded(i);
}

}  // namespace

std::vector<FaultCase> process_faults() {
    return {
        {.name = "kill",
         .what = "two servers get SIGKILL, and are started again with their data",
         .options = with_data,
         .begin = on_victims(kill),
         .end = on_victims(restart)},
        {.name = "kill-all",
         .what = "all five get SIGKILL, and are started again with their data",
         .reach = Reach::all,
         .options = with_data,
         .begin = on_all(kill),
         .end = on_all(restart)},
        {.name = "freeze",
         .what = "two are stopped by SIGSTOP, and go on by SIGCONT",
         .begin = on_victims(freeze),
         .end = on_victims(resume)},
        {.name = "freeze-all",
         .what = "all five are stopped by SIGSTOP, and go on by SIGCONT",
         .reach = Reach::all,
         .begin = on_all(freeze),
         .end = on_all(resume)},
        {.name = "restart-empty",
         .what =
             "two are killed and come back at once without their data; the guard keeps them out",
         .begin = on_victims(restart_empty)},
        {.name = "restart-empty-all",
         .what = "all five are killed and come back without their data, locks and counters",
         .reach = Reach::all,
         .begin = on_all(kill),
         .end = on_all(restart)},
    };
}

}  // namespace quorumlock::testing::faults
