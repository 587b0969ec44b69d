// What is told of certificates: whose they are, and when they end.
#pragma once

#include <vector>

#include "lib/env/tls.h"

struct ssl_st;
struct x509_st;

namespace quorumlock::env {

TlsCertificate describe_certificate(const x509_st* certificate);
/// Of an open connection: the server's own, then those above it up to the authority that is known
/// here, as far as the chain was verified. Never empty but after a resumed handshake.
std::vector<TlsCertificate> server_certificates(const ssl_st* ssl);

}  // namespace quorumlock::env
