// One HTTP request over a connection of its own, blocking: what a test asks behind our back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quorumlock::testing {

struct HttpResult {
    int status = 0;  ///< 0: there was no connection, or no whole answer within 20 s.
    std::string head, body;
};

/// `headers`: whole lines without their ends.
HttpResult http_request(std::uint16_t port, const std::string& method, const std::string& target,
                        const std::string& body = {}, const std::vector<std::string>& headers = {});
HttpResult http_request_on(const std::string& socket_path, const std::string& method,
                           const std::string& target);

}  // namespace quorumlock::testing
