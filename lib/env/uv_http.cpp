#include "lib/env/uv_http.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lib/base/check.h"
#include "lib/env/uv_core.h"
#include "lib/env/uv_http_call.h"

namespace quorumlock::env {

namespace {

/// Beyond this many, requests to one server wait for each other.
constexpr long kMostConnections = 64;
constexpr std::size_t kMostSpare = 16;

/// An end of a socket pair that this process has made without CLOEXEC.
bool is_inheritable_pair(int fd) noexcept {
    int domain = 0;
    ucred peer{};
    socklen_t size = sizeof domain;
    if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 || domain != AF_UNIX) {
        return false;
    }
    size = sizeof peer;
    return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == ::getpid() &&
           (::fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0;
}

/// Older curls make a socket pair with every multi handle, without CLOEXEC: children of our host
/// would inherit it. It lies where the next two descriptors would.
CURLM* make_multi() noexcept {
    std::array<int, 2> next{};
    for (int& fd : next) fd = ::eventfd(0, EFD_CLOEXEC);
    for (const int fd : next) {
        if (fd >= 0) ::close(fd);
    }
    CURLM* const multi = curl_multi_init();
    for (const int fd : next) {
        if (fd >= 0 && is_inheritable_pair(fd)) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    }
    return multi;
}

}  // namespace

UvHttp::UvHttp(UvCore& core) : core_(core) {
    // Never undone: the host may use curl too, and may do so for longer than we do.
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return;
    multi_ = make_multi();
    if (multi_ == nullptr) return;
    curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &UvHttp::on_socket);
    curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &UvHttp::on_timer);
    curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, kMostConnections);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, kMostConnections);
}

UvHttp::~UvHttp() { shut(); }

void UvHttp::shut() noexcept {
    while (!calls_.empty()) calls_.back()->shut();
    spare_.clear();
    if (CURLM* const multi = std::exchange(multi_, nullptr); multi != nullptr) {
        curl_multi_cleanup(multi);  // lets go of the sockets it keeps
    }
    while (!watches_.empty()) let_go(*watches_.back());
    core_.disarm(due_);
    core_.unpost(kick_);
}

std::unique_ptr<HttpCall> UvHttp::request(const HttpRequest& request, HttpEvents& events) {
    auto call = std::make_unique<UvHttpCall>(*this, events);
    calls_.push_back(call.get());
    call->start(request);
    return call;
}

std::unique_ptr<HttpTransfer> UvHttp::begin(const HttpRequest& request, UvHttpCall& call) {
    if (multi_ == nullptr) return nullptr;
    std::unique_ptr<HttpTransfer> transfer;
    if (spare_.empty()) {
        transfer = std::make_unique<HttpTransfer>(*this);
    } else {
        transfer = std::move(spare_.back());
        spare_.pop_back();
    }
    if (transfer->handle() == nullptr || !transfer->set_up(request, &call)) return nullptr;
    if (curl_multi_add_handle(multi_, transfer->handle()) != CURLM_OK) return nullptr;
    return transfer;
}

void UvHttp::take_out(HttpTransfer& transfer) noexcept {
    if (multi_ != nullptr) curl_multi_remove_handle(multi_, transfer.handle());
}

void UvHttp::keep(std::unique_ptr<HttpTransfer> transfer) noexcept {
    if (multi_ != nullptr && spare_.size() < kMostSpare) spare_.push_back(std::move(transfer));
}

void UvHttp::forget(UvHttpCall& call) noexcept {
    const auto found = std::find(calls_.begin(), calls_.end(), &call);
    if (found == calls_.end()) return;
    *found = calls_.back();
    calls_.pop_back();
}

int UvHttp::on_socket(CURL*, curl_socket_t socket, int what, void* user, void* watch) noexcept {
    auto* const known = static_cast<Watch*>(watch);
    if (what == CURL_POLL_REMOVE) {
        if (known != nullptr) static_cast<UvHttp*>(user)->let_go(*known);
        return 0;
    }
    static_cast<UvHttp*>(user)->watch(socket, what, known);
    return 0;
}

void UvHttp::watch(curl_socket_t socket, int what, Watch* watch) noexcept {
    if (watch != nullptr && watch->http == nullptr) let_go(*std::exchange(watch, nullptr));
    if (watch == nullptr) {
        auto made = std::make_unique<Watch>();
        // Then the request runs into its time limit, as it does when the socket is never ready.
        if (uv_poll_init(core_.loop(), &made->poll, socket) != 0) return;
        watch = made.release();
        watch->core = &core_;
        watch->http = this;
        watch->socket = socket;
        watch->poll.data = watch;
        watches_.push_back(watch);
        core_.opened(reinterpret_cast<uv_handle_t*>(&watch->poll));
        curl_multi_assign(multi_, socket, watch);
    }
    const int events = ((what & CURL_POLL_IN) != 0 ? UV_READABLE : 0) |
                       ((what & CURL_POLL_OUT) != 0 ? UV_WRITABLE : 0);
    QL_CHECK(uv_poll_start(&watch->poll, events, on_poll) == 0);
}

void UvHttp::stop(Watch& watch) noexcept {
    if (std::exchange(watch.http, nullptr) == nullptr) return;
    uv_close(reinterpret_cast<uv_handle_t*>(&watch.poll), [](uv_handle_t* handle) {
        auto* const stopped = static_cast<Watch*>(handle->data);
        UvCore* const core = stopped->core;
        stopped->gone = true;
        if (stopped->removed) delete stopped;
        core->gone();
    });
}

void UvHttp::let_go(Watch& watch) noexcept {
    std::erase(watches_, &watch);
    stop(watch);
    watch.removed = true;
    if (watch.gone) delete &watch;
}

/// curl closes some sockets before it says that it has let go of them. Their number may be a socket
/// of another thread by then.
int UvHttp::close_socket(void* http, curl_socket_t socket) noexcept {
    static_cast<UvHttp*>(http)->forget_socket(socket);
    return ::close(socket);
}

void UvHttp::forget_socket(curl_socket_t socket) noexcept {
    for (Watch* const watch : watches_) {
        if (watch->socket == socket) stop(*watch);
    }
}

int UvHttp::on_timer(CURLM*, long ms, void* user) noexcept {
    auto* const self = static_cast<UvHttp*>(user);
    if (ms < 0) {
        self->core_.disarm(self->due_);
    } else if (ms == 0) {
        self->core_.post(self->kick_);
    } else {
        self->core_.arm(self->due_, self->core_.event_now() + std::chrono::milliseconds(ms));
    }
    return 0;
}

void UvHttp::on_poll(uv_poll_t* poll, int status, int events) {
    auto* const watch = static_cast<Watch*>(poll->data);
    watch->core->event();
    UvHttp* const http = watch->http;
    if (http == nullptr || http->multi_ == nullptr) return;
    int what = ((events & UV_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & UV_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0);
    if (status < 0) what = CURL_CSELECT_ERR;
    int running = 0;
    curl_multi_socket_action(http->multi_, watch->socket, what, &running);
    http->tell_finished();
}

void UvHttp::on_due() {
    if (multi_ == nullptr) return;
    int running = 0;
    curl_multi_socket_action(multi_, CURL_SOCKET_TIMEOUT, 0, &running);
    tell_finished();
}

void UvHttp::tell_finished() {
    core_.new_event();  // what has arrived is in hand now, whatever was read before it
    int left = 0;
    while (multi_ != nullptr) {
        const CURLMsg* const message = curl_multi_info_read(multi_, &left);
        if (message == nullptr) return;
        if (message->msg != CURLMSG_DONE) continue;
        auto* const call = static_cast<UvHttpCall*>(HttpTransfer::owner_of(message->easy_handle));
        call->finish(message->data.result);  // May end everything here.
    }
}

}  // namespace quorumlock::env
