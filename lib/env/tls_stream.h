// A Stream that speaks TLS on the wire and plain bytes to its user: the filter over a UvStream. It
// is open when the handshake is done. Plain streams know nothing of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/env/env.h"
#include "lib/env/tls_filter.h"
#include "lib/env/uv_stream.h"

namespace quorumlock::env {

class UvTls;

class TlsStream final : public Stream, private StreamEvents, private Task, private TlsFilter::Wire {
  public:
    /// `to.tls` is set.
    TlsStream(UvCore& core, const Endpoint& to, StreamEvents& events);
    ~TlsStream() override;

    void write(std::string_view bytes) override;
    std::uint64_t accepted() const noexcept override { return accepted_; }
    std::uint64_t sent() const noexcept override;

    /// Makes records of what is buffered; they leave with the loop's turn. Never calls back.
    void encrypt();
    /// The loop is going away.
    void shut() noexcept;

  private:
    enum class State : std::uint8_t { connecting, handshaking, open, failed, closed };
    /// When so much has left of the wire's bytes, so many plain ones have: a record that has not
    /// wholly arrived cannot be read.
    struct Mark {
        std::uint64_t wire, plain;
    };

    void on_open() override;
    void on_data(const char* bytes, std::size_t size) override;
    void on_closed(std::string_view why) override;
    void put(const char* bytes, std::size_t size) override;
    void run() override;
    bool prepare();
    void step();
    void decrypt(std::string_view wire);
    void close(std::string_view why, bool rejected);
    void say_goodbye() noexcept;

    UvTls* tls_;
    StreamEvents& events_;
    const std::shared_ptr<TlsServer> server_;
    UvStream lower_;
    std::optional<TlsFilter> filter_;
    State state_ = State::connecting;
    bool dirty_ = false;
    bool cut_off_ = false;  ///< The lower stream has ended.
    bool* gone_ = nullptr;  ///< Set by the destructor, for who calls back.
    std::string arrived_;   ///< Of the wire, until the handshake's next step.
    std::string plain_;     ///< Not encrypted yet.
    std::vector<Mark> marks_;
    std::uint64_t accepted_ = 0;
    std::uint64_t sent_ = 0;  ///< As of the last encrypt().
    std::string why_;
};

}  // namespace quorumlock::env
