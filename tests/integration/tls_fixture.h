// Real Redis servers that speak TLS, with certificates of a test's own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/integration/five_redis.h"
#include "tests/support/certificates.h"
#include "tests/support/temp_dir.h"

namespace quorumlock::testing {

class TlsServers : public ::testing::Test {
  protected:
    RedisTls tls(const CertificateFiles& files, std::string query = {}) const {
        return {.ca = authority_.file(),
                .cert = files.cert,
                .key = files.key,
                .query = std::move(query)};
    }
    /// One more server; `files` are its own.
    RedisServer& add(RedisTls set_up) {
        RedisOptions options;
        options.tls = std::move(set_up);
        servers_.push_back(std::make_unique<RedisServer>(options));
        return *servers_.back();
    }
    void start(int count) {
        for (int i = 0; i < count; ++i) add(tls(files_));
    }
    std::vector<std::string> uris() const { return uris_of(servers_); }
    std::string ca() const { return "ca=" + authority_.file(); }
    bool empty() {
        return eventually([&] {
            for (const auto& server : servers_) {
                if (server->command({"EXISTS", "r"}) != "0") return false;
            }
            return true;
        });
    }

    TempDir dir_;
    Authority authority_{dir_};
    CertificateFiles files_ = authority_.issue("server");
    std::vector<std::unique_ptr<RedisServer>> servers_;
};

}  // namespace quorumlock::testing
