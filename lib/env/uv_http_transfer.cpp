#include "lib/env/uv_http_transfer.h"

#include <sys/socket.h>

#include <algorithm>

#include "lib/env/socket.h"
#include "lib/env/uv_http.h"

namespace quorumlock::env {

namespace {

constexpr std::size_t kMaxHeaderBytes = 64 * 1024;
/// A connection idle for longer is not used again: the other end may be about to close it.
constexpr long kMaxIdleSeconds = 15;
constexpr std::size_t kMostWords = 200;
/// Nobody means more, and it can be added to any instant.
constexpr curl_off_t kMostRetryAfterSeconds = 24 * 60 * 60;

std::string url_of(const HttpRequest& request) {
    std::string url = "http://";
    if (!request.socket_path.empty()) {
        url += "localhost";
    } else if (request.address.find(':') != std::string_view::npos) {
        url += '[';
        // A scope's '%' is written %25 in a URL.
        for (const char c : request.address)
            url += c == '%' ? std::string("%25") : std::string(1, c);
        url += ']';
    } else {
        url += request.address;
    }
    if (request.socket_path.empty()) url += ":" + std::to_string(request.port);
    url += request.target;
    return url;
}

}  // namespace

HttpTransfer::HttpTransfer(UvHttp& http) : easy_(curl_easy_init()) {
    if (easy_ == nullptr) return;
    // Rule N2: a writing request is never sent twice, not even by curl's own retry on a fresh
    // connection; before_request sees to that.
    curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, &HttpTransfer::before_request);
    curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &HttpTransfer::open_socket);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy_, CURLOPT_CLOSESOCKETFUNCTION, &UvHttp::close_socket);
    curl_easy_setopt(easy_, CURLOPT_CLOSESOCKETDATA, &http);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &HttpTransfer::on_body);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &HttpTransfer::on_header);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, error_.data());
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy_, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy_, CURLOPT_MAXAGE_CONN, kMaxIdleSeconds);
    curl_easy_setopt(easy_, CURLOPT_USERAGENT, "quorumlock");
}

HttpTransfer::~HttpTransfer() {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
}

bool HttpTransfer::set_up(const HttpRequest& request, void* owner) {
    body_.clear();
    error_[0] = '\0';
    header_bytes_ = 0;
    begun_ = would_repeat_ = cut_ = false;
    socket_ = CURL_SOCKET_BAD;
    const bool posts = request.method == HttpRequest::Method::post;
    request_body_.assign(request.body);
    const std::string path(request.socket_path);
    bool ok = set_headers(request);
    const auto set = [&](CURLoption option, auto value) {
        ok = ok && curl_easy_setopt(easy_, option, value) == CURLE_OK;
    };
    set(CURLOPT_PRIVATE, owner);
    set(CURLOPT_URL, url_of(request).c_str());
    set(CURLOPT_UNIX_SOCKET_PATH, path.empty() ? nullptr : path.c_str());
    if (posts) {
        set(CURLOPT_POST, 1L);
        set(CURLOPT_POSTFIELDS, request_body_.c_str());
        set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request_body_.size()));
    } else {
        set(CURLOPT_HTTPGET, 1L);
    }
    return ok;
}

bool HttpTransfer::set_headers(const HttpRequest& request) {
    curl_slist_free_all(headers_);
    headers_ = nullptr;
    const auto add = [this](const std::string& line) {
        curl_slist* const longer = curl_slist_append(headers_, line.c_str());
        if (longer != nullptr) headers_ = longer;
        return longer != nullptr;
    };
    bool ok = true;
    if (!request.host.empty()) ok = add("Host: " + std::string(request.host));
    if (request.method == HttpRequest::Method::post) {
        // No "Expect: 100-continue": that would be a round trip more.
        ok = ok && add("Content-Type: application/json") && add("Expect:");
    }
    for (const std::string& line : request.headers) ok = ok && add(line);
    return curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_) == CURLE_OK && ok;
}

void* HttpTransfer::owner_of(CURL* easy) noexcept {
    char* owner = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
    return owner;
}

curl_socket_t HttpTransfer::open_socket(void* user, curlsocktype, curl_sockaddr* to) noexcept {
    const int fd = ::socket(to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
    return static_cast<HttpTransfer*>(user)->socket_ = fd >= 0 ? fd : CURL_SOCKET_BAD;
}

/// A connection is there, and the request is about to leave on it.
int HttpTransfer::before_request(void* user, char*, char*, int, int) noexcept {
    auto* const self = static_cast<HttpTransfer*>(user);
    if (self->begun_) {
        self->would_repeat_ = true;
        return CURL_PREREQFUNC_ABORT;
    }
    self->begun_ = true;
    return CURL_PREREQFUNC_OK;
}

std::size_t HttpTransfer::on_body(char* bytes, std::size_t, std::size_t size, void* user) noexcept {
    auto* const self = static_cast<HttpTransfer*>(user);
    const std::size_t room = kMaxHttpBody - self->body_.size();
    self->body_.append(bytes, std::min(size, room));
    if (size <= room) return size;
    self->cut_ = true;
    return 0;
}

std::size_t HttpTransfer::on_header(char*, std::size_t, std::size_t size, void* user) noexcept {
    auto* const self = static_cast<HttpTransfer*>(user);
    self->header_bytes_ += size;
    return self->header_bytes_ <= kMaxHeaderBytes ? size : 0;
}

HttpAnswer HttpTransfer::answer(CURLcode code) {
    HttpAnswer answer;
    answer.may_be_sent = begun_;
    if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && cut_)) {
        long status = 0;
        char* type = nullptr;
        curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(easy_, CURLINFO_CONTENT_TYPE, &type);
        answer.status = static_cast<int>(status);
        curl_off_t seconds = 0;
        curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &seconds);
        answer.retry_after =
            std::chrono::seconds(std::clamp<curl_off_t>(seconds, 0, kMostRetryAfterSeconds));
        answer.content_type = type != nullptr ? type : "";
        answer.body = body_;
        answer.cut = cut_;
        if (status != 0) return answer;
    }
    long system_error = 0;
    curl_easy_getinfo(easy_, CURLINFO_OS_ERRNO, &system_error);
    if (code == CURLE_COULDNT_CONNECT && system_error != 0) {
        why_ = error_words(static_cast<int>(system_error));
    } else if (would_repeat_) {
        why_ = "the connection was closed before an answer came";
    } else if (header_bytes_ > kMaxHeaderBytes) {
        why_ = "its headers have more than 64 KiB";
    } else {
        why_ = error_[0] != '\0' ? error_.data() : curl_easy_strerror(code);
    }
    // What curl repeats of the other end's bytes is bounded and printable.
    why_.resize(std::min(why_.size(), kMostWords));
    std::replace_if(
        why_.begin(), why_.end(), [](char c) { return c < 0x20 || c == 0x7f; }, '?');
    answer.status = 0;
    answer.why = why_;
    return answer;
}

}  // namespace quorumlock::env
