// What replies cost in allocations. hiredis calls malloc, so malloc itself is counted, for this
// thread only; a sanitizer has a malloc of its own, and the tests are skipped there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "lib/resp/reader.h"

#if defined(__has_feature)
#define QL_HAS_FEATURE(x) __has_feature(x)
#else
#define QL_HAS_FEATURE(x) 0
#endif
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !QL_HAS_FEATURE(address_sanitizer) && !QL_HAS_FEATURE(thread_sanitizer)
#define QL_COUNTS_MALLOC 1
#else
#define QL_COUNTS_MALLOC 0
#endif

namespace {
thread_local std::size_t allocations = 0;
thread_local std::size_t allocated_bytes = 0;

[[maybe_unused]] void count(std::size_t size) {
    ++allocations;
    allocated_bytes += size;
}
}  // namespace

#if QL_COUNTS_MALLOC
#include <malloc.h>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* place, std::size_t size);

void* malloc(std::size_t size) noexcept {
    count(size);
    return __libc_malloc(size);
}
void* calloc(std::size_t number, std::size_t size) noexcept {
    count(number * size);
    return __libc_calloc(number, size);
}
void* realloc(void* place, std::size_t size) noexcept {
    count(size);
    return __libc_realloc(place, size);
}
}
#endif

namespace quorumlock::resp {
namespace {

class ReaderAllocation : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!QL_COUNTS_MALLOC) GTEST_SKIP() << "malloc is the sanitizer's here";
    }

    /// Feeds and reads all; answers how many whole replies there were.
    int read_all(std::string_view bytes) {
        reader_.feed(bytes.data(), bytes.size());
        int replies = 0;
        while (reader_.next() == Reader::Next::value) ++replies;
        return replies;
    }

    std::size_t allocations_of(std::string_view bytes, int rounds) {
        // Warm: hiredis' buffer grows until the first KiB has gone through.
        for (std::size_t fed = 0; fed < 4096; fed += bytes.size()) read_all(bytes);
        const auto before = allocations;
        for (int i = 0; i < rounds; ++i) read_all(bytes);
        return allocations - before;
    }

    static std::size_t bytes_in_use() {
#if QL_COUNTS_MALLOC
        const auto info = mallinfo2();
        return info.uordblks + info.hblkhd;
#else
        return 0;
#endif
    }

    Reader reader_;
};

TEST_F(ReaderAllocation, the_counter_counts) {
    const auto before = allocations;
    Reader other;
    EXPECT_GT(allocations, before);
}

TEST_F(ReaderAllocation, none_for_a_status_an_integer_or_nil_once_warm) {
    EXPECT_EQ(allocations_of("+OK\r\n", 10'000), 0U);
    EXPECT_EQ(allocations_of(":1\r\n", 10'000), 0U);
    EXPECT_EQ(allocations_of("$-1\r\n", 10'000), 0U);
}

TEST_F(ReaderAllocation, none_for_short_strings_errors_and_arrays_once_warm) {
    EXPECT_EQ(allocations_of("$32\r\n0123456789abcdef0123456789abcdef\r\n", 1'000), 0U);
    EXPECT_EQ(allocations_of("-NOSCRIPT No matching script. Please use EVAL.\r\n", 1'000), 0U);
    EXPECT_EQ(allocations_of("*2\r\n:1\r\n*2\r\n+a\r\n$-1\r\n", 1'000), 0U);
}

TEST_F(ReaderAllocation, none_for_bursts_that_end_anywhere) {
    std::string burst;
    while (burst.size() < 60'000) burst += "+OK\r\n:1\r\n$-1\r\n";
    const std::string_view all = burst;
    std::size_t at = 0;
    const auto read_in_pieces = [&] {
        for (int i = 0; i < 300; ++i) {
            const auto most = all.size() - at;
            const auto size = std::min<std::size_t>(201 + static_cast<std::size_t>(i), most);
            read_all(all.substr(at, size));
            at = size == most ? 0 : at + size;
        }
    };
    read_in_pieces();  // what is left of a piece and its neighbour's front go through a buffer
    const auto before = allocations;
    read_in_pieces();
    EXPECT_EQ(allocations - before, 0U);
}

TEST_F(ReaderAllocation, an_announced_size_costs_nothing_before_its_bytes_come) {
    for (const std::string_view header :
         {"$1048576\r\n", "*349525\r\n", "*349525\r\n*349525\r\n"}) {
        Reader fresh;
        const auto before = allocated_bytes;
        fresh.feed(header.data(), header.size());
        EXPECT_EQ(fresh.next(), Reader::Next::need_more);
        EXPECT_LT(allocated_bytes - before, 4096U) << header;
    }
}

TEST_F(ReaderAllocation, a_large_reply_is_not_kept_for_ever) {
    const auto before = bytes_in_use();
    {
        const std::string large = "$1000000\r\n" + std::string(1'000'000, 'x') + "\r\n";
        EXPECT_EQ(read_all(large), 1);
    }
    EXPECT_EQ(read_all("+OK\r\n"), 1);
    EXPECT_EQ(read_all("+OK\r\n"), 1);
    EXPECT_LT(bytes_in_use(), before + 700'000);
}

TEST_F(ReaderAllocation, an_array_of_many_elements_is_not_kept_for_ever) {
    const auto before = bytes_in_use();
    {
        std::string many = "*200000\r\n";
        for (int i = 0; i < 200'000; ++i) many += ":1\r\n";
        EXPECT_EQ(read_all(many), 1);
    }
    EXPECT_EQ(read_all("+OK\r\n"), 1);
    EXPECT_EQ(read_all("+OK\r\n"), 1);
    EXPECT_LT(bytes_in_use(), before + 700'000);
}

}  // namespace
}  // namespace quorumlock::resp
