#include "tools/cli/doctor_ask.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "lib/env/uv_env.h"
#include "lib/nodes/node_uri.h"

namespace quorumlock::cli {
namespace {

/// Long enough to see clocks run apart by a hundredth, short enough to wait for.
constexpr Nanos kClockSpan = std::chrono::milliseconds(250);

bool is_loopback(const std::string& address) {
    return address.starts_with("127.") || address == "::1" || address == "localhost" ||
           address.starts_with("::ffff:127.") || address.starts_with('/');
}

/// A loop for a few connections, driven by whoever waits for their end.
class Checkups final : private env::UvEnv::TurnEvents, private nodes::CheckupEvents {
  public:
    Result<void> open() {
        auto made = env::UvEnv::create(nullptr, *this);
        if (!made) return std::move(made).error();
        env_ = std::move(*made);
        return {};
    }
    ~Checkups() {
        all_.clear();
        if (env_) env_->close_handles({});
    }

    void start(nodes::NodeUri uri, nodes::CheckupOptions options) {
        nodes::CheckupEvents& events = *this;
        all_.push_back(std::make_unique<nodes::RedisCheckup>(std::move(uri), std::move(options),
                                                             *env_, events));
        all_.back()->start();
        ++open_;
    }
    void wait() {
        while (open_ > 0) env_->turn(true);
    }
    std::chrono::seconds wall() const {
        return std::chrono::floor<std::chrono::seconds>(env_->wall_now());
    }
    const nodes::RedisFacts& facts(std::size_t i) const { return all_[i]->facts(); }

  private:
    void before_wait() override {}
    bool about_to_wait() override { return false; }
    void woke() override {}
    void on_checked() override { --open_; }

    std::unique_ptr<env::UvEnv> env_;
    std::vector<std::unique_ptr<nodes::RedisCheckup>> all_;
    int open_ = 0;
};

/// A node of another kind, asked by a service of its own.
struct Other {
    std::size_t index;
    LockService service;
    Operation<std::vector<NodeInfo>> asked;
};

Result<Other> ask_other(std::size_t index, const std::string& uri, const ServiceOptions& options) {
    auto service = LockService::open({uri}, options);
    if (!service) return std::move(service).error();
    auto asked = service->nodes();
    return Other{index, std::move(*service), std::move(asked)};
}

Result<std::vector<nodes::NodeUri>> parse_all(const std::vector<std::string>& texts) {
    if (texts.size() > limits::kMaxNodes) {
        return Error(Errc::invalid_argument,
                     std::to_string(texts.size()) + " nodes were given; at most 32 are possible");
    }
    std::vector<nodes::NodeUri> uris;
    for (const std::string& text : texts) {
        auto uri = nodes::parse_node_uri(text);
        if (!uri) return std::move(uri).error();
        uris.push_back(std::move(*uri));
    }
    return uris;
}

const char* kind_of(const nodes::NodeUri& uri) {
    if (uri.is_dapr()) return "dapr";
    return uri.kind == nodes::NodeUri::Kind::memory ? "memory" : "redis";
}

/// What is in our own file is told as that, and not as the server's too.
std::vector<DoctorCertificate> certificates_of(const env::TlsOptions& tls,
                                               const nodes::RedisFacts& facts) {
    using Whose = DoctorCertificate::Whose;
    const env::TlsFileCertificates files = env::file_certificates(tls);
    std::vector<DoctorCertificate> all;
    for (const env::TlsCertificate& shown : facts.certificates) {
        if (all.empty()) {
            all.push_back({Whose::server, shown});
        } else if (std::find(files.ca.begin(), files.ca.end(), shown) == files.ca.end()) {
            all.push_back({Whose::authority, shown});
        }
    }
    for (const env::TlsCertificate& own : files.own) all.push_back({Whose::client, own});
    for (const env::TlsCertificate& ca : files.ca) all.push_back({Whose::ca, ca});
    return all;
}

nodes::CheckupOptions options_for(const ServiceOptions& service, const DoctorQuestions& questions) {
    nodes::CheckupOptions options;
    options.time_limit = service.connect_timeout;
    options.clock_span = kClockSpan;
    options.client_name = service.client_name;
    options.resource = questions.resource;
    options.scan_pattern = questions.scan_pattern;
    options.scan_limit = questions.scan_limit;
    options.scan_max_ttl = service.max_ttl;
    return options;
}

}  // namespace

bool DoctorNode::answered() const {
    return redis ? redis->failed.kind == CauseClass::none : told.ready || told.cause.empty();
}

Result<std::vector<DoctorNode>> ask_all(const Settings& settings,
                                        const DoctorQuestions& questions) {
    auto uris = parse_all(settings.nodes);
    if (!uris) return std::move(uris).error();
    Checkups checkups;
    if (auto opened = checkups.open(); !opened) return std::move(opened).error();

    std::vector<DoctorNode> all;
    std::vector<Other> others;
    std::vector<std::size_t> places;  // of the checkups
    for (std::size_t i = 0; i < uris->size(); ++i) {
        const nodes::NodeUri& uri = (*uris)[i];
        DoctorNode node;
        node.label = uri.label;
        node.kind = kind_of(uri);
        node.identity = uri.identity();
        all.push_back(std::move(node));
        if (uri.tls) all.back().tls = uri.tls->verify;
        if (all.back().kind != std::string_view("redis")) {
            auto other = ask_other(i, settings.nodes[i], settings.service);
            if (!other) return std::move(other).error();
            others.push_back(std::move(*other));
            continue;
        }
        checkups.start(uri, options_for(settings.service, questions));
        places.push_back(i);
    }
    checkups.wait();
    for (std::size_t i = 0; i < places.size(); ++i) {
        DoctorNode& node = all[places[i]];
        node.redis = checkups.facts(i);
        node.wall = checkups.wall();
        if (const auto& tls = (*uris)[places[i]].tls) {
            node.certificates = certificates_of(*tls, *node.redis);
        }
        const bool tcp = (*uris)[places[i]].kind == nodes::NodeUri::Kind::redis_tcp;
        node.over_network =
            tcp && !node.redis->address.empty() && !is_loopback(node.redis->address);
    }
    for (Other& other : others) {
        auto told = other.asked.get();
        if (!told) return std::move(told).error();
        all[other.index].told = std::move(told->front());
    }
    return all;
}

}  // namespace quorumlock::cli
