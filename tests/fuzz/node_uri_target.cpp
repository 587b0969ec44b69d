// Node URIs: what is accepted is within its bounds and means the same when it is written again;
// what is refused is refused in one line without a password.
#include <string>
#include <string_view>

#include "lib/nodes/node_uri.h"
#include "tests/fuzz/input.h"

namespace quorumlock::fuzz {
namespace {

using nodes::NodeUri;
using Kind = NodeUri::Kind;

/// All of it encoded, so that no part depends on how the reader splits it.
std::string encoded(std::string_view text) {
    constexpr char kHex[] = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += kHex[byte >> 4];
        out += kHex[byte & 15];
    }
    return out;
}

class Written {
  public:
    explicit Written(const NodeUri& uri) {
        start(uri);
        add("name", uri.label);
        const bool token = uri.is_dapr();
        add(token ? "token_file" : "password_file", uri.password_file);
        add(token ? "token_env" : "password_env", uri.password_env);
        if (uri.independent) add("independent", "yes");
        if (uri.tls) {
            add("ca", uri.tls->ca);
            add("cert", uri.tls->cert);
            add("key", uri.tls->key);
            add("sni", uri.tls->sni);
            using Verify = env::TlsOptions::Verify;
            add("verify", uri.tls->verify == Verify::full    ? "full"
                          : uri.tls->verify == Verify::chain ? "ca"
                                                             : "none");
        }
    }
    std::string text;

  private:
    void start(const NodeUri& uri) {
        const bool v6 = uri.host.find(':') != uri.host.npos;
        const std::string host = v6 ? "[" + encoded(uri.host) + "]" : encoded(uri.host);
        switch (uri.kind) {
            case Kind::redis_tcp:
                text = uri.tls ? "rediss://" : "redis://";
                if (!uri.user.empty() || !uri.password.empty()) {
                    text += encoded(uri.user) + ":" + encoded(uri.password) + "@";
                }
                text += host + ":" + std::to_string(uri.port) + "/" + std::to_string(uri.database);
                break;
            case Kind::redis_unix:
                text = "unix:///" + encoded(uri.path.substr(1));
                add("user", uri.user);
                add("db", std::to_string(uri.database));
                break;
            case Kind::dapr_tcp:
                text = "dapr://" + host;
                if (uri.port != 0) text += ":" + std::to_string(uri.port);
                text += "/" + encoded(uri.store);
                break;
            case Kind::dapr_unix:
                text = "dapr+unix:///" + encoded(uri.path.substr(1));
                add("store", uri.store);
                break;
            case Kind::memory:
                text = "memory:";
                break;
        }
    }
    void add(std::string_view key, std::string_view value) {
        if (value.empty()) return;
        text += text.find('?') == text.npos ? '?' : '&';
        text.append(key) += "=" + encoded(value);
    }
};

void check_accepted(const NodeUri& uri) {
    FUZZ_CHECK(is_one_line(uri.label));
    FUZZ_CHECK(uri.host.size() <= 253 && uri.path.size() <= 107 && uri.store.size() <= 253);
    FUZZ_CHECK(uri.database >= 0 && uri.database <= 1'000'000);
    FUZZ_CHECK(uri.kind != Kind::redis_tcp || (uri.port != 0 && !uri.host.empty()));
    FUZZ_CHECK(!uri.tls || (uri.tls->cert.empty() == uri.tls->key.empty()));
    const int secrets = (uri.password.empty() ? 0 : 1) + (uri.password_file.empty() ? 0 : 1) +
                        (uri.password_env.empty() ? 0 : 1);
    FUZZ_CHECK(secrets <= 1);
    const std::string warning = warning_about(uri);
    FUZZ_CHECK(warning.empty() || is_one_line(warning));

    const Written again(uri);
    if (again.text.size() > 4096) return;  // encoded it is three times as long
    const auto read = nodes::parse_node_uri(again.text);
    // A label that is no name fits nowhere else: a path may be longer than a name.
    if (!read) {
        FUZZ_CHECK(uri.label.size() > 128);
        return;
    }
    FUZZ_CHECK(read->kind == uri.kind && read->host == uri.host && read->port == uri.port);
    FUZZ_CHECK(read->path == uri.path && read->database == uri.database);
    FUZZ_CHECK(read->user == uri.user && read->password == uri.password);
    FUZZ_CHECK(read->password_file == uri.password_file);
    FUZZ_CHECK(read->password_env == uri.password_env && read->store == uri.store);
    FUZZ_CHECK(read->independent == uri.independent && read->label == uri.label);
    FUZZ_CHECK(read->identity() == uri.identity() && read->tls.has_value() == uri.tls.has_value());
}

/// A password that no message can have by chance.
constexpr std::string_view kSecret = "Zq9SeCrEtq9Z";

/// The same text with a password behind the user's name: no label, no message may show it.
void check_secret(std::string_view text) {
    const auto slashes = text.find("://");
    if (slashes == text.npos) return;
    std::string with(text.substr(0, slashes + 3));
    with.append("me:").append(kSecret) += "@";
    with += text.substr(slashes + 3);
    const auto read = nodes::parse_node_uri(with);
    if (!read) {
        FUZZ_CHECK(read.error().message().find(kSecret) == std::string::npos);
        return;
    }
    if (read->password.find(kSecret) == std::string::npos) return;
    FUZZ_CHECK(read->label.find(kSecret) == std::string::npos);
    FUZZ_CHECK(read->address().find(kSecret) == std::string::npos);
    FUZZ_CHECK(read->identity().find(kSecret) == std::string::npos);
    FUZZ_CHECK(warning_about(*read).find(kSecret) == std::string::npos);
}

}  // namespace
}  // namespace quorumlock::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    using namespace quorumlock;
    const std::string_view text(reinterpret_cast<const char*>(bytes), size);
    const auto uri = nodes::parse_node_uri(text);
    if (uri) {
        fuzz::check_accepted(*uri);
    } else {
        FUZZ_CHECK(uri.error().code() == Errc::invalid_argument);
        FUZZ_CHECK(uri.error().message().starts_with("node URI: "));
        FUZZ_CHECK(fuzz::is_one_line(uri.error().message()));
    }
    fuzz::check_secret(text);
    return 0;
}
