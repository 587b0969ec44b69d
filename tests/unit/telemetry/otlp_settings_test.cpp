// Where spans go: options, variables, and what is told of wrong ones.
#include "lib/telemetry/otlp_settings.h"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_env.h"

namespace quorumlock::telemetry {
namespace {

using namespace std::chrono_literals;

class OtlpSettingsTest : public ::testing::Test {
  protected:
    OtlpSettings read() {
        auto settings = read_otlp_settings(options, env);
        if (!settings) {
            ADD_FAILURE() << settings.error().to_string();
            return {};
        }
        return *settings;
    }
    std::string error() {
        const auto settings = read_otlp_settings(options, env);
        if (settings) return "it is right";
        EXPECT_EQ(settings.error().code(), Errc::invalid_argument);
        return settings.error().to_string();
    }
    std::string where() {
        const OtlpEndpoint to = read().to;
        return to.host + " " + std::to_string(to.port) + " " + to.authority + " " + to.target;
    }

    testing::FakeEnv env;
    OtlpOptions options;
};

TEST_F(OtlpSettingsTest, without_anything_it_is_this_machine) {
    EXPECT_EQ(where(), "localhost 4318 localhost:4318 /v1/traces");
    EXPECT_EQ(read().service_name, "unknown_service");
    EXPECT_TRUE(read().headers.empty());
}

TEST_F(OtlpSettingsTest, the_common_endpoint_gets_the_path_and_the_one_for_traces_does_not) {
    env.variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://collector:4318/base/";
    EXPECT_EQ(where(), "collector 4318 collector:4318 /base/v1/traces");
    env.variables["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "http://[::1]:5";
    EXPECT_EQ(where(), "::1 5 [::1]:5 /");
    options.endpoint = "http://10.0.0.1/x?y=1";
    EXPECT_EQ(where(), "10.0.0.1 80 10.0.0.1 /x?y=1");
}

TEST_F(OtlpSettingsTest, headers_are_decoded_and_kept_secret) {
    env.variables["OTEL_EXPORTER_OTLP_HEADERS"] = "x-key=abc%2Cd , authorization=Bearer%20s3cr3t,";
    EXPECT_EQ(read().headers,
              (std::vector<std::string>{"x-key: abc,d", "authorization: Bearer s3cr3t"}));
    EXPECT_EQ(read().secrets,
              (std::vector<std::string>{"abc,d", "Bearer s3cr3t", "Bearer", "s3cr3t"}));
    env.variables["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] = "only=this";
    EXPECT_EQ(read().headers, (std::vector<std::string>{"only: this"}));
    options.headers = {{"mine", ""}};
    EXPECT_EQ(read().headers, (std::vector<std::string>{"mine;"}));
}

TEST_F(OtlpSettingsTest, the_service_is_named_by_option_then_by_variable) {
    env.variables["OTEL_SERVICE_NAME"] = "shop";
    EXPECT_EQ(read().service_name, "shop");
    options.service_name = "till";
    EXPECT_EQ(read().service_name, "till");
}

TEST_F(OtlpSettingsTest, a_wrong_endpoint_is_one_line_with_its_name_and_never_its_value) {
    for (const char* wrong : {"collector:4318", "http://", "http://user:s3cr3t@host", "http://a:0",
                              "http://a:65536", "http://a:1x", "http://a b/", "http://a/\n",
                              "http://[zz]:1", "ftp://s3cr3t", "http://a/#s3cr3t"}) {
        options.endpoint = wrong;
        EXPECT_EQ(error(), "endpoint must be http://host[:port][/path], with a port of 1 .. 65535")
            << wrong;
    }
    options.endpoint = "https://a";
    EXPECT_EQ(error(),
              "endpoint begins with https://, which is not supported; it must be "
              "http://host[:port][/path]");
    options.endpoint.clear();
    env.variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "grpc://a";
    EXPECT_EQ(error(),
              "OTEL_EXPORTER_OTLP_ENDPOINT must be http://host[:port][/path], with a port of "
              "1 .. 65535");
    env.variables["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] = "a";
    EXPECT_EQ(error().rfind("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT must", 0), 0U) << error();
}

TEST_F(OtlpSettingsTest, a_wrong_header_is_one_line_with_its_name_and_never_its_value) {
    for (const char* wrong : {"s3cr3t", "a=%zs3cr3t", "a=%4"}) {
        env.variables["OTEL_EXPORTER_OTLP_HEADERS"] = wrong;
        EXPECT_EQ(error(),
                  "OTEL_EXPORTER_OTLP_HEADERS must be name=value[,name=value]..., with values "
                  "percent-encoded");
    }
    for (const char* wrong : {"a b=s3cr3t", "=s3cr3t", "Content-Type=s3cr3t", "host=s3cr3t"}) {
        env.variables["OTEL_EXPORTER_OTLP_HEADERS"] = wrong;
        EXPECT_EQ(error(),
                  "OTEL_EXPORTER_OTLP_HEADERS has a name that is none of a header, or one that is "
                  "the request's own")
            << wrong;
    }
    env.variables["OTEL_EXPORTER_OTLP_HEADERS"] = "a=s3cr3t%0d%0aevil: 1";
    EXPECT_EQ(error(), "OTEL_EXPORTER_OTLP_HEADERS has a value with a control character");
}

TEST_F(OtlpSettingsTest, every_number_has_its_bounds) {
    const std::vector<std::pair<std::function<void()>, const char*>> cases{
        {[&] { options.max_queue = 0; }, "max_queue must be within 1 .. 1000000"},
        {[&] { options.max_queue = 1'000'001; }, "max_queue must be within 1 .. 1000000"},
        {[&] { options.max_batch = 0; }, "max_batch must be within 1 .. 10000 and max_queue"},
        {[&] { options.max_batch = 2049; }, "max_batch must be within 1 .. 10000 and max_queue"},
        {[&] { options.schedule_delay = 0ms; }, "schedule_delay must be within 1 ms .. 1 h"},
        {[&] { options.timeout = 9ms; }, "timeout must be within 10 ms .. 10 min"},
        {[&] { options.retry_for = -1ns; }, "retry_for must be within 0 .. 1 h"},
        {[&] { options.drain_timeout = 61s; }, "drain_timeout must be within 0 .. 1 min"},
        {[&] { options.service_name = "\xff"; }, "service_name must be UTF-8"},
    };
    for (const auto& [break_it, what] : cases) {
        options = {};
        break_it();
        EXPECT_EQ(error(), what);
    }
}

}  // namespace
}  // namespace quorumlock::telemetry
