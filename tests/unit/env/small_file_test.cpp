#include "lib/env/small_file.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temp_dir.h"

namespace quorumlock::env {
namespace {

using testing::TempDir;

TEST(SmallFile, gives_the_bytes_as_they_are) {
    TempDir dir;
    const std::string bytes("secret\0\n", 8);
    const FileContent content = read_small_file(dir.write("password", bytes));
    EXPECT_TRUE(content.ok);
    EXPECT_EQ(content.bytes, bytes);
    EXPECT_EQ(content.why, "");
}

TEST(SmallFile, the_largest_is_64_kib) {
    TempDir dir;
    const std::string largest(kSmallFileBytes, 'x');
    EXPECT_EQ(read_small_file(dir.write("fits", largest)).bytes, largest);
    const FileContent content = read_small_file(dir.write("larger", largest + "x"));
    EXPECT_FALSE(content.ok);
    EXPECT_EQ(content.bytes, "");
    EXPECT_EQ(content.why, "cannot read " + dir.file("larger") + ": larger than 65536 bytes");
}

TEST(SmallFile, a_missing_file_is_named) {
    TempDir dir;
    const FileContent content = read_small_file(dir.file("none"));
    EXPECT_FALSE(content.ok);
    EXPECT_EQ(content.why, "cannot read " + dir.file("none") + ": no such file or directory");
}

TEST(SmallFile, what_is_no_regular_file_is_refused_without_waiting_for_it) {
    TempDir dir;
    ASSERT_EQ(mkfifo(dir.file("pipe").c_str(), 0600), 0);
    EXPECT_EQ(read_small_file(dir.file("pipe")).why,
              "cannot read " + dir.file("pipe") + ": not a regular file");
    EXPECT_EQ(read_small_file(dir.path()).why,
              "cannot read " + dir.path() + ": not a regular file");
}

TEST(Variable, set_empty_and_unset_are_told_apart) {
    ASSERT_EQ(setenv("QUORUMLOCK_TEST_VARIABLE", "value", 1), 0);
    EXPECT_EQ(read_variable("QUORUMLOCK_TEST_VARIABLE").bytes, "value");
    ASSERT_EQ(setenv("QUORUMLOCK_TEST_VARIABLE", "", 1), 0);
    EXPECT_TRUE(read_variable("QUORUMLOCK_TEST_VARIABLE").ok);
    ASSERT_EQ(unsetenv("QUORUMLOCK_TEST_VARIABLE"), 0);
    const FileContent content = read_variable("QUORUMLOCK_TEST_VARIABLE");
    EXPECT_FALSE(content.ok);
    EXPECT_EQ(content.why, "environment variable QUORUMLOCK_TEST_VARIABLE is not set");
}

}  // namespace
}  // namespace quorumlock::env
