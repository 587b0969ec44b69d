// A name look-up in libuv's thread pool.
#pragma once

#include <string>
#include <vector>

#include <uv.h>

#include "lib/env/env.h"

namespace quorumlock::env {

class UvCore;

class UvLookup final : public Lookup, private Task {
  public:
    UvLookup(UvCore& core, const std::string& host, LookupEvents& events);
    ~UvLookup() override;

    /// Gives up at once and stays silent; the loop is going away.
    void shut() noexcept;

  private:
    /// What the pool knows of; it outlives the look-up until the pool has answered, which may
    /// be after the core has gone.
    struct Request {
        uv_getaddrinfo_t request{};
        UvCore* core = nullptr;
        UvLookup* lookup = nullptr;  ///< Null once the look-up is silent; so is core then.
    };

    static void on_answer(uv_getaddrinfo_t* request, int status, addrinfo* found);
    int ask(const std::string& host);
    void run() override;
    void collect(int status, const addrinfo* found);

    UvCore* core_;
    LookupEvents& events_;
    Request* request_ = nullptr;
    std::vector<std::string> addresses_;
    std::string why_;
};

}  // namespace quorumlock::env
