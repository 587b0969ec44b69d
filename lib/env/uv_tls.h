// What the TLS streams of one loop share. Made when the first one is: most services have none.
#pragma once

#include <memory>
#include <vector>

#include "lib/env/task_queue.h"
#include "lib/env/tls_context.h"
#include "lib/env/tls_filter.h"

namespace quorumlock::env {

class TlsStream;

class UvTls {
  public:
    UvTls();
    UvTls(const UvTls&) = delete;
    UvTls& operator=(const UvTls&) = delete;
    ~UvTls();

    /// A step of a handshake takes up to a millisecond of arithmetic: a few of them in each turn
    /// of the loop, in order. True: more are waiting.
    bool run_steps();
    /// Before the streams below are flushed.
    void encrypt();
    void shut();

    void add(TlsStream& stream) { streams_.push_back(&stream); }
    void remove(TlsStream& stream) noexcept;
    void add_dirty(TlsStream& stream) { dirty_.push_back(&stream); }
    void remove_dirty(TlsStream& stream) noexcept;
    void queue(Task& step) noexcept { steps_.push(step); }
    void unqueue(Task& step) noexcept { steps_.remove(step); }

    const bio_method_st* method() const noexcept { return method_.get(); }
    TlsContexts& contexts() noexcept { return contexts_; }
    /// For one on_data() at a time.
    static constexpr std::size_t kBufferBytes = 64 * 1024;
    char* buffer() noexcept { return buffer_.get(); }

  private:
    TlsFilter::Method method_;
    TlsContexts contexts_;
    TaskQueue steps_;
    std::vector<TlsStream*> streams_;
    std::vector<TlsStream*> dirty_;
    std::unique_ptr<char[]> buffer_;
};

}  // namespace quorumlock::env
