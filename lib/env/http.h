// One HTTP/1.1 request, one answer. Part of the door to the outside: see env.h for the rules of
// threads and time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <quorumlock/time.h>

namespace quorumlock::env {

/// An answer's body is cut here: nothing that we ask for is longer.
inline constexpr std::size_t kMaxHttpBody = 64 * 1024;

/// Copied where it is needed longer than the call that takes it.
struct HttpRequest {
    enum class Method : std::uint8_t { get, post };
    Method method = Method::get;
    /// Where to: a numeric IPv4 or IPv6 address and a port, or a unix socket's path.
    std::string_view address{};
    std::uint16_t port = 0;
    std::string_view socket_path{};
    /// The Host header: what the address was looked up from.
    std::string_view host{};
    std::string_view target{};             ///< "/v1.0/healthz"; percent-encoded already.
    std::span<const std::string> headers;  ///< Whole lines, "name: value".
    std::string_view body{};               ///< post only; sent as JSON.
    Nanos time_limit{0};                   ///< On BOOTTIME, from the call to the whole answer.
};

/// Either an answer (status is not 0) or why there is none. Valid during the call only.
struct HttpAnswer {
    int status = 0;
    std::string_view content_type{};
    std::string_view body{};
    bool cut = false;      ///< The body was longer than kMaxHttpBody.
    Nanos retry_after{0};  ///< What a Retry-After header asks for, from now on; 0: there is none.

    std::string_view why{};  ///< One line: "connection refused", "no answer within 8000 ms".
    bool timed_out = false;
    /// False: certainly not a byte of the request has left.
    bool may_be_sent = false;
};

class HttpEvents {
  public:
    /// The one answer. May destroy the call.
    virtual void on_answer(const HttpAnswer& answer) = 0;

  protected:
    ~HttpEvents() = default;
};

/// A request under way. Destroying it gives it up and silences it: its connection is closed, but
/// what has left may still be carried out.
class HttpCall {
  public:
    virtual ~HttpCall() = default;
};

}  // namespace quorumlock::env
