// The server's end of a TLS connection, without a socket: a test carries the bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/ssl.h>

#include "tests/support/certificates.h"

namespace quorumlock::env {

class TlsPartner {
  public:
    struct Options {
        int version = TLS1_3_VERSION;
        std::string client_authority{};  ///< Clients must show a certificate of it.
    };
    explicit TlsPartner(const testing::CertificateFiles& files) : TlsPartner(files, Options()) {}
    TlsPartner(const testing::CertificateFiles& files, const Options& options);
    /// The next connection, to a server that knows its sessions.
    void restart();

    void feed(std::string_view wire);
    /// What is to go to the client.
    std::string take();
    /// All that the client has said so far.
    const std::string& heard();
    void say(std::string_view plain);
    void close_notify();
    bool open() const { return SSL_is_init_finished(ssl_.get()) == 1; }
    std::string asked_name() const;

  private:
    std::shared_ptr<SSL_CTX> context_;
    std::shared_ptr<SSL> ssl_;
    std::string heard_;
};

}  // namespace quorumlock::env
