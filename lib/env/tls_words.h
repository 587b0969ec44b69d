// What OpenSSL has to say, in words for whoever runs the servers.
#pragma once

#include <string>
#include <string_view>

struct x509_st;

namespace quorumlock::env {

/// For what OpenSSL's queue of errors begins with; the queue is empty afterwards. `handshake`:
/// the connection was not open yet.
struct TlsTrouble {
    std::string why;
    bool rejected = false;  ///< It will not pass by itself.
};
TlsTrouble take_tls_error();

/// "/CN=node1".
std::string subject_of(const x509_st* certificate);

/// For X509_V_ERR_*: "certificate has expired (CN=node1)". `wanted`: who it should be for.
std::string certificate_words(int error, const x509_st* certificate, std::string_view wanted);

/// An answer to a ClientHello that is no TLS at all; empty: it may be.
std::string no_tls(std::string_view answer);

}  // namespace quorumlock::env
