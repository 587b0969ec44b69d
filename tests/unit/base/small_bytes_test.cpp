#include "lib/base/small_bytes.h"

#include <gtest/gtest.h>

#include <string>

namespace quorumlock {
namespace {

/// Whether the bytes lie inside the object itself.
bool in_place(const SmallBytes& bytes) {
    const auto* object = reinterpret_cast<const char*>(&bytes);
    const char* data = bytes.view().data();
    return data >= object && data < object + SmallBytes::kInPlace + sizeof(std::size_t);
}

std::string text(std::size_t size, char c = 'x') { return std::string(size, c); }

TEST(SmallBytes, starts_empty) {
    const SmallBytes bytes{};
    EXPECT_EQ(bytes.view(), "");
    EXPECT_EQ(SmallBytes("").view(), "");
    EXPECT_EQ(SmallBytes(std::string_view()).view(), "");
}

TEST(SmallBytes, keeps_any_bytes) {
    const std::string_view binary("a\0\r\n\xff\0", 6);
    EXPECT_EQ(SmallBytes(binary).view(), binary);
    std::string all;
    for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
    EXPECT_EQ(SmallBytes(all).view(), all);
}

TEST(SmallBytes, up_to_64_bytes_stay_in_place) {
    EXPECT_TRUE(in_place(SmallBytes(text(1))));
    EXPECT_TRUE(in_place(SmallBytes(text(64))));
    EXPECT_FALSE(in_place(SmallBytes(text(65))));
    EXPECT_EQ(SmallBytes(text(64)).view(), text(64));
    EXPECT_EQ(SmallBytes(text(65)).view(), text(65));
    EXPECT_EQ(SmallBytes(text(4096)).view(), text(4096));
}

TEST(SmallBytes, assigning_replaces_what_was_there_whatever_its_length) {
    const std::size_t sizes[] = {0, 1, 63, 64, 65, 4096};
    for (std::size_t before : sizes) {
        for (std::size_t after : sizes) {
            SmallBytes bytes(text(before, 'a'));
            bytes.assign(text(after, 'b'));
            EXPECT_EQ(bytes.view(), text(after, 'b')) << before << " then " << after;
        }
    }
}

TEST(SmallBytes, long_names_reuse_the_room_of_earlier_ones) {
    SmallBytes bytes(text(4096));
    const char* room = bytes.view().data();
    bytes.assign(text(10));
    bytes.assign(text(4000, 'y'));
    EXPECT_EQ(bytes.view().data(), room);
    EXPECT_EQ(bytes.view(), text(4000, 'y'));
}

TEST(SmallBytes, a_copy_stands_on_its_own) {
    for (std::size_t size : {std::size_t{5}, std::size_t{100}}) {
        SmallBytes original(text(size, 'a'));
        const SmallBytes copy = original;
        original.assign(text(size, 'b'));
        EXPECT_EQ(copy.view(), text(size, 'a'));
        EXPECT_EQ(original.view(), text(size, 'b'));
    }
}

}  // namespace
}  // namespace quorumlock
