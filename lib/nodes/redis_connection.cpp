#include "lib/nodes/redis_connection.h"

#include "lib/nodes/redis_errors.h"

namespace quorumlock::nodes {

namespace {

std::string with_port(const std::string& host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string::npos;
    return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string milliseconds(Nanos limit) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(limit).count()) +
           " ms";
}

}  // namespace

RedisConnection::RedisConnection(const NodeUri& uri, Nanos limit, env::Env& env,
                                 ConnectionEvents& events)
    : uri_(uri),
      limit_(limit),
      env_(env),
      events_(events),
      tls_(uri.tls ? std::make_shared<env::TlsServer>(*uri.tls) : nullptr) {}

void RedisConnection::connect() {
    drop();
    addresses_.clear();
    next_ = 0;
    if (uri_.kind == NodeUri::Kind::redis_unix) {
        env::Endpoint to;
        to.path = uri_.path;
        start(to);
        return;
    }
    looking_up_ = true;
    env_.arm(timer_, env_.event_now() + limit_);
    lookup_ = env_.look_up(uri_.host, *this);
}

bool RedisConnection::try_next() {
    drop();
    if (next_ >= addresses_.size()) return false;
    start_tcp(addresses_[next_++]);
    return true;
}

/// Connected or not: nothing is waited for.
void RedisConnection::settle() {
    env_.disarm(timer_);
    env_.disarm(probe_timer_);
    probe_.reset();
}

void RedisConnection::drop() {
    settle();
    lookup_.reset();
    stream_.reset();
    open_ = false;
    looking_up_ = false;
}

std::string RedisConnection::where() const {
    if (uri_.kind == NodeUri::Kind::redis_unix) return uri_.path;
    std::string text = with_port(uri_.host, uri_.port);
    if (next_ > 0 && addresses_[next_ - 1] != uri_.host) text += ", " + addresses_[next_ - 1];
    return text;
}

void RedisConnection::start_tcp(const std::string& address) {
    env::Endpoint to;
    to.address = address;
    to.port = uri_.port;
    to.tls = tls_;
    start(to);
}

void RedisConnection::start(const env::Endpoint& to) {
    const Instant now = env_.event_now();
    env_.arm(timer_, now + limit_);
    // Early enough to say why before the time is up.
    if (to.tls) env_.arm(probe_timer_, now + limit_ / 2);
    stream_ = env_.connect(to, *this);
}

void RedisConnection::on_addresses(std::span<const std::string> addresses, std::string_view why) {
    if (!looking_up_) return;
    looking_up_ = false;
    env_.disarm(timer_);
    addresses_.assign(addresses.begin(), addresses.end());
    if (addresses_.empty()) {
        fail(why.empty() ? "the name has no address" : one_line(why));
        return;
    }
    start_tcp(addresses_[next_++]);
}

void RedisConnection::on_open() {
    settle();
    open_ = true;
    events_.on_connected();
}

void RedisConnection::on_data(const char* bytes, std::size_t size) {
    events_.on_bytes(bytes, size);
}

void RedisConnection::on_closed(std::string_view why) {
    open_ = false;
    settle();
    fail(one_line(why));
}

void RedisConnection::on_rejected(std::string_view why) {
    open_ = false;
    settle();
    fail(one_line(why), CauseClass::rejected);
}

void RedisConnection::on_silence() {
    env::Endpoint to;
    to.address = addresses_[next_ - 1];
    to.port = uri_.port;
    PlainProbe::Events& told = *this;
    probe_ = std::make_unique<PlainProbe>(to, env_, told);
}

void RedisConnection::on_plain_text() {
    drop();
    fail("the server speaks plain text, not TLS; use redis:// for a plain port",
         CauseClass::rejected);
}

void RedisConnection::on_limit() {
    const std::string what = looking_up_ ? "no answer from the name service"
                             : uri_.tls  ? "no answer to the connect or the TLS handshake"
                                         : "no answer to the connect";
    drop();
    fail(what + " within " + milliseconds(limit_));
}

void RedisConnection::fail(const std::string& why, CauseClass kind) {
    events_.on_disconnected({kind, why + " (" + where() + ")"});
}

}  // namespace quorumlock::nodes
