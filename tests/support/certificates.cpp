#include "tests/support/certificates.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace quorumlock::testing {

namespace {

void need(bool yes, const char* what) {
    if (yes) return;
    std::fprintf(stderr, "Authority: %s\n", what);
    std::abort();
}

std::shared_ptr<EVP_PKEY> make_key() {
    std::shared_ptr<EVP_PKEY_CTX> maker(EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nullptr),
                                        EVP_PKEY_CTX_free);
    EVP_PKEY* key = nullptr;
    need(EVP_PKEY_keygen_init(maker.get()) == 1 &&
             EVP_PKEY_CTX_set_ec_paramgen_curve_nid(maker.get(), NID_X9_62_prime256v1) == 1 &&
             EVP_PKEY_keygen(maker.get(), &key) == 1,
         "no key");
    return {key, EVP_PKEY_free};
}

std::string pem_of(const std::function<int(BIO*)>& write) {
    std::shared_ptr<BIO> out(BIO_new(BIO_s_mem()), BIO_free);
    need(write(out.get()) == 1, "no PEM");
    char* text = nullptr;
    const long size = BIO_get_mem_data(out.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
    return pem_of([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

std::string pem_of(EVP_PKEY* key) {
    return pem_of([&](BIO* out) {
        return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
    });
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    std::shared_ptr<X509_EXTENSION> made(
        X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()), X509_EXTENSION_free);
    need(made && X509_add_ext(certificate, made.get(), -1) == 1, value.c_str());
}

void set_name(X509* certificate, const std::string& name) {
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
}

std::shared_ptr<X509> make_certificate(EVP_PKEY* key, const CertificateOptions& options) {
    constexpr long kDay = 24 * 3600;
    std::shared_ptr<X509> made(X509_new(), X509_free);
    X509_set_version(made.get(), 2);
    unsigned char serial[8];
    RAND_bytes(serial, sizeof serial);
    std::uint64_t number = 0;
    for (const unsigned char byte : serial) number = number << 8 | byte;
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(made.get()), number >> 1);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), options.from * kDay);
    // An hour on, so that as many whole days are left while the test runs.
    X509_gmtime_adj(X509_getm_notAfter(made.get()), options.to * kDay + 3600);
    X509_set_pubkey(made.get(), key);
    set_name(made.get(), options.common_name);
    return made;
}

}  // namespace

Authority::Authority(const TempDir& dir, const std::string& name, int to)
    : dir_(dir), key_(make_key()) {
    CertificateOptions options;
    options.to = to;
    options.from = std::min(options.from, to - 1);
    options.common_name = name;
    certificate_ = make_certificate(key_.get(), options);
    X509_set_issuer_name(certificate_.get(), X509_get_subject_name(certificate_.get()));
    extend(certificate_.get(), certificate_.get(), NID_basic_constraints, "critical,CA:TRUE");
    extend(certificate_.get(), certificate_.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(certificate_.get(), certificate_.get(), NID_subject_key_identifier, "hash");
    need(X509_sign(certificate_.get(), key_.get(), EVP_sha256()) > 0, "not signed");
    file_ = dir.write(name + ".pem", pem_of(certificate_.get()));
}

CertificateFiles Authority::issue(const std::string& name,
                                  const CertificateOptions& options) const {
    const auto key = make_key();
    const auto made = make_certificate(key.get(), options);
    X509_set_issuer_name(made.get(), X509_get_subject_name(certificate_.get()));
    if (!options.names.empty()) {
        extend(made.get(), certificate_.get(), NID_subject_alt_name, options.names);
    }
    need(X509_sign(made.get(), key_.get(), EVP_sha256()) > 0, "not signed");
    return {dir_.write(name + "-cert.pem", pem_of(made.get())),
            dir_.write(name + "-key.pem", pem_of(key.get()))};
}

}  // namespace quorumlock::testing
