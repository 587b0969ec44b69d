// TLS without a socket: bytes of the wire go in and come out, plain bytes on the other side. A
// client's side only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lib/env/tls.h"

struct bio_method_st;
struct bio_st;
struct ssl_st;
struct x509_store_ctx_st;

namespace quorumlock::env {

class TlsFilter {
  public:
    /// Where the bytes of the wire go.
    class Wire {
      public:
        virtual void put(const char* bytes, std::size_t size) = 0;

      protected:
        ~Wire() = default;
    };
    enum class State : std::uint8_t {
        handshaking,
        open,
        ended,   ///< By the server's close_notify.
        failed,  ///< why() says so.
    };
    /// A record holds no more.
    static constexpr std::size_t kRecordBytes = 16 * 1024;

    using Method = std::unique_ptr<bio_method_st, void (*)(bio_method_st*)>;
    /// The way in and out that all filters of a loop share; outlives them.
    static Method make_method();
    /// To be called once for each context: its sessions then go to their servers.
    static void keep_sessions(ssl_ctx_st* context);

    /// By the server's context(), with the session that is kept of it.
    TlsFilter(TlsServer& server, const bio_method_st* method, Wire& wire);
    TlsFilter(const TlsFilter&) = delete;
    TlsFilter& operator=(const TlsFilter&) = delete;
    ~TlsFilter();

    /// What has come from the wire; it stays the caller's and must stay where it is until it is
    /// used up: when handshake() or read() wants more.
    void feed(std::string_view wire) noexcept { input_ = wire; }
    /// Of it, what is not used up: the handshake leaves what comes behind it.
    std::string_view rest() const noexcept { return input_; }
    /// One step: as far as the input goes. At the first one the first bytes leave.
    State handshake();
    /// As much as there is, up to `size`; 0: there is no more, or the state says why.
    std::size_t read(char* to, std::size_t size);
    /// As one record, of up to kRecordBytes. Open only; false: the state says why.
    bool write(std::string_view plain);
    /// Tells the server that nothing follows.
    void end() noexcept;

    State state() const noexcept { return state_; }
    const std::string& why() const noexcept { return why_; }
    bool rejected() const noexcept { return rejected_; }  ///< It will not pass by itself.

  private:
    static TlsFilter& of(bio_st* bio) noexcept;
    static int on_write(bio_st* bio, const char* bytes, int size);
    static int on_read(bio_st* bio, char* to, int size);
    static long on_control(bio_st* bio, int command, long number, void* pointer);
    static int on_session(ssl_st* ssl, ssl_session_st* session);
    static int on_certificate(int accepted, x509_store_ctx_st* store);

    void prepare(const bio_method_st* method);
    void set_name();
    bool fail_if_not_tls();
    void finish_handshake();
    void fail(std::string why, bool rejected);
    void take_error(int result);

    struct SslFree {
        void operator()(ssl_st* ssl) const noexcept;
    };
    TlsServer& server_;
    Wire& wire_;
    std::unique_ptr<ssl_st, SslFree> ssl_;
    std::string_view input_;
    State state_ = State::handshaking;
    bool heard_ = false;
    bool rejected_ = false;
    std::string why_;
    std::string certificate_fault_;
};

}  // namespace quorumlock::env
