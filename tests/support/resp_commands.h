// Where commands end in what a client has sent: for servers of tests that answer one at a time.
#pragma once

#include <cstddef>
#include <string_view>

namespace quorumlock::testing {

/// The size of the first whole command ("*2\r\n$3\r\nGET\r\n..."); 0 while it is not all there.
/// What is no command at all ends the program: our own client sent it.
std::size_t command_size(std::string_view bytes);

}  // namespace quorumlock::testing
