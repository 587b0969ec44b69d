// The one door to the outside. Everything above lib/env reaches time, timers, random bytes, names
// and sockets through this interface alone, so the same code runs in a simulated world.
//
// All calls but now() and wall_now() belong to the loop: whoever leads it (see runner.h) makes
// them. Nothing here blocks, allocates per event in steady state, or throws.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <quorumlock/time.h>

#include "lib/env/http.h"

namespace quorumlock::env {

class TlsServer;  // tls.h

/// Something to be done at an instant. Intrusive: embed it, arm it, destroy it (which disarms).
class Timer {
  public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer();
    /// Called once, at or after the instant, on the loop. May arm itself again or be destroyed.
    virtual void fire() = 0;
    bool armed() const noexcept { return owner_ != nullptr; }
    Instant when() const noexcept { return when_; }

  private:
    friend class TimerQueue;
    class TimerQueue* owner_ = nullptr;
    std::size_t slot_ = 0;
    std::uint64_t order_ = 0;
    Instant when_{};
};

/// Something to be done soon on the loop, after the current event. Intrusive; posting it again
/// before it ran has no effect. Destroying a posted task is a bug (checked).
class Task {
  public:
    Task() = default;
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;
    virtual ~Task();
    virtual void run() = 0;

    Task* next = nullptr;  ///< For the queue that holds it.
    bool queued = false;   ///< Likewise.
};

/// Where a stream goes. Exactly one of address or path is set.
struct Endpoint {
    std::string address;  ///< A numeric IPv4 or IPv6 address, as a look-up gave it.
    std::uint16_t port = 0;
    std::string path;  ///< A unix socket's path.
    /// Set: the stream speaks TLS on the wire and plain bytes to its user, and is open when the
    /// handshake is done.
    std::shared_ptr<TlsServer> tls{};
};

/// What a stream tells its user. Every call may destroy the stream.
class StreamEvents {
  public:
    virtual void on_open() = 0;
    virtual void on_data(const char* bytes, std::size_t size) = 0;
    /// The connection is gone or never came; nothing follows. `why` is one line, e.g.
    /// "connection refused", "closed by the server".
    virtual void on_closed(std::string_view why) = 0;
    /// As on_closed, and it will not pass by itself: somebody has to change the set-up. TLS only.
    virtual void on_rejected(std::string_view why) { on_closed(why); }

  protected:
    ~StreamEvents() = default;
};

/// A full-duplex byte stream (TCP with TCP_NODELAY, TCP_USER_TIMEOUT and keep-alive, or a unix
/// socket; CLOEXEC; never raises SIGPIPE). Destroying it closes at once and silences it.
class Stream {
  public:
    virtual ~Stream() = default;
    /// Appends to the stream's buffer, which leaves in one write per loop turn. Allowed only
    /// after on_open(). Never calls back.
    virtual void write(std::string_view bytes) = 0;
    /// Bytes handed to write() so far.
    virtual std::uint64_t accepted() const noexcept = 0;
    /// Of these, how many have left for the kernel: a command that ends beyond this point when
    /// the stream closes was certainly never executed.
    virtual std::uint64_t sent() const noexcept = 0;
};

/// What a name look-up answers: numeric addresses in the resolver's order, or why there are none.
class LookupEvents {
  public:
    virtual void on_addresses(std::span<const std::string> addresses, std::string_view why) = 0;

  protected:
    ~LookupEvents() = default;
};

/// A look-up under way; destroying it silences it.
class Lookup {
  public:
    virtual ~Lookup() = default;
};

/// Why a file could not be read, or its content: for password files. Small files only.
struct FileContent {
    bool ok = false;
    std::string bytes;
    std::string why;
};

class Env {
  public:
    virtual ~Env() = default;

    /// Nanoseconds on CLOCK_BOOTTIME: counts on in suspend, never goes back. Any thread.
    virtual Instant now() const noexcept = 0;
    /// The instant of the event that the loop is handling: read once an event, never later than
    /// now(). What has arrived by then has arrived in time; what is sent is sent after it. On the
    /// loop only.
    virtual Instant event_now() noexcept { return now(); }
    /// Nanoseconds since 1970, for people's eyes only; no rule may depend on it. Any thread.
    virtual Nanos wall_now() const noexcept = 0;

    /// Arms the timer, or moves it. Fires on BOOTTIME, so right after a suspend too.
    virtual void arm(Timer& timer, Instant when) = 0;
    virtual void disarm(Timer& timer) noexcept = 0;
    /// Runs the task on the loop before it next waits for events.
    virtual void post(Task& task) = 0;

    /// Fills from a cryptographic generator. False when it failed: no token may then be made.
    virtual bool random_bytes(std::span<std::uint8_t> out) noexcept = 0;
    /// Random numbers that need no secrecy (jitter); uniform over 64 bits.
    virtual std::uint64_t random_u64() noexcept = 0;

    /// Looks a name up off the loop; answers later, exactly once, never from within this call.
    virtual std::unique_ptr<Lookup> look_up(const std::string& host, LookupEvents& events) = 0;
    /// Starts connecting; answers later by on_open or on_closed, never from within this call.
    virtual std::unique_ptr<Stream> connect(const Endpoint& to, StreamEvents& events) = 0;

    /// Asks once, over a kept connection where there is one, and never repeats what may have been
    /// sent; follows no redirect and uses no proxy. Answers later, never from within this call.
    virtual std::unique_ptr<HttpCall> request(const HttpRequest& request, HttpEvents& events) = 0;

    /// An environment variable or small file, for passwords; called at each (re)connect.
    virtual FileContent variable(const std::string& name) = 0;
    virtual FileContent file(const std::string& path) = 0;
};

}  // namespace quorumlock::env
