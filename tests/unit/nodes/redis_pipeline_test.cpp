#include "lib/nodes/redis_pipeline.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace quorumlock::nodes {
namespace {

TEST(RedisPipeline, keeps_the_order_of_the_commands_while_it_grows_and_turns) {
    RedisPipeline pipeline;
    std::uint32_t pushed = 0, popped = 0;
    for (const int round : {50, 100, 7, 300, 1000}) {
        for (int i = 0; i < round; ++i) {
            Outstanding& entry = pipeline.push(Command::acquire);
            entry.tag = pushed++;
            entry.resource.assign(std::string(entry.tag % 90, 'x'));
        }
        for (int i = 0; i < round - 3; ++i) {
            ASSERT_EQ(pipeline.front().tag, popped);
            ASSERT_EQ(pipeline.front().resource.view().size(), popped % 90);
            pipeline.pop();
            ++popped;
        }
    }
    EXPECT_EQ(pipeline.size(), 15u);
}

TEST(RedisPipeline, finds_each_command_by_its_ticket_until_it_is_answered) {
    RedisPipeline pipeline;
    std::vector<Ticket> tickets;
    for (std::uint32_t tag = 0; tag < 200; ++tag) {
        Outstanding& entry = pipeline.push(Command::acquire);
        entry.tag = tag;
        tickets.push_back(entry.ticket);
        EXPECT_NE(entry.ticket, 0u);
        EXPECT_EQ(entry.ticket & 1, 0u) << "odd ones are the node's";
    }
    for (int i = 0; i < 70; ++i) pipeline.pop();
    for (std::uint32_t tag = 0; tag < 200; ++tag) {
        Outstanding* const found = pipeline.find(tickets[tag]);
        ASSERT_EQ(found != nullptr, tag >= 70) << tag;
        if (found != nullptr) {
            EXPECT_EQ(found->tag, tag);
        }
    }
    EXPECT_EQ(pipeline.find(0), nullptr);
    EXPECT_EQ(pipeline.find(tickets.back() + 2), nullptr);
}

TEST(RedisPipeline, a_repeated_command_is_found_by_its_first_ticket) {
    RedisPipeline pipeline;
    pipeline.push(Command::extend).tag = 5;
    const Outstanding earlier = pipeline.front();
    pipeline.push(Command::acquire);
    pipeline.pop();
    pipeline.push_again(earlier);
    Outstanding* const found = pipeline.find(earlier.ticket);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->tag, 5u);
    pipeline.pop();
    pipeline.pop();
    EXPECT_EQ(pipeline.find(earlier.ticket), nullptr);
    EXPECT_TRUE(pipeline.empty());
}

TEST(RedisPipeline, counts_releases_and_undos_as_duties) {
    RedisPipeline pipeline;
    for (const auto command : {Command::acquire, Command::undo, Command::ping, Command::release,
                               Command::extend, Command::inspect}) {
        pipeline.push(command);
    }
    EXPECT_EQ(pipeline.duties(), 2u);
    const std::size_t after[] = {2, 1, 1, 0, 0, 0};
    for (const std::size_t expected : after) {
        pipeline.pop();
        EXPECT_EQ(pipeline.duties(), expected);
    }
}

TEST(RedisPipeline, a_reused_place_remembers_nothing) {
    RedisPipeline pipeline;
    Outstanding& first = pipeline.push(Command::undo);
    first.two_replies = first.first_is_in = true;
    first.plan.unsure = true;
    pipeline.pop();
    for (int i = 0; i < 64; ++i) {
        const Outstanding& entry = pipeline.push(Command::acquire);
        EXPECT_FALSE(entry.two_replies || entry.first_is_in || entry.moved);
        EXPECT_EQ(entry.to, nullptr);
        pipeline.pop();
    }
    for (int i = 0; i < 64; ++i) {
        EXPECT_FALSE(pipeline.push(Command::undo).plan.unsure);
        pipeline.pop();
    }
}

}  // namespace
}  // namespace quorumlock::nodes
