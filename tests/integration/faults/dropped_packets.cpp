#include "tests/integration/faults/dropped_packets.h"

#include <linux/filter.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>

#include "tests/integration/faults/world.h"

namespace quorumlock::testing::faults {

namespace {

/// A descriptor of our own for that of another process; glibc has no names for these calls yet.
int borrowed(int process, int descriptor) {
    return static_cast<int>(::syscall(SYS_pidfd_getfd, process, descriptor, 0));
}

void drop_what_arrives(int socket) {
    sock_filter nothing{BPF_RET | BPF_K, 0, 0, 0};
    const sock_fprog program{1, &nothing};
    ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

}  // namespace

DroppedPackets::DroppedPackets(pid_t pid) {
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator(folder, gone)) {
        const auto target = std::filesystem::read_symlink(entry.path(), gone).string();
        if (!target.starts_with("socket:")) continue;
        const int socket = borrowed(process, std::stoi(entry.path().filename().string()));
        if (socket < 0) continue;
        drop_what_arrives(socket);
        sockets_.push_back(socket);
    }
    const std::string why = std::strerror(errno);
    if (process >= 0) ::close(process);
    if (sockets_.empty()) throw Skip("the kernel does not lend us the server's sockets: " + why);
}

DroppedPackets::~DroppedPackets() {
    for (const int socket : sockets_) {
        const int unused = 0;
        ::setsockopt(socket, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused);
        ::close(socket);
    }
}

}  // namespace quorumlock::testing::faults
