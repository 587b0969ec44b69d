// Signals as something to poll for, and a way to be woken by another thread.
#pragma once

#include <csignal>
#include <initializer_list>
#include <optional>

namespace quorumlock::cli {

/// A file descriptor that closes itself.
class Descriptor {
  public:
    explicit Descriptor(int fd = -1) noexcept : fd_(fd) {}
    Descriptor(Descriptor&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
    Descriptor& operator=(Descriptor&& other) noexcept;
    ~Descriptor() { reset(); }
    int get() const noexcept { return fd_; }
    void reset() noexcept;

  private:
    int fd_;
};

/// Blocks signals for this thread and all it starts from now on, and hands them out one by one.
/// Signals that are being ignored stay ignored. Made before the service is opened, so that no
/// thread of the service takes them. The previous mask comes back with the destructor.
class SignalSource {
  public:
    explicit SignalSource(std::initializer_list<int> signals);
    SignalSource(const SignalSource&) = delete;
    SignalSource& operator=(const SignalSource&) = delete;
    ~SignalSource();

    /// Readable while a signal waits.
    int fd() const noexcept { return fd_.get(); }
    /// The next signal; nullopt when none waits.
    std::optional<int> take() noexcept;
    /// The mask from before: a child's, before it becomes another program.
    const sigset_t& previous_mask() const noexcept { return previous_; }

  private:
    sigset_t previous_{};
    Descriptor fd_;
};

/// Stops this process, and with `whole_group` its whole process group, as Ctrl-Z does; SIGTSTP must
/// be blocked and is again afterwards. Returns when somebody has sent SIGCONT, which is left for
/// the SignalSource; false when there was no stop, because no shell could ever wake us.
bool stop_self(bool whole_group) noexcept;

/// Sends SIGINT to this process's whole group, as Ctrl-C does, and lets it end this process too: a
/// shell script stops at Ctrl-C only when its command has died of it.
void interrupt_job() noexcept;

/// What a signal means to a program that only waits: true when it asks to end. SIGTSTP is obeyed
/// here, with stop_self().
bool asks_to_end(int signal) noexcept;

/// Set by any thread, also inside a callback of the service; polled for by the main thread.
class Wake {
  public:
    Wake();
    int fd() const noexcept { return fd_.get(); }
    void set() const noexcept;
    void clear() const noexcept;

  private:
    Descriptor fd_;
};

}  // namespace quorumlock::cli
