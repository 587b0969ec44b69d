#include "lib/env/socket.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include "tests/unit/env/loopback.h"

namespace quorumlock::env {
namespace {

TEST(NumericAddress, understands_addresses_and_nothing_else) {
    for (const char* text : {"127.0.0.1", "10.0.0.255", "::1", "fe80::1", "2001:db8::42"}) {
        const SocketAddress address = numeric_address(text, 6379);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(numeric_text(reinterpret_cast<const sockaddr&>(address.storage)), text);
    }
    for (const char* text : {"", "localhost", "127.0.0.1.1", "127.0.0.256", "[::1]", "::1 "}) {
        EXPECT_FALSE(numeric_address(text, 6379)) << text;
    }
    EXPECT_FALSE(numeric_address(std::string("127.0.0.1\0.evil", 15), 6379));
}

TEST(NumericAddress, keeps_the_scope_of_a_link_local_address) {
    const SocketAddress address = numeric_address("fe80::1%lo", 6379);
    ASSERT_TRUE(address);
    EXPECT_EQ(numeric_text(reinterpret_cast<const sockaddr&>(address.storage)), "fe80::1%lo");
}

TEST(StartConnect, sets_the_options_of_every_tcp_socket) {
    Listener listener;
    const Connecting connecting = start_connect(listener.endpoint());
    ASSERT_GE(connecting.fd, 0);
    Descriptor fd(connecting.fd);
    auto option = [&](int level, int name) {
        int value = 0;
        socklen_t size = sizeof value;
        EXPECT_EQ(getsockopt(fd.get(), level, name, &value, &size), 0);
        return value;
    };
    EXPECT_EQ(option(IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(IPPROTO_TCP, TCP_USER_TIMEOUT), 30'000);
}

TEST(StartConnect, names_what_is_no_address_and_what_is_too_long_a_path) {
    EXPECT_EQ(start_connect({.address = "localhost", .port = 1, .path = ""}).why,
              "not a numeric address: localhost");
    const Connecting connecting =
        start_connect({.address = "", .port = 0, .path = std::string(108, 'x')});
    EXPECT_EQ(connecting.fd, -1);
    EXPECT_EQ(connecting.why, "a unix socket's path is up to 107 bytes, this one has 108");
}

TEST(ConnectedToItself, a_socket_that_met_itself_is_recognised) {
    Descriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(bind(fd.get(), any, size), 0);
    ASSERT_EQ(getsockname(fd.get(), any, &size), 0);
    EXPECT_FALSE(connected_to_itself(fd.get()));
    ASSERT_EQ(connect(fd.get(), any, size), 0);
    EXPECT_TRUE(connected_to_itself(fd.get()));
}

TEST(ConnectedToItself, two_different_sockets_are_not_taken_for_one) {
    Listener listener;
    Descriptor fd(start_connect(listener.endpoint()).fd);
    Descriptor other = listener.accept();
    EXPECT_FALSE(connected_to_itself(fd.get()));
    EXPECT_FALSE(connected_to_itself(other.get()));
}

TEST(ErrorWords, are_plain) {
    EXPECT_EQ(error_words(ECONNREFUSED), "connection refused");
    EXPECT_EQ(error_words(ECONNRESET), "connection reset");
    EXPECT_EQ(error_words(EPIPE), "connection reset");
    EXPECT_EQ(error_words(EHOSTUNREACH), "no route to host");
    EXPECT_EQ(error_words(ENETUNREACH), "no route to host");
    EXPECT_EQ(error_words(ETIMEDOUT), "timed out");
    EXPECT_EQ(error_words(EMFILE), "too many open files");
}

}  // namespace
}  // namespace quorumlock::env
