// TLS to one server: what its user chooses, and what is kept from one connection to the next.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

struct ssl_ctx_st;
struct ssl_session_st;

namespace quorumlock::env {

struct TlsOptions {
    enum class Verify : std::uint8_t {
        full,   ///< The certificate's chain, and that it is for `name`.
        chain,  ///< The chain alone: any server whose CA is known will do.
        none,   ///< Nothing: whoever is in the way can read and change all.
    };
    Verify verify = Verify::full;
    std::string ca{};           ///< A PEM file or a directory of hashed names; empty: the system's.
    std::string cert{}, key{};  ///< PEM files of the client's own; both or none.
    std::string name{};         ///< A host name or a numeric address.
    std::string sni{};          ///< The host name that the server is asked for; empty: none.
};

/// Reads the files and takes them apart, as each connection will. Empty: all is well. Else one
/// line that begins with the option. Blocks as files do; any thread.
std::string check_tls(const TlsOptions& options);

struct TlsCertificate {
    std::string subject;          ///< One line, as OpenSSL writes names.
    std::chrono::seconds end{0};  ///< The last second in which it is valid, since 1970.

    bool operator==(const TlsCertificate&) const = default;
};
struct TlsFileCertificates {
    std::vector<TlsCertificate> own;  ///< Of `cert`: our own, then those above it.
    std::vector<TlsCertificate> ca;   ///< Of `ca` where that is a file.
};
/// Reads the files; of those that cannot be read, nothing: check_tls says why. Blocks as files do;
/// any thread.
TlsFileCertificates file_certificates(const TlsOptions& options);

/// One server: shared by the connections that are made to it one after the other. On the loop.
class TlsServer {
  public:
    explicit TlsServer(TlsOptions options) : options_(std::move(options)) {}

    const TlsOptions& options() const noexcept { return options_; }
    struct Counters {
        std::uint64_t handshakes = 0;
        std::uint64_t resumed = 0;  ///< Of these, how many went on with a former session.
    };
    const Counters& counters() const noexcept { return counters_; }

    /// Of the last full handshake: the server's own, then those above it up to the authority that
    /// is known here, as far as they were verified.
    const std::vector<TlsCertificate>& certificates() const noexcept { return certificates_; }

    // ---- for the filter and the stream ----
    using Context = std::shared_ptr<ssl_ctx_st>;
    using Session = std::shared_ptr<ssl_session_st>;
    void on_handshake(bool resumed) noexcept {
        ++counters_.handshakes;
        if (resumed) ++counters_.resumed;
    }
    void on_certificates(std::vector<TlsCertificate> shown) { certificates_ = std::move(shown); }
    const Context& context() const noexcept { return context_; }
    /// What the files are now. A session that was made under others is forgotten: it would be
    /// resumed without anybody looking at the certificate again.
    void use(Context context) {
        if (context != context_) session_.reset();
        context_ = std::move(context);
    }
    /// A session is for one use, as RFC 8446 asks of tickets: who takes it leaves none.
    Session take_session() noexcept { return std::exchange(session_, nullptr); }
    void keep(Session session, const ssl_ctx_st* of) noexcept {
        if (of == context_.get()) session_ = std::move(session);
    }

  private:
    const TlsOptions options_;
    Counters counters_;
    std::vector<TlsCertificate> certificates_;
    Context context_;
    Session session_;
};

}  // namespace quorumlock::env
