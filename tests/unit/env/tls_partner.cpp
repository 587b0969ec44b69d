#include "tests/unit/env/tls_partner.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>

namespace quorumlock::env {

TlsPartner::TlsPartner(const testing::CertificateFiles& files, const Options& options)
    : context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    SSL_CTX* const context = context_.get();
    SSL_CTX_set_min_proto_version(context, options.version);
    SSL_CTX_set_max_proto_version(context, options.version);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>("test"), 4);
    EXPECT_EQ(SSL_CTX_use_certificate_file(context, files.cert.c_str(), SSL_FILETYPE_PEM), 1);
    EXPECT_EQ(SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM), 1);
    if (!options.client_authority.empty()) {
        EXPECT_EQ(SSL_CTX_load_verify_locations(context, options.client_authority.c_str(), nullptr),
                  1);
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    restart();
}

void TlsPartner::restart() {
    ssl_.reset(SSL_new(context_.get()), SSL_free);
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(ssl_.get());
    heard_.clear();
}

void TlsPartner::feed(std::string_view wire) {
    BIO_write(SSL_get_rbio(ssl_.get()), wire.data(), static_cast<int>(wire.size()));
    (void)heard();
}

const std::string& TlsPartner::heard() {
    char bytes[4096];
    ERR_clear_error();
    for (int got = 0; (got = SSL_read(ssl_.get(), bytes, sizeof bytes)) > 0;) {
        heard_.append(bytes, static_cast<std::size_t>(got));
    }
    return heard_;
}

std::string TlsPartner::take() {
    std::string wire(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())), '\0');
    if (!wire.empty()) {
        BIO_read(SSL_get_wbio(ssl_.get()), wire.data(), static_cast<int>(wire.size()));
    }
    return wire;
}

void TlsPartner::say(std::string_view plain) {
    EXPECT_EQ(SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())),
              static_cast<int>(plain.size()));
}

void TlsPartner::close_notify() { SSL_shutdown(ssl_.get()); }

std::string TlsPartner::asked_name() const {
    const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
    return name != nullptr ? name : "";
}

}  // namespace quorumlock::env
