// Takes spans out of a queue, batch by batch, and posts each batch until it is taken or lost. On a
// loop; one batch at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "lib/env/env.h"
#include "lib/telemetry/otlp_settings.h"
#include "lib/telemetry/otlp_text.h"

namespace quorumlock::telemetry {

class OtlpSender final : private env::HttpEvents, private env::LookupEvents {
  public:
    /// What became of a batch.
    struct Outcome {
        std::size_t exported = 0, lost = 0;
        std::string why;  ///< Empty where there is nothing to say.
    };
    class Source {
      public:
        virtual std::size_t waiting() = 0;
        /// Takes out the oldest ones.
        virtual std::vector<FinishedSpan> take(std::size_t most) = 0;
        virtual void on_batch(const Outcome& outcome) = 0;
        /// Somebody waits for what is queued: a batch need not be full, nor old.
        virtual bool hurries() = 0;

      protected:
        ~Source() = default;
    };

    /// `settings`, `env` and `source` must outlive it.
    OtlpSender(const OtlpSettings& settings, env::Env& env, Source& source)
        : settings_(settings), env_(env), source_(source) {}

    /// The queue has got its first span or is worth a batch, or somebody hurries.
    void consider();
    /// Why the batch under way has not been taken yet; empty: there is none, or no answer yet.
    const std::string& trouble() const noexcept { return trouble_; }

  private:
    enum class Phase : std::uint8_t { idle, looking_up, asking, pausing };
    struct Alarm final : env::Timer {
        explicit Alarm(OtlpSender& s) : sender(s) {}
        void fire() override { sender.on_alarm(); }
        OtlpSender& sender;
    };

    void start_batch();
    void attempt();
    void ask();
    void on_addresses(std::span<const std::string> addresses, std::string_view why) override;
    void on_answer(const env::HttpAnswer& answer) override;
    void again(std::string why, Nanos asked_pause);
    void settle(const Outcome& outcome);
    void on_alarm();

    const OtlpSettings& settings_;
    env::Env& env_;
    Source& source_;
    Phase phase_ = Phase::idle;
    std::vector<FinishedSpan> batch_;
    std::string body_;
    std::string trouble_;
    Instant give_up_at_{};
    Instant not_before_{};  ///< No request leaves earlier.
    Nanos backoff_{0};      ///< The last pause; 0 once the receiver has taken something.
    std::vector<std::string> addresses_;
    std::size_t address_ = 0;
    std::unique_ptr<env::Lookup> lookup_;
    std::unique_ptr<env::HttpCall> call_;
    Alarm alarm_{*this};
};

}  // namespace quorumlock::telemetry
