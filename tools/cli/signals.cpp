#include "tools/cli/signals.h"

#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>

#include "lib/base/check.h"

namespace quorumlock::cli {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = other.fd_;
        other.fd_ = -1;
    }
    return *this;
}

void Descriptor::reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

SignalSource::SignalSource(std::initializer_list<int> signals) {
    sigset_t wanted;
    sigemptyset(&wanted);
    for (const int signal : signals) {
        struct sigaction now {};
        const bool ignored =
            ::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;  // nohup
        if (!ignored) sigaddset(&wanted, signal);
    }
    QL_CHECK(::pthread_sigmask(SIG_BLOCK, &wanted, &previous_) == 0);
    fd_ = Descriptor(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    QL_CHECK(fd_.get() >= 0);
}

SignalSource::~SignalSource() { (void)::pthread_sigmask(SIG_SETMASK, &previous_, nullptr); }

std::optional<int> SignalSource::take() noexcept {
    signalfd_siginfo info{};
    if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
    return static_cast<int>(info.ssi_signo);
}

bool stop_self(bool whole_group) noexcept {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    // SIGTSTP, not SIGSTOP: the kernel ignores it in a group that no shell watches over.
    (void)::kill(whole_group ? 0 : ::getpid(), SIGTSTP);
    (void)::pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);
    (void)::pthread_sigmask(SIG_BLOCK, &stop, nullptr);
    sigset_t pending;
    return ::sigpending(&pending) == 0 && sigismember(&pending, SIGCONT) == 1;
}

void interrupt_job() noexcept {
    sigset_t interrupt;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    (void)::kill(0, SIGINT);
    (void)::pthread_sigmask(SIG_UNBLOCK, &interrupt, nullptr);
}

bool asks_to_end(int signal) noexcept {
    switch (signal) {
        case SIGTSTP:
            (void)stop_self(false);
            return false;
        case SIGCHLD:
        case SIGCONT:
        case SIGWINCH:
        case SIGTTIN:
        case SIGTTOU:
            return false;
        default:
            return true;
    }
}

Wake::Wake() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { QL_CHECK(fd_.get() >= 0); }

void Wake::set() const noexcept {
    const std::uint64_t one = 1;
    (void)!::write(fd_.get(), &one, sizeof one);
}

void Wake::clear() const noexcept {
    std::uint64_t count = 0;
    (void)!::read(fd_.get(), &count, sizeof count);
}

}  // namespace quorumlock::cli
