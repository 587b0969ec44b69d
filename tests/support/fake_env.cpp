#include "tests/support/fake_env.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

namespace quorumlock::testing {

class FakeStream final : public env::Stream {
  public:
    explicit FakeStream(env::StreamEvents& events) : events_(&events) {}
    ~FakeStream() override {
        if (connection_ != nullptr) {
            connection_->stream_ = nullptr;
            connection_->dropped_ = true;
        }
    }

    void write(std::string_view bytes) override {
        QL_CHECK(connection_ == nullptr || connection_->opened_);
        buffer_.append(bytes);
        accepted_ += bytes.size();
    }
    std::uint64_t accepted() const noexcept override { return accepted_; }
    std::uint64_t sent() const noexcept override { return accepted_ - buffer_.size(); }

    env::StreamEvents* events_;
    std::shared_ptr<FakeConnection> connection_;  ///< Null once closed by the server.
    std::string buffer_;
    std::uint64_t accepted_ = 0;
};

class FakeLookup final : public env::Lookup {
  public:
    FakeLookup(FakeEnv& env, std::string host, env::LookupEvents& events)
        : host_(std::move(host)), events_(&events), env_(&env) {
        env.lookups_.push_back(this);
    }
    ~FakeLookup() override { std::erase(env_->lookups_, this); }

    std::string host_;
    env::LookupEvents* events_;

  private:
    FakeEnv* env_;
};

/// The client's side of one HTTP request.
class FakeHttpCall final : public env::HttpCall, private env::Timer {
  public:
    FakeHttpCall(FakeEnv& env, std::shared_ptr<FakeHttp> request, env::HttpEvents& events)
        : request_(std::move(request)), events_(events) {
        request_->call = this;
        env.arm(*this, env.now() + request_->time_limit);
        env_ = &env;
    }
    ~FakeHttpCall() override {
        if (request_->call != this) return;
        request_->call = nullptr;
        request_->given_up = true;
    }

    void deliver(const env::HttpAnswer& answer) {
        env_->disarm(*this);
        request_->call = nullptr;
        events_.on_answer(answer);  // May destroy this.
    }

  private:
    void fire() override {
        env::HttpAnswer answer;
        answer.why = "no answer within the limit";
        answer.timed_out = answer.may_be_sent = true;
        deliver(answer);
    }

    std::shared_ptr<FakeHttp> request_;
    env::HttpEvents& events_;
    FakeEnv* env_ = nullptr;
};

void FakeHttp::answer(int status, std::string_view said, std::string_view type) {
    env::HttpAnswer answer;
    answer.status = status;
    answer.content_type = type;
    answer.body = said;
    answer.retry_after = retry_after;
    answer.may_be_sent = true;
    deliver(answer);
}

void FakeHttp::answer_cut(int status, std::string_view said) {
    env::HttpAnswer answer;
    answer.status = status;
    answer.body = said;
    answer.cut = answer.may_be_sent = true;
    deliver(answer);
}

void FakeHttp::fail(std::string_view why, bool may_be_sent) {
    env::HttpAnswer answer;
    answer.why = why;
    answer.may_be_sent = may_be_sent;
    deliver(answer);
}

void FakeHttp::deliver(const env::HttpAnswer& answer) {
    if (call != nullptr) call->deliver(answer);
}

void FakeConnection::open() {
    QL_CHECK(stream_ != nullptr && !opened_);
    opened_ = true;
    stream_->events_->on_open();
}

void FakeConnection::close(std::string_view why) {
    if (stream_ == nullptr) return;
    FakeStream* stream = std::exchange(stream_, nullptr);
    env::StreamEvents* events = stream->events_;
    // Nothing may follow on_closed, and the client may keep the stream to read sent().
    const auto self = std::exchange(stream->connection_, nullptr);
    events->on_closed(why);
}

void FakeConnection::feed(std::string_view bytes) {
    QL_CHECK(opened_);
    if (stream_ == nullptr) return;
    stream_->events_->on_data(bytes.data(), bytes.size());
}

std::string FakeConnection::take() {
    std::string fresh = received_.substr(taken_);
    taken_ = received_.size();
    return fresh;
}

void FakeConnection::limit_sends_to(std::uint64_t bytes) { limit_ = bytes; }

bool FakeConnection::flush() {
    if (stream_ == nullptr || stream_->buffer_.empty() || received_.size() >= limit_) return false;
    const std::size_t room = static_cast<std::size_t>(limit_ - received_.size());
    const std::size_t size = std::min(room, stream_->buffer_.size());
    received_.append(stream_->buffer_, 0, size);
    stream_->buffer_.erase(0, size);
    return true;
}

FakeEnv::~FakeEnv() {
    run_tasks();
    for (auto& connection : connections) {
        if (connection->stream_ != nullptr) connection->stream_->connection_.reset();
    }
}

std::unique_ptr<env::Lookup> FakeEnv::look_up(const std::string& host, env::LookupEvents& events) {
    looked_up.push_back(host);
    return std::make_unique<FakeLookup>(*this, host, events);
}

std::unique_ptr<env::Stream> FakeEnv::connect(const env::Endpoint& to, env::StreamEvents& events) {
    auto stream = std::make_unique<FakeStream>(events);
    stream->connection_ = std::make_shared<FakeConnection>(to, stream.get());
    connections.push_back(stream->connection_);
    return stream;
}

std::unique_ptr<env::HttpCall> FakeEnv::request(const env::HttpRequest& request,
                                                env::HttpEvents& events) {
    auto made = std::make_shared<FakeHttp>();
    made->method = request.method;
    made->address = request.address;
    made->socket_path = request.socket_path;
    made->host = request.host;
    made->target = request.target;
    made->body = request.body;
    made->port = request.port;
    made->headers.assign(request.headers.begin(), request.headers.end());
    made->time_limit = request.time_limit;
    requests.push_back(made);
    return std::make_unique<FakeHttpCall>(*this, made, events);
}

bool FakeEnv::tell_requests() {
    if (!on_request) {
        told_requests_ = requests.size();
        return false;
    }
    if (told_requests_ >= requests.size()) return false;
    const auto request = requests[told_requests_++];
    if (request->open()) on_request(*request);
    return true;
}

env::FileContent FakeEnv::variable(const std::string& name) {
    const auto found = variables.find(name);
    if (found == variables.end()) return {false, "", "not set"};
    return {true, found->second, ""};
}

env::FileContent FakeEnv::file(const std::string& path) {
    const auto found = files.find(path);
    if (found == files.end()) return {false, "", "no such file or directory"};
    return {true, found->second, ""};
}

FakeConnection& FakeEnv::last() const {
    QL_CHECK(!connections.empty());
    return *connections.back();
}

bool FakeEnv::answer_lookups() {
    if (hold_lookups || lookups_.empty()) return false;
    FakeLookup* lookup = lookups_.front();
    lookups_.erase(lookups_.begin());
    const std::string host = lookup->host_;
    std::vector<std::string> addresses;
    std::string why;
    if (const auto failed = name_errors.find(host); failed != name_errors.end()) {
        why = failed->second;
    } else if (const auto known = names.find(host); known != names.end()) {
        addresses = known->second;
    } else {
        addresses = {host};
    }
    lookup->events_->on_addresses(addresses, why);
    return true;
}

bool FakeEnv::tell_connects() {
    if (!on_connect) {
        told_ = connections.size();
        return false;
    }
    if (told_ >= connections.size()) return false;
    const auto connection = connections[told_++];
    if (connection->alive()) on_connect(*connection);
    return true;
}

bool FakeEnv::flush() {
    bool any = false;
    for (std::size_t i = 0; i < connections.size(); ++i) {
        const auto connection = connections[i];
        if (!connection->flush()) continue;
        any = true;
        if (on_sent) on_sent(*connection);
    }
    return any;
}

bool FakeEnv::work() { return answer_lookups() || tell_connects() || tell_requests() || flush(); }

}  // namespace quorumlock::testing
