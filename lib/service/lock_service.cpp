// The public service: checks what is asked, then hands it to the loop.
#include <quorumlock/lock_service.h>

#include <algorithm>
#include <set>

#include "lib/env/loop_runner.h"
#include "lib/nodes/node_uri.h"
#include "lib/service/errors.h"
#include "lib/service/service_state.h"

namespace quorumlock {

using detail::OperationState;
using detail::ServiceState;
using detail::Verb;

namespace {

constexpr std::size_t kMostBreaker = 256;  ///< Bytes of a name.

/// Rule D1: several sidecars are most often ways to one Redis, which then has several votes.
std::optional<Error> check_independence(const std::vector<nodes::NodeUri>& uris) {
    const auto is_dapr = [](const nodes::NodeUri& uri) { return uri.is_dapr(); };
    if (std::count_if(uris.begin(), uris.end(), is_dapr) < 2) return std::nullopt;
    for (const nodes::NodeUri& uri : uris) {
        if (!uri.is_dapr() || uri.independent) continue;
        return Error(Errc::invalid_argument,
                     "the node " + uri.label +
                         ": two Dapr sidecars that share a Redis are one vote counted twice; add "
                         "independent=yes to each Dapr URI when every one has a Redis of its own");
    }
    return std::nullopt;
}

Result<std::vector<nodes::NodeUri>> parse_uris(const std::vector<std::string>& uris) {
    std::vector<nodes::NodeUri> parsed;
    std::set<std::string> seen;
    for (const std::string& uri : uris) {
        auto node = nodes::parse_node_uri(uri);
        if (!node) return std::move(node).error();
        const std::string identity = node->identity();
        if (!identity.empty() && !seen.insert(identity).second) {
            return Error(Errc::duplicate_node,
                         "the node " + node->label + " was given twice: each server has one vote");
        }
        if (auto error = nodes::check_files(*node)) return *std::move(error);
        parsed.push_back(std::move(*node));
    }
    if (auto error = check_independence(parsed)) return *std::move(error);
    return parsed;
}

std::optional<Error> check_count(std::size_t nodes) {
    if (nodes == 0) return Error(Errc::invalid_argument, "no nodes: at least one is needed");
    if (nodes <= limits::kMaxNodes) return std::nullopt;
    return Error(Errc::invalid_argument,
                 std::to_string(nodes) + " nodes were given; at most 32 are possible");
}

OperationState& start(const std::shared_ptr<ServiceState>& service, Verb verb,
                      std::string_view resource, std::optional<Error> refused) {
    OperationState& operation = service->new_operation(verb);
    auto bad_name = detail::check_resource(resource, service->core().settings());
    operation.resource.assign(bad_name ? std::string_view{} : resource);
    if (!refused) refused = std::move(bad_name);
    operation.refused = std::move(refused);
    return operation;
}

std::optional<Error> set_token(OperationState& operation, std::string_view token) {
    const auto parsed = Token::parse(token);
    if (!parsed) {
        return Error(Errc::invalid_argument, "token must be 32 lower-case hexadecimal digits");
    }
    operation.token = *parsed;
    return std::nullopt;
}

}  // namespace

Result<LockService> LockService::open(std::vector<std::string> uris, ServiceOptions options) {
    auto checked = detail::check_options(options);
    if (!checked) return std::move(checked).error();
    auto parsed = parse_uris(uris);
    if (!parsed) return std::move(parsed).error();
    if (auto error = check_count(parsed->size() + options.nodes.size())) return *std::move(error);
    auto runner = env::LoopRunner::create(options.loop);
    if (!runner) return std::move(runner).error();
    env::LoopRunner& loop = **runner;

    ServiceState::Nodes nodes;
    const nodes::NodeOptions node_options{options.connect_timeout, options.max_backlog,
                                          options.client_name, checked->options.fence_retention};
    for (auto& uri : *parsed) {
        nodes.push_back(nodes::make_node(std::move(uri), node_options, loop.env()));
    }
    return detail::open_service(options, std::move(nodes), std::move(*runner), loop.env(), &loop);
}

Result<LockService> detail::open_service(const ServiceOptions& options, ServiceState::Nodes nodes,
                                         std::unique_ptr<env::Runner> runner, env::Env& env,
                                         env::LoopRunner* loop_runner,
                                         std::shared_ptr<env::Env> kept) {
    auto settings = check_options(options);
    if (!settings) return std::move(settings).error();
    if (auto error = check_count(nodes.size() + options.nodes.size())) return *std::move(error);
    std::shared_ptr<NodeLoop> node_loop;
    if (!options.nodes.empty()) {
        settings->options.nodes.clear();  // what they hold is not ours to keep
        node_loop = std::make_shared<NodeLoop>(env, *runner, std::move(kept));
        if (auto error = make_own_nodes(options.nodes, node_loop, nodes)) {
            node_loop->end();
            if (loop_runner != nullptr) loop_runner->drain();
            return *std::move(error);
        }
    }
    return make_service(std::make_shared<ServiceState>(std::move(runner), env, loop_runner,
                                                       std::move(*settings), std::move(nodes),
                                                       std::move(node_loop)));
}

LockService detail::make_service(std::shared_ptr<ServiceState> state) {
    state->open();
    return LockService(std::move(state));
}

LockService::LockService(std::shared_ptr<ServiceState> state) noexcept : state_(std::move(state)) {}
LockService::LockService(LockService&&) noexcept = default;

LockService& LockService::operator=(LockService&& other) noexcept {
    if (this != &other) {
        if (state_) ServiceState::shut_down(std::move(state_));
        state_ = std::move(other.state_);
    }
    return *this;
}

LockService::~LockService() {
    if (state_) ServiceState::shut_down(std::move(state_));
}

OperationState& detail::start_acquire(const std::shared_ptr<ServiceState>& service,
                                      std::string_view resource, const AcquireOptions& options) {
    if (service->runner().forked()) return service->closed_operation(Verb::acquire);
    OperationState& operation = quorumlock::start(
        service, Verb::acquire, resource, check_acquire(options, service->core().settings()));
    operation.ttl = options.ttl;
    operation.wait = options.wait;
    operation.renew = options.renew;
    operation.fence = options.fence && service->core().settings().abilities.fence;
    // Before the start: behind it the nodes may have granted already.
    if (!operation.refused && options.stop.stop_requested()) operation.refused = cancelled_error();
    service->start(operation);
    operation.watch_stop(options.stop);
    return operation;
}

Operation<Lock> LockService::acquire(std::string_view resource, AcquireOptions options) {
    return Operation<Lock>(&detail::start_acquire(state_, resource, options));
}

Operation<Lock> LockService::try_acquire(std::string_view resource, AcquireOptions options) {
    options.wait = Nanos{0};
    return acquire(resource, std::move(options));
}

Operation<void> LockService::extend(std::string_view resource, std::string_view token, Nanos ttl) {
    if (state_->runner().forked()) {
        return Operation<void>(&state_->closed_operation(Verb::extend_token));
    }
    OperationState& operation = start(state_, Verb::extend_token, resource,
                                      detail::check_extend(ttl, state_->core().settings()));
    if (!operation.refused) operation.refused = set_token(operation, token);
    operation.ttl = ttl;
    state_->start(operation);
    return Operation<void>(&operation);
}

Operation<void> LockService::release(std::string_view resource, std::string_view token) {
    if (state_->runner().forked()) {
        return Operation<void>(&state_->closed_operation(Verb::release_token));
    }
    OperationState& operation = start(state_, Verb::release_token, resource, std::nullopt);
    if (!operation.refused) operation.refused = set_token(operation, token);
    state_->start(operation);
    return Operation<void>(&operation);
}

Operation<void> LockService::break_lock(std::string_view resource, std::string_view token,
                                        std::string_view by) {
    if (state_->runner().forked()) {
        return Operation<void>(&state_->closed_operation(Verb::release_token));
    }
    const bool bad = by.empty() || by.size() > kMostBreaker;
    OperationState& operation = start(
        state_, Verb::release_token, resource,
        bad ? std::optional(Error(Errc::invalid_argument, "by is " + std::to_string(by.size()) +
                                                              " bytes; 1 .. 256 are possible"))
            : std::nullopt);
    if (!operation.refused) operation.refused = set_token(operation, token);
    operation.broken_by = std::make_unique<std::string>(by.substr(0, kMostBreaker));
    state_->start(operation);
    return Operation<void>(&operation);
}

Operation<Inspection> LockService::inspect(std::string_view resource) {
    if (state_->runner().forked()) {
        return Operation<Inspection>(&state_->closed_operation(Verb::inspect));
    }
    OperationState& operation =
        start(state_, Verb::inspect, resource, detail::check_inspect(state_->core().settings()));
    state_->start(operation);
    return Operation<Inspection>(&operation);
}

Operation<std::vector<NodeInfo>> LockService::nodes() {
    const bool forked = state_->runner().forked();
    OperationState& operation =
        forked ? state_->closed_operation(Verb::nodes) : state_->new_operation(Verb::nodes);
    if (!forked) state_->start(operation);
    return Operation<std::vector<NodeInfo>>(&operation);
}

Operation<void> LockService::close() {
    const bool forked = state_->runner().forked();
    OperationState& operation =
        forked ? state_->closed_operation(Verb::close) : state_->new_operation(Verb::close);
    if (!forked) state_->start(operation);
    return Operation<void>(&operation);
}

ServiceStats LockService::stats() const { return state_->stats(); }

}  // namespace quorumlock
