// Blocking set-up of the floor's sockets: connect, one command, one reply. Ends the program with
// one line on any failure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace quorumlock::benchmarks {

/// `node`: host:port, redis://host:port or unix:///path.
int connect_node(const std::string& node);
/// Sends one command and waits for its one reply, at most 4 KiB; the payload of a bulk reply.
std::string ask_blocking(int fd, std::initializer_list<std::string_view> args);
void make_non_blocking(int fd);
void append_command(std::string& out, std::initializer_list<std::string_view> args);
[[noreturn]] void fail(const std::string& why);

}  // namespace quorumlock::benchmarks
