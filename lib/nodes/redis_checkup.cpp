#include "lib/nodes/redis_checkup.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <quorumlock/node.h>

#include "lib/base/told.h"
#include "lib/nodes/node_secret.h"
#include "lib/nodes/redis_errors.h"
#include "lib/nodes/redis_handshake.h"
#include "lib/resp/writer.h"

namespace quorumlock::nodes {

namespace {

constexpr int kLooks = 3;  ///< At a clock, in a row; the quickest answer is the one that counts.
constexpr std::string_view kScanStep = "500";
constexpr std::size_t kKeysAStep = 500;

constexpr std::array<std::string_view, kRights> kNames{"+ping",
                                                       "+set",
                                                       "+get",
                                                       "+getex",
                                                       "+setrange",
                                                       "+del",
                                                       "+pttl",
                                                       "+pexpire",
                                                       "+evalsha",
                                                       "+script|load",
                                                       "+eval",
                                                       "+time",
                                                       "+info",
                                                       "+client|id",
                                                       "+client|kill",
                                                       "+client|setname",
                                                       "+client|tracking",
                                                       "+client|caching",
                                                       "+subscribe"};

std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (bad != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

std::string_view right_name(Right right) noexcept {
    return kNames[static_cast<std::size_t>(right)];
}

RedisCheckup::RedisCheckup(NodeUri uri, CheckupOptions options, env::Env& env,
                           CheckupEvents& events)
    : uri_(std::move(uri)),
      options_(std::move(options)),
      env_(env),
      events_(events),
      connection_(uri_, options_.time_limit, env, *this) {}

void RedisCheckup::start() {
    // A key that nobody has: whatever is written to it only where it exists is not written.
    probe_key_ = std::string(kCounterPrefix) + "checkup:" + std::to_string(env_.random_u64());
    Cause why;
    if (!read_secret(uri_, env_, password_, why)) {
        facts_.failed = std::move(why);
        env_.arm(due_, env_.event_now());
        return;
    }
    connection_.connect();
}

void RedisCheckup::on_connected() {
    reader_ = std::make_unique<resp::Reader>();
    open_.clear();
    answered_ = 0;
    const std::string where = connection_.where();
    const auto looked_up = where.rfind(", ");
    facts_.address = looked_up == std::string::npos ? uri_.host : where.substr(looked_up + 2);
    if (uri_.kind == NodeUri::Kind::redis_unix) facts_.address = uri_.path;
    if (const env::TlsServer* const tls = connection_.tls()) {
        facts_.certificates = tls->certificates();
    }
    facts_.asked = env_.now();
    ask_first();
    ask_rights();
    send();
}

void RedisCheckup::on_disconnected(const Cause& cause) {
    if (answered_ == 0 && connection_.try_next()) return;
    end(cause);
}

void RedisCheckup::on_bytes(const char* bytes, std::size_t size) {
    env_.arm(silence_, env_.event_now() + options_.time_limit);
    reader_->feed(bytes, size);
    for (;;) {
        switch (reader_->next()) {
            case resp::Reader::Next::need_more:
                return;
            case resp::Reader::Next::broken:
                end({CauseClass::broken, reader_->error() + " (" + connection_.where() + ")"});
                return;
            case resp::Reader::Next::value:
                on_reply(reader_->value());
                if (done_) return;
        }
    }
}

void RedisCheckup::ask(Question question, std::initializer_list<std::string_view> words) {
    resp::append_command(out_, words);
    open_.push_back(question);
}

void RedisCheckup::ask_first() {
    if (append_auth(out_, uri_, password_)) open_.push_back({Part::auth});
    if (uri_.database != 0) {
        ask({Part::select}, {"SELECT", resp::Decimal(uri_.database).view()});
    }
    ask({Part::right, Right::client_setname}, {"CLIENT", "SETNAME", options_.client_name});
    ask({Part::right, Right::info}, {"INFO"});
    ask({Part::appendfsync}, {"CONFIG", "GET", "appendfsync"});
}

/// A server decides whether a user may before it looks at what is wanted.
void RedisCheckup::ask_rights() {
    const std::string_view key = probe_key_;
    const auto right = [&](Right which, std::initializer_list<std::string_view> words) {
        ask({Part::right, which}, words);
    };
    right(Right::ping, {"PING"});
    right(Right::set, {"SET", key, "0", "XX", "PX", "1"});
    right(Right::get, {"GET", key});
    right(Right::getex, {"GETEX", key});
    right(Right::setrange, {"SETRANGE", key, "0", ""});
    right(Right::del, {"DEL", key});
    right(Right::pttl, {"PTTL", key});
    right(Right::pexpire, {"PEXPIRE", key, "1"});
    right(Right::evalsha, {"EVALSHA", std::string(40, '0'), "0"});
    right(Right::script_load, {"SCRIPT", "LOAD", "return 1"});
    right(Right::eval, {"EVAL", "return 1", "0"});
    right(Right::time, {"TIME"});
    right(Right::client_id, {"CLIENT", "ID"});
    right(Right::client_kill, {"CLIENT", "KILL", "ID", "0"});
    right(Right::client_tracking, {"CLIENT", "TRACKING", "OFF"});
    right(Right::client_caching, {"CLIENT", "CACHING", "YES"});
    if (!options_.resource.empty()) {
        ask({Part::resource}, {"GET", options_.resource});
        ask({Part::resource}, {"SETRANGE", options_.resource, "0", ""});
    }
}

void RedisCheckup::ask_clock() {
    ask({Part::clock}, {"TIME"});
    send();
}

void RedisCheckup::ask_scan() {
    ask({Part::scan}, {"SCAN", cursor_, "MATCH", options_.scan_pattern, "COUNT", kScanStep});
    send();
}

void RedisCheckup::send() {
    sent_ = env_.now();
    env_.arm(silence_, env_.event_now() + options_.time_limit);
    connection_.write(out_);
    out_.clear();
}

void RedisCheckup::on_reply(const resp::Value& reply) {
    if (answered_ == open_.size()) {
        end({CauseClass::broken, "the server answered more than it was asked"});
        return;
    }
    const Question question = open_[answered_++];
    const bool refused = reply.type == resp::Type::error;
    if (refused && take_hopeless(reply)) return;
    const std::string words = refused ? cause_of(reply.text).text : std::string();
    switch (question.part) {
        case Part::auth:
            if (!refused) break;
            end(cause_of(reply.text));
            return;
        case Part::select:
            facts_.select_refused = words;
            break;
        case Part::right:
            take_right(question.right, reply);
            break;
        case Part::resource:
            if (classify(reply.text).what == ServerError::noperm &&
                reply.text.find("key") != std::string_view::npos) {
                facts_.resource_refused = one_line(reply.text);
            }
            break;
        case Part::appendfsync:
            if (reply.type == resp::Type::array && reply.size == 2) {
                facts_.appendfsync = one_line(reply.elements[1].text);
            }
            break;
        case Part::clock:
            take_clock(reply);
            break;
        case Part::scan:
            if (refused) facts_.scan_refused = words;
            if (!refused) take_keys(reply);
            break;
        case Part::pttl: {
            const std::string& name = keys_[next_key_++];
            const bool long_lived = reply.integer > options_.scan_max_ttl.count() / 1'000'000;
            if (reply.type == resp::Type::integer && (reply.integer == -1 || long_lived)) {
                facts_.odd_keys.push_back({name, reply.integer});
            }
        }
    }
    if (!done_ && answered_ == open_.size()) next_step();
}

/// What makes every further question pointless.
bool RedisCheckup::take_hopeless(const resp::Value& reply) {
    switch (classify(reply.text).what) {
        case ServerError::noauth:
        case ServerError::bad_credentials:
        case ServerError::denied:
        case ServerError::max_clients:
        case ServerError::database:
            end(cause_of(reply.text));
            return true;
        default:
            return false;
    }
}

void RedisCheckup::take_right(Right right, const resp::Value& reply) {
    if (reply.type != resp::Type::error) {
        if (right == Right::info) facts_.info = std::string(reply.text);
        return;
    }
    const ErrorMeaning& meaning = classify(reply.text);
    switch (meaning.what) {
        case ServerError::noperm:
            // The command is looked at before its keys.
            if (reply.text.find("key") != std::string_view::npos) {
                facts_.counter_refused = one_line(reply.text);
            } else if (reply.text.find("channel") != std::string_view::npos) {
                facts_.channel_refused = one_line(reply.text);
            } else {
                facts_.refused[static_cast<std::size_t>(right)] = one_line(reply.text);
            }
            break;
        case ServerError::unknown_command:
            facts_.refused[static_cast<std::size_t>(right)] =
                one_line(reply.text.substr(0, reply.text.find(", with args")));
            break;
        case ServerError::loading:
        case ServerError::busy:
        case ServerError::masterdown:
        case ServerError::no_space:
        case ServerError::readonly:
        case ServerError::cluster:
            facts_.writes_refused = cause_of(reply.text);
            break;
        default:
            break;
    }
}

void RedisCheckup::take_clock(const resp::Value& reply) {
    const Instant now = env_.now();
    const Nanos trip = now - sent_;
    if (facts_.round_trip == Nanos{0} || trip < facts_.round_trip) facts_.round_trip = trip;
    if (reply.type != resp::Type::array || reply.size != 2) return;
    const auto seconds = number(reply.elements[0].text);
    const auto micros = number(reply.elements[1].text);
    if (!seconds || !micros || *seconds < 0 || *micros < 0 || *micros >= 1'000'000) return;
    const Nanos shown = told<std::chrono::seconds>(*seconds) + std::chrono::microseconds(*micros);
    const ClockSample sample{shown - (env_.wall_now() - trip / 2), trip / 2, now - trip / 2};
    auto& kept = clock_looks_ <= kLooks ? facts_.first_clock : facts_.last_clock;
    if (!kept || sample.off < kept->off) kept = sample;
}

void RedisCheckup::take_keys(const resp::Value& reply) {
    if (reply.type != resp::Type::array || reply.size != 2) {
        facts_.scan_refused = "SCAN was answered by a reply of the wrong type";
        return;
    }
    cursor_ = std::string(reply.elements[0].text);
    facts_.scanned += kKeysAStep;
    keys_.clear();
    next_key_ = 0;
    const resp::Value& found = reply.elements[1];
    for (std::size_t i = 0; i < found.size; ++i) {
        const std::string_view name = found.elements[i].text;
        if (!name.starts_with(kCounterPrefix)) keys_.emplace_back(name);
    }
    for (const std::string& name : keys_) ask({Part::pttl}, {"PTTL", name});
    if (!keys_.empty()) send();
}

/// Everything asked is answered.
void RedisCheckup::next_step() {
    open_.clear();
    answered_ = 0;
    if (clock_looks_ < 2 * kLooks) {
        if (clock_looks_++ == kLooks && options_.clock_span > Nanos{0}) {
            env_.disarm(silence_);
            env_.arm(due_, env_.event_now() + options_.clock_span);
            return;
        }
        ask_clock();
        return;
    }
    const bool scanning = !options_.scan_pattern.empty() && facts_.scan_refused.empty();
    facts_.scan_complete = scanning && facts_.scanned > 0 && cursor_ == "0";
    if (scanning && !facts_.scan_complete && facts_.scanned < options_.scan_limit) {
        ask_scan();
        return;
    }
    if (!std::exchange(subscribed_, true)) {
        ask({Part::right, Right::subscribe}, {"SUBSCRIBE", "__redis__:invalidate"});
        send();
        return;
    }
    end({});
}

void RedisCheckup::on_due() {
    if (facts_.failed.kind != CauseClass::none) {
        end(facts_.failed);
    } else {
        ask_clock();
    }
}

void RedisCheckup::on_silence() {
    const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(options_.time_limit);
    end({CauseClass::silent, "connected, but no answer within " + std::to_string(limit.count()) +
                                 " ms (" + connection_.where() + ")"});
}

void RedisCheckup::end(Cause cause) {
    if (std::exchange(done_, true)) return;
    facts_.failed = std::move(cause);
    env_.disarm(silence_);
    env_.disarm(due_);
    connection_.drop();
    events_.on_checked();
}

}  // namespace quorumlock::nodes
