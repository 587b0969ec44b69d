// A Dapr sidecar's lock API as a function: a request in, what its store is asked or the answer out.
// No clock, no store, no lies: those are SimDapr's. tests/sim/truth compares it with a real
// sidecar.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/env/http.h"

namespace quorumlock::sim {

struct HttpSaid {
    int status = 200;
    std::string type = "application/json";
    std::string body;
};

struct DaprAsk {
    enum class What : std::uint8_t { nothing, lock, unlock };
    What what = What::nothing;
    HttpSaid answer;  ///< Where it asks for nothing.
    std::string resource, owner;
    std::int64_t seconds = 0;
};

class DaprApi {
  public:
    /// `keys`: what it puts before a resource; `store`: its one component.
    DaprApi(std::string keys, std::string store, std::string token = {})
        : keys_(std::move(keys)), store_(std::move(store)), token_(std::move(token)) {}

    DaprAsk read(env::HttpRequest::Method method, std::string_view target,
                 const std::vector<std::string>& headers, std::string_view body) const;
    /// What Redis is asked, as Dapr's lock.redis does.
    std::vector<std::string> command(const DaprAsk& ask) const;
    /// What becomes of Redis' reply.
    HttpSaid answer(const DaprAsk& ask, std::string_view reply) const;
    /// Its store cannot be asked, or has said this.
    HttpSaid store_error(const DaprAsk& ask, std::string_view why) const;

  private:
    DaprAsk read_ask(DaprAsk ask, std::string_view store, std::string_view body) const;

    const std::string keys_, store_, token_;
};

}  // namespace quorumlock::sim
