// The virtual Env with a world outside of it: names, sockets, HTTP and files are in the test's
// hands too. Nothing happens unless the test calls run() or advance(), or acts on a server's side.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/testing/virtual_env.h"

namespace quorumlock::testing {

class FakeHttpCall;
class FakeStream;
class FakeLookup;

/// The server's side of one HTTP request. Outlives the client's HttpCall.
struct FakeHttp {
    env::HttpRequest::Method method = env::HttpRequest::Method::get;
    std::string address, socket_path, host, target, body;
    std::uint16_t port = 0;
    std::vector<std::string> headers;
    Nanos time_limit{0};
    Nanos retry_after{0};  ///< What answer() says in a Retry-After header.

    /// Nothing happens once the client has its answer or has given up.
    void answer(int status, std::string_view said, std::string_view type = "application/json");
    void answer_cut(int status, std::string_view said);
    void fail(std::string_view why, bool may_be_sent);
    /// The client still waits for the answer.
    bool open() const noexcept { return call != nullptr; }

    FakeHttpCall* call = nullptr;
    bool given_up = false;  ///< By its client, not by the time limit.

  private:
    void deliver(const env::HttpAnswer& answer);
};

/// The server's side of one connection attempt. Outlives the client's Stream.
class FakeConnection {
  public:
    static constexpr std::uint64_t kNoLimit = UINT64_MAX;

    FakeConnection(env::Endpoint endpoint, FakeStream* stream)
        : to(std::move(endpoint)), stream_(stream) {}

    const env::Endpoint to;

    /// Accepts: the client hears on_open().
    void open();
    /// The client hears on_closed(why), before or after open(). Bytes not sent are lost.
    void close(std::string_view why = "closed by the server");
    /// The client receives these bytes, in one piece.
    void feed(std::string_view bytes);
    /// What has left the client since the last call.
    std::string take();
    /// All that has left the client.
    const std::string& received() const noexcept { return received_; }
    /// From now on only the first `bytes` bytes of the connection leave for the kernel.
    void limit_sends_to(std::uint64_t bytes);
    /// No byte more leaves than has left by now; undone by let_all_leave().
    void hold_sends() { limit_sends_to(received_.size()); }
    void let_all_leave() { limit_sends_to(kNoLimit); }
    bool opened() const noexcept { return opened_; }
    /// The client still has its Stream, and it was not closed from here.
    bool alive() const noexcept { return stream_ != nullptr; }
    /// The client has let go of its Stream while it was up.
    bool dropped_by_client() const noexcept { return dropped_; }

  private:
    friend class FakeStream;
    friend class FakeEnv;
    bool flush();

    FakeStream* stream_;
    std::string received_;
    std::size_t taken_ = 0;
    std::uint64_t limit_ = kNoLimit;
    bool opened_ = false;
    bool dropped_ = false;
};

/// run() also answers look-ups, tells on_connect and flushes streams.
class FakeEnv final : public VirtualEnv {
  public:
    using VirtualEnv::VirtualEnv;
    ~FakeEnv() override;

    std::unique_ptr<env::Lookup> look_up(const std::string& host,
                                         env::LookupEvents& events) override;
    std::unique_ptr<env::Stream> connect(const env::Endpoint& to,
                                         env::StreamEvents& events) override;
    std::unique_ptr<env::HttpCall> request(const env::HttpRequest& request,
                                           env::HttpEvents& events) override;
    env::FileContent variable(const std::string& name) override;
    env::FileContent file(const std::string& path) override;

    /// Every connection attempt, oldest first.
    std::vector<std::shared_ptr<FakeConnection>> connections;
    /// The newest; there must be one.
    FakeConnection& last() const;
    /// Called by run() once for every new attempt; empty: attempts stay pending.
    std::function<void(FakeConnection&)> on_connect;
    /// Called by run() after bytes have left on a connection: the place of a scripted server.
    std::function<void(FakeConnection&)> on_sent;
    /// Every HTTP request, oldest first.
    std::vector<std::shared_ptr<FakeHttp>> requests;
    /// Called by run() once for every new request: the place of a scripted server. Empty: they
    /// stay open until a test answers them or their time limit passes.
    std::function<void(FakeHttp&)> on_request;
    /// What look-ups answer. A host that is in neither is its own address.
    std::map<std::string, std::vector<std::string>> names;
    std::map<std::string, std::string> name_errors;
    std::vector<std::string> looked_up;  ///< Every look-up, in order.
    bool hold_lookups = false;           ///< True: look-ups stay unanswered.
    std::map<std::string, std::string> variables, files;

  private:
    friend class FakeLookup;
    bool work() override;
    bool answer_lookups();
    bool tell_connects();
    bool tell_requests();
    bool flush();

    std::vector<FakeLookup*> lookups_;
    std::size_t told_ = 0;
    std::size_t told_requests_ = 0;
};

}  // namespace quorumlock::testing
