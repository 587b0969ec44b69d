// Half-open connections: the kernel throws away what arrives at a server's sockets, and tells
// nobody.
#pragma once

#include <sys/types.h>

#include <vector>

namespace quorumlock::testing::faults {

/// While it lives the packets to all sockets that the process has now, listening ones included, are
/// dropped, SYN and ACK as well. Needs the right to trace the process; throws Skip without it.
class DroppedPackets {
  public:
    explicit DroppedPackets(pid_t pid);
    ~DroppedPackets();
    DroppedPackets(const DroppedPackets&) = delete;
    DroppedPackets& operator=(const DroppedPackets&) = delete;

  private:
    std::vector<int> sockets_;
};

}  // namespace quorumlock::testing::faults
