// What is wrong with files is known without a server, and said in one line that names the option.
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <ostream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "lib/env/tls.h"
#include "tests/support/certificates.h"
#include "tests/support/process.h"
#include "tests/support/temp_dir.h"

namespace quorumlock::env {
namespace {

class TlsFilesTest : public ::testing::Test {
  protected:
    std::string checked() const { return check_tls({.ca = ca, .cert = cert, .key = key}); }

    testing::TempDir dir;
    testing::Authority authority{dir};
    testing::CertificateFiles own = authority.issue("own");
    std::string ca = authority.file();
    std::string cert, key;
};

TEST_F(TlsFilesTest, good_ones_are_no_trouble) {
    EXPECT_EQ(checked(), "");
    cert = own.cert;
    key = own.key;
    EXPECT_EQ(checked(), "");
    ca = "";
    EXPECT_EQ(checked(), "");
}

/// Days from now, for tests that begin and end within one.
std::int64_t in_days(std::chrono::seconds end) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::round<std::chrono::days>(end - now).count();
}

TEST_F(TlsFilesTest, tell_when_their_certificates_end) {
    const testing::Authority next(dir, "next", 700);
    own = authority.issue("own", {.common_name = "me", .to = 12});
    std::ifstream first(authority.file()), second(next.file());
    std::string both(std::istreambuf_iterator<char>(first), {});
    both.append(std::istreambuf_iterator<char>(second), {});
    const auto told =
        file_certificates({.ca = dir.write("both.pem", both), .cert = own.cert, .key = own.key});
    ASSERT_EQ(told.own.size(), 1U);
    EXPECT_EQ(told.own[0].subject, "/CN=me");
    EXPECT_EQ(in_days(told.own[0].end), 12);
    ASSERT_EQ(told.ca.size(), 2U);
    EXPECT_EQ(in_days(told.ca[0].end), 90);
    EXPECT_EQ(told.ca[1].subject, "/CN=next");
    EXPECT_EQ(in_days(told.ca[1].end), 700);
}

TEST_F(TlsFilesTest, tell_nothing_where_there_is_nothing_to_read) {
    EXPECT_TRUE(file_certificates({}).own.empty());
    EXPECT_TRUE(file_certificates({}).ca.empty());
    EXPECT_TRUE(file_certificates({.ca = dir.file("none")}).ca.empty());
}

TEST_F(TlsFilesTest, a_missing_or_wrong_authority_is_told) {
    ca = dir.file("none");
    EXPECT_EQ(checked(), "ca: cannot read " + ca + ": no such file or directory");
    ca = dir.write("text", "hello\n");
    EXPECT_EQ(checked(), "ca: " + ca + " has no certificate in PEM form");
    ca = own.key;
    EXPECT_EQ(checked(), "ca: " + ca + " has no certificate in PEM form");
    ca = dir.write("empty", "");
    EXPECT_EQ(checked(), "ca: " + ca + " has no certificate in PEM form");
    ca = dir.file("pipe");
    ASSERT_EQ(mkfifo(ca.c_str(), 0600), 0);
    EXPECT_EQ(checked(), "ca: cannot read " + ca + ": not a regular file");
}

TEST_F(TlsFilesTest, a_directory_needs_hashed_names) {
    const std::string path = dir.file("authorities");
    ASSERT_EQ(mkdir(path.c_str(), 0700), 0);
    std::ifstream from(authority.file());
    const std::string pem(std::istreambuf_iterator<char>(from), {});
    dir.write("authorities/mine.pem", pem);
    ca = path;
    EXPECT_EQ(checked(), "ca: the directory " + path +
                             " has no certificate under a hashed name; run: openssl rehash " +
                             path);
    testing::Process rehash({"openssl", "rehash", path});
    ASSERT_EQ(rehash.wait()->code, 0) << rehash.err();
    EXPECT_EQ(checked(), "");
}

TEST_F(TlsFilesTest, a_wrong_certificate_or_key_is_told) {
    cert = dir.file("none");
    key = own.key;
    EXPECT_EQ(checked(), "cert: cannot read " + cert + ": no such file or directory");
    cert = own.key;
    EXPECT_EQ(checked(), "cert: " + cert + " has no certificate in PEM form");
    cert = own.cert;
    key = dir.file("none");
    EXPECT_EQ(checked(), "key: cannot read " + key + ": no such file or directory");
    key = own.cert;
    EXPECT_EQ(checked(), "key: " + key + " has no private key in PEM form");
    key = authority.issue("another").key;
    EXPECT_EQ(checked(), "key: " + key + " is not the key of the certificate in " + cert);
}

TEST_F(TlsFilesTest, a_locked_key_is_told_and_nobody_is_asked) {
    cert = own.cert;
    key = dir.file("locked");
    testing::Process lock(
        {"openssl", "pkey", "-in", own.key, "-aes128", "-passout", "pass:hush", "-out", key});
    ASSERT_EQ(lock.wait()->code, 0) << lock.err();
    EXPECT_EQ(checked(), "key: " + key + " is locked by a passphrase; name a file without one");
}

}  // namespace
}  // namespace quorumlock::env
