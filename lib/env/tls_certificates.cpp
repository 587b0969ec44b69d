#include "lib/env/tls_certificates.h"

#include <ctime>
#include <memory>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "lib/env/tls_files.h"
#include "lib/env/tls_words.h"

namespace quorumlock::env {

namespace {

std::vector<TlsCertificate> in_pem(const std::string& bytes) {
    std::vector<TlsCertificate> all;
    const std::unique_ptr<BIO, int (*)(BIO*)> from(
        BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())), BIO_free);
    char no_passphrase[] = "";
    while (X509* const read = PEM_read_bio_X509(from.get(), nullptr, nullptr, no_passphrase)) {
        all.push_back(describe_certificate(read));
        X509_free(read);
    }
    ERR_clear_error();  // The end of the file is one of OpenSSL's errors.
    return all;
}

}  // namespace

TlsCertificate describe_certificate(const x509_st* certificate) {
    std::tm end{};
    TlsCertificate told;
    told.subject = subject_of(certificate);
    if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1) {
        told.end = std::chrono::seconds(timegm(&end));
    }
    return told;
}

std::vector<TlsCertificate> server_certificates(const ssl_st* ssl) {
    const STACK_OF(X509)* chain = SSL_get0_verified_chain(ssl);
    if (chain == nullptr) chain = SSL_get_peer_cert_chain(ssl);
    std::vector<TlsCertificate> all;
    for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
        all.push_back(describe_certificate(sk_X509_value(chain, i)));
    }
    return all;
}

TlsFileCertificates file_certificates(const TlsOptions& options) {
    TlsFiles files;
    if (!read_tls_files(options, files).empty()) return {};
    return {in_pem(files.cert), in_pem(files.ca)};
}

}  // namespace quorumlock::env
