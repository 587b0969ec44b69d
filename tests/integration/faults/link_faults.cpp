// Links on which packets are lost, and nobody is told.
#include <memory>

#include "tests/integration/faults/dropped_packets.h"
#include "tests/integration/faults/world.h"

namespace quorumlock::testing::faults {

namespace {

using namespace std::chrono_literals;

FaultCase half_open(const char* name, const char* what, Each each) {
    const auto dropped = std::make_shared<std::vector<std::unique_ptr<DroppedPackets>>>();
    return {.name = name,
            .what = what,
            .reach = reach_of(each),
            .begin =
                [dropped, each](World& world) {
                    each(world, [&](int i) {
                        dropped->push_back(std::make_unique<DroppedPackets>(world.server(i).pid()));
                        RespClient client(world.server(i).port(), 100ms);
                        World::must(client.command({"PING"}) != "PONG", "packets still arrive");
                    });
                },
            .end = [dropped](World&) { dropped->clear(); }};
}

FaultCase unplugged(const char* name, const char* what, Each each) {
    return {.name = name,
            .what = what,
            .reach = reach_of(each),
            .prepare =
                [each](World& world) {
                    each(world, [&](int i) {
                        const auto port = world.server(i).port();
                        world.far.push_back(std::make_unique<FarServer>(port));
                        world.uris()[static_cast<std::size_t>(i)] = world.far.back()->proxy.uri();
                    });
                },
            .begin =
                [](World& world) {
                    const auto answers = [&world](bool wanted, const char* otherwise) {
                        for (const auto& server : world.far) {
                            World::must(server->answers() == wanted, otherwise);
                        }
                    };
                    answers(true, "a far server cannot be reached");
                    for (const auto& server : world.far) server->network.unplug();
                    answers(false, "a far server is still plugged in");
                },
            .end =
                [](World& world) {
                    for (const auto& server : world.far) server->network.plug();
                }};
}

}  // namespace

std::vector<FaultCase> link_faults() {
    return {
        half_open("half-open", "packets to two are dropped, those of connecting as well",
                  each_victim),
        half_open("half-open-all", "packets to all five are dropped, those of connecting as well",
                  each_server),
        unplugged("unplugged", "the cable of two is pulled, each in a network of its own",
                  each_victim),
        unplugged("unplugged-all", "the cables of all five are pulled", each_server),
    };
}

}  // namespace quorumlock::testing::faults
