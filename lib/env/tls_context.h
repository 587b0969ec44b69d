// What OpenSSL needs of one set of files. Made anew only when they have changed: reading all
// public authorities takes some 20 ms.
#pragma once

#include <string>
#include <vector>

#include "lib/env/tls.h"
#include "lib/env/tls_files.h"

namespace quorumlock::env {

/// Null: `why` says so in one line that begins with the option. `with_system`: false leaves the
/// system's authorities out, where only the rest is to be checked.
TlsServer::Context make_tls_context(const TlsOptions& options, const TlsFiles& files,
                                    bool with_system, std::string& why);

/// The contexts in use, shared by servers whose files are the same.
class TlsContexts {
  public:
    /// Reads the files and hands the server their context. Empty, or what is wrong.
    std::string renew(TlsServer& server);

  private:
    struct Known {
        std::string fingerprint;
        std::weak_ptr<ssl_ctx_st> context;
    };
    std::vector<Known> known_;
};

}  // namespace quorumlock::env
