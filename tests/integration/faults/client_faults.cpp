// What goes wrong on the clients' side, and how many of them there are.
#include <sys/resource.h>

#include <memory>

#include "tests/integration/faults/workload.h"
#include "tests/integration/faults/world.h"
#include "tests/support/service_fixture.h"

namespace quorumlock::testing::faults {

namespace {

constexpr rlim_t kNone = 3;

/// Descriptors from `limit` on are not given any more; those that are open stay.
void limit_descriptors(const World& world, rlim_t limit) {
    for (const pid_t pid : world.contenders) {
        rlimit both{};
        World::must(::prlimit(pid, RLIMIT_NOFILE, nullptr, &both) == 0, "prlimit");
        both.rlim_cur = limit;
        World::must(::prlimit(pid, RLIMIT_NOFILE, &both, nullptr) == 0, "prlimit");
    }
}

void give_descriptors(World& world) {
    rlimit ours{};  // They have had the same.
    World::must(::getrlimit(RLIMIT_NOFILE, &ours) == 0, "getrlimit");
    limit_descriptors(world, ours.rlim_cur);
}

/// The check of objects' types asks the kernel, through a pipe, whether memory can be read: where
/// there is none it takes every object for a wrong one.
void need_no_descriptors_ourselves(World&) {
#if defined(__SANITIZE_ADDRESS__)
    throw Skip("the sanitizer's check of objects needs a descriptor");
#endif
}

void take_descriptors(World& world, int i) {
    limit_descriptors(world, kNone);
    world.kill_clients(i);
    // Clients of this process come back.
    const auto are_gone = [&] {
        const std::string said = world.ask(i, {"INFO", "clients"});
        const auto at = said.find("connected_clients:");
        return at != said.npos && std::stoi(said.substr(at + 18)) < Workload::kProcesses;
    };
    World::must(eventually(are_gone), "contenders come back without descriptors");
}

FaultCase crowded(const char* name, const char* what, int names) {
    return {.name = name,
            .what = what,
            .begin = [names](World& world) { world.crowd = std::make_unique<Crowd>(world, names); },
            .end =
                [](World& world) {
                    world.crowd->let_in();
                    world.crowd.reset();
                }};
}

}  // namespace

std::vector<FaultCase> client_faults() {
    return {
        {.name = "descriptors",
         .what = "the processes may open none any more, and the connections to two are cut",
         .prepare = need_no_descriptors_ourselves,
         .begin = on_victims(take_descriptors),
         .end = give_descriptors},
        {.name = "descriptors-all",
         .what = "the processes may open none any more, and the connections to all five are cut",
         .reach = Reach::all,
         .prepare = need_no_descriptors_ourselves,
         .begin = on_all(take_descriptors),
         .end = give_descriptors},
        crowded("waiters-one", "10,000 wait for one other lock, and then get it in turn", 1),
        crowded("waiters-many", "10,000 wait for 10,000 other locks, and then get them",
                Crowd::kWaiters),
    };
}

}  // namespace quorumlock::testing::faults
