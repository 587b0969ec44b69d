// The files of TLS, read anew for each connection: certificates and keys are exchanged while
// their users run. What has not changed since is known by its fingerprint.
#pragma once

#include <string>

#include "lib/env/tls.h"

namespace quorumlock::env {

struct TlsFiles {
    std::string ca, cert,
        key;  ///< Contents; ca is empty where that is a directory or the system's.
    bool ca_directory = false;
    /// Equal where nothing has changed: of contents, and of a directory what stands in it.
    std::string fingerprint;

    TlsFiles() = default;
    TlsFiles(const TlsFiles&) = delete;
    TlsFiles& operator=(const TlsFiles&) = delete;
    ~TlsFiles();  ///< Wipes the key.
};

/// Empty, or one line that begins with the option at fault.
std::string read_tls_files(const TlsOptions& options, TlsFiles& files);

}  // namespace quorumlock::env
