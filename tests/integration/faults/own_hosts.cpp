#include "tests/integration/faults/own_hosts.h"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "tests/integration/faults/world.h"

namespace quorumlock::testing::faults {

namespace {

void must_be_allowed(int result, const char* what) {
    if (result == 0) return;
    throw Skip(std::string("no mount namespace is allowed here (") + what + ": " +
               std::strerror(errno) + ")");
}

}  // namespace

void look_names_up_in(const std::string& hosts) {
    must_be_allowed(::unshare(CLONE_NEWNS), "unshare");
    must_be_allowed(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "private");
    must_be_allowed(::mount(hosts.c_str(), "/etc/hosts", nullptr, MS_BIND, nullptr), "bind");
    // No question leaves the machine.
    const std::string names = hosts + ".nsswitch";
    std::ofstream(names) << "passwd: files\nhosts: files\n";
    must_be_allowed(::mount(names.c_str(), "/etc/nsswitch.conf", nullptr, MS_BIND, nullptr),
                    "nsswitch.conf");
}

}  // namespace quorumlock::testing::faults
