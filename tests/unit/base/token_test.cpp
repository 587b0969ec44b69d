#include <quorumlock/token.h>

#include <gtest/gtest.h>

#include <string>

namespace quorumlock {
namespace {

constexpr std::array<std::uint8_t, 16> kRandom = {0x00, 0x01, 0x0f, 0x10, 0x7f, 0x80, 0x9a, 0xa9,
                                                  0xab, 0xcd, 0xef, 0xf0, 0xfe, 0xff, 0x55, 0xaa};
constexpr std::string_view kText = "00010f107f809aa9abcdeff0feff55aa";

TEST(Token, writes_128_random_bits_as_32_lower_case_hex_digits) {
    const Token token = Token::from_random(kRandom);
    EXPECT_EQ(token.view(), kText);
    EXPECT_EQ(token.view().size(), Token::kLength);
}

TEST(Token, every_random_bit_counts) {
    const Token token = Token::from_random(kRandom);
    for (std::size_t bit = 0; bit < 128; ++bit) {
        auto flipped = kRandom;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << bit % 8));
        EXPECT_FALSE(Token::from_random(flipped) == token) << bit;
    }
    EXPECT_TRUE(Token::from_random(kRandom) == token);
}

TEST(Token, parses_what_it_wrote) {
    const auto token = Token::parse(kText);
    ASSERT_TRUE(token.has_value());
    EXPECT_TRUE(*token == Token::from_random(kRandom));
    EXPECT_EQ(token->view(), kText);
}

TEST(Token, parses_no_other_length) {
    EXPECT_FALSE(Token::parse("").has_value());
    EXPECT_FALSE(Token::parse(kText.substr(1)).has_value());
    EXPECT_FALSE(Token::parse(std::string(kText) + "0").has_value());
}

TEST(Token, parses_no_other_character_at_any_place) {
    const std::string_view wrong("AFGg/:`@ -\0\n\xff", 13);
    for (std::size_t place = 0; place < Token::kLength; ++place) {
        for (char c : wrong) {
            std::string text(kText);
            text[place] = c;
            EXPECT_FALSE(Token::parse(text).has_value()) << place << " " << int{c};
        }
    }
}

}  // namespace
}  // namespace quorumlock
