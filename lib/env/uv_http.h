// HTTP by libcurl's multi interface, driven by the loop that everything else lives on. Internal to
// lib/env.
#pragma once

#include <memory>
#include <vector>

#include <curl/curl.h>
#include <uv.h>

#include "lib/env/env.h"
#include "lib/env/uv_http_transfer.h"

namespace quorumlock::env {

class UvCore;
class UvHttpCall;

/// One per loop, made with its first request. curl keeps the connections; libuv and our timer
/// queue tell it when something is to be done.
class UvHttp {
  public:
    explicit UvHttp(UvCore& core);
    ~UvHttp();
    UvHttp(const UvHttp&) = delete;
    UvHttp& operator=(const UvHttp&) = delete;

    std::unique_ptr<HttpCall> request(const HttpRequest& request, HttpEvents& events);
    /// Every call falls silent and every connection is closed; the loop is going away.
    void shut() noexcept;

    // ---- for the calls ----
    UvCore& core() noexcept { return core_; }
    /// A transfer under way, or null: the system gave us no handle.
    std::unique_ptr<HttpTransfer> begin(const HttpRequest& request, UvHttpCall& call);
    /// Ends it, finished or not; what it has received stays readable.
    void take_out(HttpTransfer& transfer) noexcept;
    /// For the next request.
    void keep(std::unique_ptr<HttpTransfer> transfer) noexcept;
    void forget(UvHttpCall& call) noexcept;
    /// libuv lets go of it now.
    void forget_socket(curl_socket_t socket) noexcept;
    /// In place of close(), for curl: libuv lets go of a socket before its number can be another's.
    static int close_socket(void* http, curl_socket_t socket) noexcept;

  private:
    /// What libuv knows of a socket of curl's; it outlives the socket until libuv has let go.
    struct Watch {
        uv_poll_t poll{};
        UvCore* core = nullptr;
        UvHttp* http = nullptr;  ///< Null once the socket is closed, or curl has let go of it.
        curl_socket_t socket = CURL_SOCKET_BAD;
        bool gone = false;     ///< libuv has let go of it,
        bool removed = false;  ///< and so has curl.
    };
    /// curl wants to be called at an instant.
    struct Due final : Timer {
        explicit Due(UvHttp& h) : http(h) {}
        void fire() override { http.on_due(); }
        UvHttp& http;
    };
    /// curl wants to be called now, but not from within what it is doing.
    struct Kick final : Task {
        explicit Kick(UvHttp& h) : http(h) {}
        void run() override { http.on_due(); }
        UvHttp& http;
    };

    static int on_socket(CURL*, curl_socket_t socket, int what, void* user, void* watch) noexcept;
    static int on_timer(CURLM*, long ms, void* user) noexcept;
    static void on_poll(uv_poll_t* poll, int status, int events);
    void watch(curl_socket_t socket, int what, Watch* watch) noexcept;
    void stop(Watch& watch) noexcept;
    void let_go(Watch& watch) noexcept;
    void on_due();
    void tell_finished();

    UvCore& core_;
    CURLM* multi_ = nullptr;
    Due due_{*this};
    Kick kick_{*this};
    std::vector<UvHttpCall*> calls_;
    std::vector<Watch*> watches_;  ///< Those that curl knows.
    std::vector<std::unique_ptr<HttpTransfer>> spare_;
};

}  // namespace quorumlock::env
