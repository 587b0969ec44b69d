// An authority of a test's own, and what it signs: PEM files in a directory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_dir.h"

struct evp_pkey_st;
struct x509_st;

namespace quorumlock::testing {

struct CertificateOptions {
    /// As OpenSSL writes alternative names.
    std::string names = "DNS:localhost,IP:127.0.0.1";
    std::string common_name = "a test's server";
    /// Of its validity, in days from now.
    int from = -1, to = 90;
};

struct CertificateFiles {
    std::string cert, key;
};

/// Makes ECDSA keys (P-256). What cannot be made ends the test program.
class Authority {
  public:
    /// Writes `name`.pem into `dir`, which must outlive it. `to`: as in CertificateOptions.
    explicit Authority(const TempDir& dir, const std::string& name = "ca", int to = 90);

    const std::string& file() const noexcept { return file_; }
    /// Writes `name`-cert.pem and `name`-key.pem, over what is there.
    CertificateFiles issue(const std::string& name, const CertificateOptions& options = {}) const;

  private:
    const TempDir& dir_;
    std::shared_ptr<evp_pkey_st> key_;
    std::shared_ptr<x509_st> certificate_;
    std::string file_;
};

}  // namespace quorumlock::testing
