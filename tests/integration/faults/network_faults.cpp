// Connections that are reset or slow, and names that lead nowhere.
#include "tests/integration/faults/own_hosts.h"
#include "tests/integration/faults/world.h"

namespace quorumlock::testing::faults {

namespace {

using namespace std::chrono_literals;

/// What proxies do from the beginning to the end.
FaultCase steady(const char* name, const char* what, Fault fault, unsigned amount) {
    return {.name = name,
            .what = what,
            .proxied = true,
            .begin =
                [=](World& world) {
                    world.for_victims([&](int i) { world.proxy(i).set(fault, amount); });
                },
            .end =
                [](World& world) {
                    world.for_victims([&](int i) {
                        World::must(world.proxy(i).struck() > 0, "the proxy has not struck");
                        world.proxy(i).set(Fault::none);
                    });
                }};
}

/// What they do again and again. Between, connections are made and commands are on their way.
FaultCase repeated(const char* name, const char* what, Fault fault, Each each) {
    const auto set = [each](World& world, Fault next) {
        each(world, [&](int i) {
            world.count += static_cast<int>(world.proxy(i).struck());
            world.proxy(i).set(next);
        });
    };
    return {
        .name = name,
        .what = what,
        .reach = reach_of(each),
        .proxied = true,
        .during = [set, fault, turn = 0](
                      World& world) mutable { set(world, turn++ % 3 == 0 ? fault : Fault::none); },
        .end =
            [set](World& world) {
                set(world, Fault::none);
                World::must(world.count > 0, "the proxies have not struck");
            }};
}

std::string host_of(int i) { return "node-" + std::to_string(i) + ".test"; }

void write_hosts(World& world, bool with_victims) {
    std::string text = "127.0.0.1 localhost\n";
    if (with_victims) world.for_victims([&](int i) { text += "127.0.0.1 " + host_of(i) + "\n"; });
    world.dir().write("hosts", text);
}

FaultCase name_look_up() {
    return {.name = "name-look-up",
            .what = "the names of two servers are not found, and their connections are cut",
            .prepare =
                [](World& world) {
                    write_hosts(world, true);
                    look_names_up_in(world.dir().file("hosts"));
                    world.for_victims([&](int i) {
                        world.uris()[static_cast<std::size_t>(i)] =
                            "redis://" + host_of(i) + ":" + std::to_string(world.server(i).port());
                    });
                },
            .begin =
                [](World& world) {
                    write_hosts(world, false);
                    world.for_victims([&](int i) {
                        world.kill_clients(i);
                        world.expect_out(i);
                    });
                },
            .end = [](World& world) { write_hosts(world, true); }};
}

}  // namespace

std::vector<FaultCase> network_faults() {
    return {
        repeated("reset", "connections to two are reset before a command has got there",
                 Fault::reset, each_victim),
        repeated("reset-all", "connections to all five are reset before a command has got there",
                 Fault::reset, each_server),
        repeated("reply-lost",
                 "two do what they are told, and the connection is reset before the reply",
                 Fault::drop_replies, each_victim),
        repeated("reply-lost-all",
                 "all five do what they are told, and the connection is reset before the reply",
                 Fault::drop_replies, each_server),
        steady("slow-100ms", "two answer 100 ms late", Fault::delay, 100),
        steady("slow-2s", "two answer 2 s late", Fault::delay, 2000),
        name_look_up(),
    };
}

}  // namespace quorumlock::testing::faults
