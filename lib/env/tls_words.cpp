#include "lib/env/tls_words.h"

#include <cstdio>
#include <memory>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace quorumlock::env {

namespace {

constexpr std::size_t kMostNames = 5;

std::string address_text(const ASN1_OCTET_STRING* address) {
    const unsigned char* const b = ASN1_STRING_get0_data(address);
    char text[40] = "?";
    const int size = ASN1_STRING_length(address);
    if (size == 4) std::snprintf(text, sizeof text, "%d.%d.%d.%d", b[0], b[1], b[2], b[3]);
    if (size == 16) {
        for (int i = 0; i < 8; ++i) {
            std::snprintf(text + 5 * i, 6, i < 7 ? "%02x%02x:" : "%02x%02x", b[2 * i],
                          b[2 * i + 1]);
        }
    }
    return text;
}

/// Its alternative names, the first few.
std::string names_of(const X509* certificate) {
    const std::unique_ptr<GENERAL_NAMES, void (*)(GENERAL_NAMES*)> names(
        static_cast<GENERAL_NAMES*>(
            X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)),
        GENERAL_NAMES_free);
    std::string text;
    std::size_t count = 0;
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()) && count < kMostNames; ++i) {
        const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
        if (count++ > 0) text += ", ";
        if (name->type == GEN_IPADD) {
            text += address_text(name->d.iPAddress);
        } else {
            text.append(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                        static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
        }
    }
    return text.empty() ? "it has no alternative names (SAN)" : "it is for " + text;
}

/// What a server's alert asks of us; empty where its own name says all there is.
std::string_view advice_for(int alert) {
    switch (alert) {
        case SSL_AD_CERTIFICATE_REQUIRED:
            return "the server wants a client certificate (cert= and key=)";
        case SSL_AD_HANDSHAKE_FAILURE:
            return "the server wants a client certificate (cert= and key=), or has no cipher in "
                   "common with us";
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
            return "the server does not accept our certificate (cert=)";
        case SSL_AD_CERTIFICATE_EXPIRED:
            return "to the server our certificate (cert=) has expired";
        case SSL_AD_UNKNOWN_CA:
            return "the server does not know the authority of our certificate (cert=)";
        case SSL_AD_PROTOCOL_VERSION:
            return "the server speaks no version of TLS that we do (1.2 or newer)";
        case SSL_AD_UNRECOGNIZED_NAME:
            return "the server does not know the name that it was asked for (sni=)";
        default:
            return {};
    }
}

/// An alert of these is about this one connection; the others are about the set-up.
bool passes_by_itself(int alert) {
    return alert == SSL_AD_INTERNAL_ERROR || alert == SSL_AD_USER_CANCELLED ||
           alert == SSL_AD_BAD_RECORD_MAC || alert == SSL_AD_DECRYPT_ERROR;
}

}  // namespace

std::string subject_of(const x509_st* certificate) {
    char text[256] = "";
    X509_NAME_oneline(X509_get_subject_name(certificate), text, sizeof text);
    return text[0] != '\0' ? text : "no subject";
}

TlsTrouble take_tls_error() {
    const unsigned long error = ERR_get_error();
    ERR_clear_error();
    const char* const text = error == 0 ? nullptr : ERR_reason_error_string(error);
    const std::string said = text != nullptr ? text : "no reason given";
    const int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;
    // OpenSSL's numbers for the alerts that have come in.
    if (const int alert = reason - SSL_AD_REASON_OFFSET; alert >= 0 && alert < 256) {
        const std::string_view advice = advice_for(alert);
        return {
            advice.empty() ? "the server ended TLS: " + said : std::string(advice) + ": " + said,
            !passes_by_itself(alert)};
    }
    if (reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_WRONG_SSL_VERSION) {
        return {"the server speaks no version of TLS that we do (1.2 or newer)", true};
    }
    return {"what the server says is not understood as TLS: " + said, false};
}

std::string certificate_words(int error, const x509_st* certificate, std::string_view wanted) {
    const std::string said = X509_verify_cert_error_string(error);
    if (certificate == nullptr) return "the server's certificate is not accepted: " + said;
    if (error == X509_V_ERR_HOSTNAME_MISMATCH || error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
        return "the server's certificate is not for " + std::string(wanted) + ": " +
               names_of(certificate);
    }
    return "the server's certificate is not accepted: " + said + " (" + subject_of(certificate) +
           ")";
}

std::string no_tls(std::string_view answer) {
    const auto first = static_cast<unsigned char>(answer.front());
    // The types of TLS records: change of cipher, alert, handshake, data, heartbeat.
    if (first >= 0x14 && first <= 0x18) return {};
    if (first >= 0x20 && first < 0x7f) {
        return "the server speaks plain text, not TLS; use redis:// for a plain port";
    }
    char text[80];
    std::snprintf(text, sizeof text, "what the server says is not TLS: it began with 0x%02x",
                  first);
    return text;
}

}  // namespace quorumlock::env
