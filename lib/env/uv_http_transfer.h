// One of curl's easy handles, set up for one request after the other. Internal to lib/env.
#pragma once

#include <array>
#include <string>

#include <curl/curl.h>

#include "lib/env/http.h"

namespace quorumlock::env {

class UvHttp;

class HttpTransfer {
  public:
    explicit HttpTransfer(UvHttp& http);
    ~HttpTransfer();
    HttpTransfer(const HttpTransfer&) = delete;
    HttpTransfer& operator=(const HttpTransfer&) = delete;

    /// Null when the system gave none.
    CURL* handle() const noexcept { return easy_; }
    /// False: out of memory.
    bool set_up(const HttpRequest& request, void* owner);
    /// The owner that set_up() was told, from curl's handle.
    static void* owner_of(CURL* easy) noexcept;
    /// May the request have left, as far as is known by now?
    bool may_be_sent() const noexcept { return begun_; }
    /// The one that was opened for it last, if any was.
    curl_socket_t socket() const noexcept { return socket_; }
    /// After curl has finished with `code`. Valid until the next set_up().
    HttpAnswer answer(CURLcode code);

  private:
    static curl_socket_t open_socket(void*, curlsocktype, curl_sockaddr* to) noexcept;
    static int before_request(void* user, char*, char*, int, int) noexcept;
    static std::size_t on_body(char* bytes, std::size_t, std::size_t size, void* user) noexcept;
    static std::size_t on_header(char*, std::size_t, std::size_t size, void* user) noexcept;
    bool set_headers(const HttpRequest& request);

    CURL* easy_ = nullptr;
    curl_slist* headers_ = nullptr;
    std::string request_body_, body_, why_;
    std::array<char, CURL_ERROR_SIZE> error_{};
    std::size_t header_bytes_ = 0;
    curl_socket_t socket_ = CURL_SOCKET_BAD;
    bool begun_ = false;         ///< The request has begun to leave.
    bool would_repeat_ = false;  ///< curl wanted to send it once more.
    bool cut_ = false;
};

}  // namespace quorumlock::env
