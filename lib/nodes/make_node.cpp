#include <utility>

#include "lib/nodes/dapr_node.h"
#include "lib/nodes/memory_node.h"
#include "lib/nodes/node_uri.h"
#include "lib/nodes/redis_node.h"

namespace quorumlock::nodes {

std::unique_ptr<Node> make_node(NodeUri uri, const NodeOptions& options, env::Env& env) {
    if (uri.kind == NodeUri::Kind::memory) {
        return std::make_unique<MemoryNode>(std::move(uri), options, env);
    }
    if (uri.is_dapr()) return std::make_unique<DaprNode>(std::move(uri), options, env);
    return std::make_unique<RedisNode>(std::move(uri), options, env);
}

}  // namespace quorumlock::nodes
