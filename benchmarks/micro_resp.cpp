// RESP: writing the two commands of a cycle, reading the replies they get.
#include <benchmark/benchmark.h>

#include <string>

#include "lib/resp/reader.h"
#include "lib/resp/writer.h"

namespace {

using namespace quorumlock;

constexpr char kToken[] = "0123456789abcdef0123456789abcdef";
constexpr char kSha[] = "0123456789abcdef0123456789abcdef01234567";

void encode_set(benchmark::State& state) {
    std::string out;
    for (auto _ : state) {
        out.clear();
        resp::append_command(out,
                             {"SET", "orders:42", kToken, "NX", "PX", resp::Decimal(30000).view()});
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(encode_set);

void encode_evalsha(benchmark::State& state) {
    std::string out;
    for (auto _ : state) {
        out.clear();
        resp::append_command(out, {"EVALSHA", kSha, "1", "orders:42", kToken});
        benchmark::DoNotOptimize(out.data());
    }
}
BENCHMARK(encode_evalsha);

/// `replies` of one kind that arrive in one read.
void decode(benchmark::State& state, const std::string& reply) {
    std::string bytes;
    for (std::int64_t i = 0; i < state.range(0); ++i) bytes += reply;
    resp::Reader reader;
    for (auto _ : state) {
        reader.feed(bytes.data(), bytes.size());
        while (reader.next() == resp::Reader::Next::value) {
            benchmark::DoNotOptimize(&reader.value());
        }
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
void decode_status(benchmark::State& state) { decode(state, "+OK\r\n"); }
void decode_integer(benchmark::State& state) { decode(state, ":1\r\n"); }
void decode_nil(benchmark::State& state) { decode(state, "$-1\r\n"); }
void decode_bulk(benchmark::State& state) {
    decode(state, "$32\r\n" + std::string(kToken) + "\r\n");
}
BENCHMARK(decode_status)->Arg(1)->Arg(32);
BENCHMARK(decode_integer)->Arg(1)->Arg(32);
BENCHMARK(decode_nil)->Arg(1)->Arg(32);
BENCHMARK(decode_bulk)->Arg(1)->Arg(32);

}  // namespace
