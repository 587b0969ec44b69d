#include "lib/env/tls_filter.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "lib/base/check.h"
#include "lib/env/tls_certificates.h"
#include "lib/env/tls_words.h"

namespace quorumlock::env {

// ---- the way in and out ----

TlsFilter::Method TlsFilter::make_method() {
    Method method(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "quorumlock stream"),
                  BIO_meth_free);
    QL_CHECK(method != nullptr);
    BIO_meth_set_write(method.get(), on_write);
    BIO_meth_set_read(method.get(), on_read);
    BIO_meth_set_ctrl(method.get(), on_control);
    return method;
}

TlsFilter& TlsFilter::of(bio_st* bio) noexcept {
    return *static_cast<TlsFilter*>(BIO_get_data(bio));
}

int TlsFilter::on_write(bio_st* bio, const char* bytes, int size) {
    of(bio).wire_.put(bytes, static_cast<std::size_t>(size));
    return size;
}

int TlsFilter::on_read(bio_st* bio, char* to, int size) {
    BIO_clear_retry_flags(bio);
    std::string_view& input = of(bio).input_;
    if (input.empty()) {
        BIO_set_retry_read(bio);
        return -1;
    }
    const std::size_t got = std::min(input.size(), static_cast<std::size_t>(size));
    std::memcpy(to, input.data(), got);
    input.remove_prefix(got);
    return static_cast<int>(got);
}

long TlsFilter::on_control(bio_st*, int command, long, void*) {
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// ---- what OpenSSL tells ----

void TlsFilter::keep_sessions(ssl_ctx_st* context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, on_session);
}

int TlsFilter::on_session(ssl_st* ssl, ssl_session_st* session) {
    auto* const self = static_cast<TlsFilter*>(SSL_get_app_data(ssl));
    self->server_.keep(TlsServer::Session(session, SSL_SESSION_free), SSL_get_SSL_CTX(ssl));
    return 1;  // It is ours now.
}

int TlsFilter::on_certificate(int accepted, x509_store_ctx_st* store) {
    if (accepted != 0) return 1;
    const auto* const ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* const self = static_cast<TlsFilter*>(SSL_get_app_data(ssl));
    self->certificate_fault_ =
        certificate_words(X509_STORE_CTX_get_error(store), X509_STORE_CTX_get_current_cert(store),
                          self->server_.options().name);
    return 0;
}

// ---- one connection ----

void TlsFilter::SslFree::operator()(ssl_st* ssl) const noexcept {
    // Else OpenSSL takes the connection for one that was cut off, and its session is spoilt.
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
}

TlsFilter::TlsFilter(TlsServer& server, const bio_method_st* method, Wire& wire)
    : server_(server), wire_(wire), ssl_(SSL_new(server.context().get())) {
    if (ssl_) {
        prepare(method);
    } else {
        fail("out of memory", false);
    }
}

TlsFilter::~TlsFilter() = default;

void TlsFilter::prepare(const bio_method_st* method) {
    BIO* const bio = BIO_new(method);
    QL_CHECK(bio != nullptr);
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    SSL_set_app_data(ssl_.get(), this);
    SSL_set_connect_state(ssl_.get());
    const TlsOptions& options = server_.options();
    if (!options.sni.empty()) SSL_set_tlsext_host_name(ssl_.get(), options.sni.c_str());
    if (options.verify == TlsOptions::Verify::none) {
        SSL_set_verify(ssl_.get(), SSL_VERIFY_NONE, nullptr);
    } else {
        SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, on_certificate);
    }
    if (options.verify == TlsOptions::Verify::full) set_name();
    if (const auto session = server_.take_session();
        session && SSL_SESSION_is_resumable(session.get())) {
        SSL_set_session(ssl_.get(), session.get());
    }
}

void TlsFilter::set_name() {
    const std::string& name = server_.options().name;
    X509_VERIFY_PARAM* const wanted = SSL_get0_param(ssl_.get());
    // The subject's common name says nothing for certain: RFC 9525.
    X509_VERIFY_PARAM_set_hostflags(
        wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    if (X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) == 1) return;
    // No name set would mean that none is looked at.
    QL_CHECK(!name.empty());
    if (X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size()) != 1) {
        fail("the name " + name + " cannot be looked for in a certificate", true);
    }
}

void TlsFilter::fail(std::string why, bool rejected) {
    state_ = State::failed;
    why_ = std::move(why);
    rejected_ = rejected;
}

bool TlsFilter::fail_if_not_tls() {
    if (heard_ || input_.empty()) return false;
    heard_ = true;
    std::string why = no_tls(input_);
    if (why.empty()) return false;
    fail(std::move(why), true);
    return true;
}

TlsFilter::State TlsFilter::handshake() {
    if (state_ != State::handshaking || fail_if_not_tls()) return state_;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
        finish_handshake();
    } else {
        take_error(result);
    }
    return state_;
}

void TlsFilter::finish_handshake() {
    state_ = State::open;
    const bool resumed = SSL_session_reused(ssl_.get()) == 1;
    server_.on_handshake(resumed);
    if (!resumed) server_.on_certificates(server_certificates(ssl_.get()));
    // TLS 1.3 brings new tickets each time, older servers leave us with the one we had.
    if (resumed && SSL_version(ssl_.get()) < TLS1_3_VERSION) {
        server_.keep(TlsServer::Session(SSL_get1_session(ssl_.get()), SSL_SESSION_free),
                     SSL_get_SSL_CTX(ssl_.get()));
    }
}

void TlsFilter::take_error(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
        case SSL_ERROR_WANT_READ:
            return;
        case SSL_ERROR_ZERO_RETURN:
            state_ = State::ended;
            return;
        default:
            break;
    }
    if (!certificate_fault_.empty()) {
        ERR_clear_error();
        fail(certificate_fault_, true);
        return;
    }
    TlsTrouble trouble = take_tls_error();
    fail(std::move(trouble.why), trouble.rejected);
}

std::size_t TlsFilter::read(char* to, std::size_t size) {
    std::size_t filled = 0;
    // To ask OpenSSL where there is nothing costs more than to look.
    const auto more = [this] { return !input_.empty() || SSL_pending(ssl_.get()) > 0; };
    while (state_ == State::open && filled < size && more()) {
        ERR_clear_error();
        const int got = SSL_read(ssl_.get(), to + filled, static_cast<int>(size - filled));
        if (got <= 0) {
            take_error(got);
            break;
        }
        filled += static_cast<std::size_t>(got);
    }
    return filled;
}

bool TlsFilter::write(std::string_view plain) {
    QL_CHECK(plain.size() <= kRecordBytes);
    if (state_ != State::open || plain.empty()) return state_ == State::open;
    ERR_clear_error();
    const int put = SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
    if (put == static_cast<int>(plain.size())) return true;
    // The wire takes all there is: only a broken connection gets here.
    take_error(put);
    if (state_ == State::open) fail("OpenSSL cannot write", false);
    return false;
}

void TlsFilter::end() noexcept {
    if (state_ != State::open) return;
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
    state_ = State::ended;
}

}  // namespace quorumlock::env
