// A request's handle, its time limit and its one answer. Internal to lib/env.
#pragma once

#include <memory>
#include <string>

#include "lib/env/env.h"
#include "lib/env/uv_http_transfer.h"

namespace quorumlock::env {

class UvHttp;

class UvHttpCall final : public HttpCall, private Timer {
  public:
    UvHttpCall(UvHttp& http, HttpEvents& events) : http_(&http), events_(events) {}
    ~UvHttpCall() override { shut(); }

    void start(const HttpRequest& request);
    /// curl is done with it.
    void finish(CURLcode code);
    /// Gives it up and stays silent.
    void shut() noexcept;

  private:
    void fire() override;

    UvHttp* http_;
    HttpEvents& events_;
    std::unique_ptr<HttpTransfer> transfer_;
    std::string why_;
};

}  // namespace quorumlock::env
