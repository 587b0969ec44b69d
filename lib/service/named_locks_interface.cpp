// How execute() works over any implementation of the three verbs.
#include <quorumlock/named_locks_interface.h>

#include <string>

namespace quorumlock {

namespace {

class ByName final : public detail::RunHold {
  public:
    ByName(NamedLocksInterface& locks, std::string_view resource)
        : locks_(locks), resource_(resource) {}
    ~ByName() override {
        if (!ended_) (void)locks_.release(resource_);
    }

    std::stop_token lost() const override { return {}; }
    Operation<bool> end() override {
        ended_ = true;
        return locks_.release(resource_);
    }

  private:
    NamedLocksInterface& locks_;
    const std::string resource_;
    bool ended_ = false;
};

}  // namespace

Operation<detail::RunHoldPtr> NamedLocksInterface::acquire_for_run(std::string_view resource,
                                                                   Nanos expiry,
                                                                   std::stop_token stop) {
    return detail::and_then<detail::RunHoldPtr>(
        try_acquire(resource, expiry, std::move(stop)),
        [this, name = std::string(resource)](Result<bool> acquired) -> Result<detail::RunHoldPtr> {
            if (!acquired) return std::move(acquired).error();
            if (!*acquired) return detail::RunHoldPtr();
            return detail::RunHoldPtr(std::make_unique<ByName>(*this, name));
        });
}

}  // namespace quorumlock
