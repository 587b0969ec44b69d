// How a node URI is taken apart. Internal to lib/nodes; node_uri.h is what others use.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "lib/nodes/node_uri.h"

namespace quorumlock::nodes::uri {

Error invalid(std::string message);

/// Parses one URI. Each step answers nullopt, or what is wrong. Texts of ours show a part of the
/// URI only where it certainly is no part of a password: `shown_` grows as parts are understood.
class Parser {
  public:
    explicit Parser(std::string_view text) : rest_(text) {}

    Result<NodeUri> parse() {
        for (const auto step : {&Parser::whole, &Parser::scheme, &Parser::body, &Parser::query,
                                &Parser::passwords, &Parser::tls}) {
            if (auto error = (this->*step)()) return *std::move(error);
        }
        if (uri_.label.empty()) uri_.label = uri_.address();
        return std::move(uri_);
    }

  private:
    using Failed = std::optional<Error>;

    Failed whole();
    Failed scheme();
    Failed query();
    Failed query_part(std::string_view part);
    Failed set(std::string_view key, std::string value);
    Failed body();
    Failed tcp_body();
    Failed unix_body();
    Failed dapr_body();
    Failed store(std::string name);
    Failed user_info(std::string_view text);
    Failed host_and_port(std::string_view text, bool user_given);
    Failed ipv6_host(std::string_view text, std::string_view& after);
    Failed name_host(std::string_view text);
    Failed host_size(std::string_view host) const;
    Failed port(std::string_view digits);
    Failed database(std::string_view digits, std::string_view where);
    Failed passwords();
    Failed set_tls(std::string_view key, std::string value);
    Failed tls();

    void show_host(bool user_given);
    std::string host_text() const;
    std::string example() const;
    std::string_view known_keys() const;
    Error at(std::string_view message) const { return invalid(shown_ + std::string(message)); }

    std::string_view rest_;
    std::string scheme_;
    std::string_view query_;
    bool has_query_ = false;
    bool query_may_be_secret_ = false;
    std::string shown_;  ///< What messages may repeat, with ": " behind it.
    std::array<std::string_view, 8> seen_{};
    std::size_t seen_count_ = 0;
    NodeUri uri_;
};

}  // namespace quorumlock::nodes::uri
