#include "tests/integration/faults/far_network.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <future>

#include "tests/integration/faults/world.h"
#include "tests/support/process.h"

namespace quorumlock::testing::faults {

namespace {

/// Empty: done; otherwise what was wrong. In the network of the calling thread.
std::string ip(std::vector<std::string> words) {
    words.insert(words.begin(), "ip");
    Process ran(words);
    const auto end = ran.wait();
    if (end && end->code == 127) return "no ip (iproute2)";
    return end && end->code == 0 ? "" : words[1] + " " + words[2] + ": " + ran.err();
}

void ip_or_skip(const std::vector<std::string>& words) {
    const std::string wrong = ip(words);
    if (!wrong.empty()) throw Skip("no network with a link is allowed here: " + wrong);
}

/// 198.18.0.0/15 is set aside for trials like this one: networks of four addresses, one a number.
std::string address(unsigned number, unsigned host) {
    const in_addr at{htonl(0xC6120000U + number % 0x8000 * 4 + host)};
    return ::inet_ntoa(at);
}

/// Of this process; other processes of the same test run count elsewhere.
unsigned next_number() {
    static std::atomic<unsigned> next{static_cast<unsigned>(::getpid()) * 16};
    return next.fetch_add(1);
}

void run_on_thread(const std::function<void()>& f) { std::async(std::launch::async, f).get(); }

}  // namespace

FarNetwork::FarNetwork(unsigned number)
    : near_link_("qln" + std::to_string(number % 100'000'000)),
      far_link_("qlf" + std::to_string(number % 100'000'000)),
      near_address_(address(number, 1)),
      far_address_(address(number, 2)) {}

// What the other one has made is destroyed when this one throws.
FarNetwork::FarNetwork() : FarNetwork(next_number()) {
    run_on_thread([this] {
        if (::unshare(CLONE_NEWNET) != 0) {
            throw Skip(std::string("no network of its own is allowed here: ") +
                       std::strerror(errno));
        }
        namespace_ = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        World::must(namespace_ >= 0, "its namespace cannot be opened");
        // Of the process: the main thread's network, which is ours.
        ip_or_skip({"link", "add", far_link_, "type", "veth", "peer", "name", near_link_, "netns",
                    std::to_string(::getpid())});
        ip_or_skip({"addr", "add", far_address_ + "/30", "dev", far_link_});
        ip_or_skip({"link", "set", far_link_, "up"});
    });
    ip_or_skip({"addr", "add", near_address_ + "/30", "dev", near_link_});
    ip_or_skip({"link", "set", near_link_, "up"});
}

FarNetwork::~FarNetwork() {
    // The kernel's rest of connections that never ended well would keep both for minutes.
    (void)ip({"link", "del", near_link_});
    if (namespace_ >= 0) ::close(namespace_);
}

void FarNetwork::inside(const std::function<void()>& f) const {
    run_on_thread([this, &f] {
        World::must(::setns(namespace_, CLONE_NEWNET) == 0, "setns");
        f();
    });
}

FaultProxy::Listener FarNetwork::listen() const {
    int fd = -1;
    inside([&] {
        fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        World::must(fd >= 0 && ::listen(fd, 64) == 0, "listen");
    });
    return {fd, far_address_};
}

void FarNetwork::set_link(const char* state) const {
    inside([&] {
        const std::string wrong = ip({"link", "set", far_link_, state});
        World::must(wrong.empty(), wrong);
    });
}

}  // namespace quorumlock::testing::faults
