#include "lib/env/tls_context.h"

#include <algorithm>
#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "lib/env/tls_filter.h"

namespace quorumlock::env {

namespace {

template <auto F>
struct Freed {
    template <class T>
    void operator()(T* what) const noexcept {
        F(what);
    }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;

Bio reader(const std::string& bytes) {
    return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

/// OpenSSL would ask for the passphrase at the terminal.
int refuse_passphrase(char*, int, int, void* asked) {
    *static_cast<bool*>(asked) = true;
    return -1;
}

Certificate next_certificate(BIO* from) {
    bool asked = false;
    return Certificate(PEM_read_bio_X509(from, nullptr, refuse_passphrase, &asked));
}

std::string add_authorities(SSL_CTX* context, const TlsOptions& options, const TlsFiles& files) {
    X509_STORE* const store = SSL_CTX_get_cert_store(context);
    if (files.ca_directory) {
        X509_LOOKUP* const lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
        const bool added = lookup != nullptr &&
                           X509_LOOKUP_add_dir(lookup, options.ca.c_str(), X509_FILETYPE_PEM) == 1;
        return added ? "" : "ca: cannot use the directory " + options.ca;
    }
    const Bio from = reader(files.ca);
    int count = 0;
    while (const Certificate one = next_certificate(from.get())) {
        count += X509_STORE_add_cert(store, one.get()) == 1 ? 1 : 0;
    }
    return count > 0 ? "" : "ca: " + options.ca + " has no certificate in PEM form";
}

std::string use_certificate(SSL_CTX* context, const TlsOptions& options, const TlsFiles& files) {
    const Bio from = reader(files.cert);
    const Certificate own = next_certificate(from.get());
    if (!own) return "cert: " + options.cert + " has no certificate in PEM form";
    if (SSL_CTX_use_certificate(context, own.get()) != 1) {
        return "cert: OpenSSL refuses the certificate in " + options.cert +
               " (its key may be too short)";
    }
    while (const Certificate above = next_certificate(from.get())) {
        SSL_CTX_add1_chain_cert(context, above.get());
    }
    return {};
}

std::string use_key(SSL_CTX* context, const TlsOptions& options, const TlsFiles& files) {
    bool asked = false;
    const Bio from = reader(files.key);
    const Key key(PEM_read_bio_PrivateKey(from.get(), nullptr, refuse_passphrase, &asked));
    if (asked) {
        return "key: " + options.key + " is locked by a passphrase; name a file without one";
    }
    if (!key) return "key: " + options.key + " has no private key in PEM form";
    if (SSL_CTX_use_PrivateKey(context, key.get()) == 1 &&
        SSL_CTX_check_private_key(context) == 1) {
        return {};
    }
    return "key: " + options.key + " is not the key of the certificate in " + options.cert;
}

std::string fill(SSL_CTX* context, const TlsOptions& options, const TlsFiles& files,
                 bool with_system) {
    std::string why;
    if (!options.ca.empty()) {
        why = add_authorities(context, options, files);
    } else if (with_system && options.verify != TlsOptions::Verify::none) {
        SSL_CTX_set_default_verify_paths(context);
    }
    if (why.empty() && !options.cert.empty()) why = use_certificate(context, options, files);
    if (why.empty() && !options.cert.empty()) why = use_key(context, options, files);
    return why;
}

}  // namespace

TlsServer::Context make_tls_context(const TlsOptions& options, const TlsFiles& files,
                                    bool with_system, std::string& why) {
    ERR_clear_error();
    TlsServer::Context context(SSL_CTX_new(TLS_client_method()), Freed<SSL_CTX_free>());
    if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) {
        why = "OpenSSL cannot speak TLS 1.2 here";
        return nullptr;
    }
    SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    TlsFilter::keep_sessions(context.get());
    why = fill(context.get(), options, files, with_system);
    ERR_clear_error();  // The thread's errors are its owner's, and a host process may look.
    return why.empty() ? context : nullptr;
}

std::string check_tls(const TlsOptions& options) {
    TlsFiles files;
    std::string why = read_tls_files(options, files);
    if (why.empty()) (void)make_tls_context(options, files, false, why);
    return why;
}

std::string TlsContexts::renew(TlsServer& server) {
    TlsFiles files;
    std::string why = read_tls_files(server.options(), files);
    if (!why.empty()) return why;
    // Without a look at the server's certificate its authorities are not read.
    files.fingerprint += server.options().verify == TlsOptions::Verify::none ? "-" : "+";
    std::erase_if(known_, [](const Known& known) { return known.context.expired(); });
    for (const Known& known : known_) {
        if (known.fingerprint != files.fingerprint) continue;
        server.use(known.context.lock());
        return {};
    }
    TlsServer::Context made = make_tls_context(server.options(), files, true, why);
    if (!made) return why;
    known_.push_back({files.fingerprint, made});
    server.use(std::move(made));
    return {};
}

}  // namespace quorumlock::env
