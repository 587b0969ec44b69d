#include "tests/sim/redis_key_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace quorumlock::sim {
namespace {

std::vector<std::string> names(const KeyTable& table) {
    std::vector<std::string> all;
    table.for_each([&](const Key& key) { all.push_back(key.name); });
    return all;
}

TEST(SimKeyTable, agrees_with_a_map_through_many_changes) {
    KeyTable table;
    std::map<std::string, std::string> model;
    std::uint64_t state = 1;
    for (int i = 0; i < 200'000; ++i) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        const std::string name = "key" + std::to_string((state >> 33) % 500);
        Key* const found = table.find(name);
        const auto known = model.find(name);
        ASSERT_EQ(found != nullptr, known != model.end());
        if (found == nullptr) {
            table.insert(name).value = std::to_string(i);
            model[name] = std::to_string(i);
        } else {
            ASSERT_EQ(found->value, known->second);
            table.erase(*found);
            model.erase(known);
        }
        ASSERT_EQ(table.size(), model.size());
    }
    std::size_t visited = 0;
    table.for_each([&](const Key& key) {
        ++visited;
        EXPECT_EQ(model.at(key.name), key.value);
    });
    EXPECT_EQ(visited, model.size());
}

TEST(SimKeyTable, keys_stand_in_the_order_in_which_they_came) {
    KeyTable table;
    for (const char* name : {"zebra", "ant", "mouse"}) table.insert(name);
    EXPECT_THAT(names(table), ::testing::ElementsAre("zebra", "ant", "mouse"));
    table.erase(*table.find("ant"));
    table.insert("bee");
    EXPECT_THAT(names(table), ::testing::ElementsAre("zebra", "bee", "mouse"));
}

TEST(SimKeyTable, a_visitor_may_take_out_what_it_is_shown) {
    KeyTable table;
    for (int i = 0; i < 100; ++i) table.insert(std::to_string(i));
    table.for_each([&](Key& key) { table.erase(key); });
    EXPECT_EQ(table.size(), 0U);
    EXPECT_EQ(table.find("50"), nullptr);
}

}  // namespace
}  // namespace quorumlock::sim
