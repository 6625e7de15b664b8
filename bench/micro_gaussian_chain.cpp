// A sweep over linked Gaussian rows, upwards and downwards, by tiles of columns: with constant parameters, where the recursions settle, with a tenth
// of the rows unobserved, and with parameters of each row's own.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "family/stream.hpp"
#include "run/kernels/gaussian_chain.hpp"
#include "run/rows.hpp"

namespace {

using namespace jensen;

enum class Rows { alike, missing, different };

// x_t = A x_previous + noise of precision q, A = 0.9 and 0.1 beside the diagonal, each row observed with precision 1; q = 2, or as the row has it.
struct Chain {
  Chain(std::int64_t rows, std::int64_t d, Rows kind) : rows(rows), d(d) {
    family::Stream stream(1, family::Purpose::test, static_cast<std::uint64_t>(d));
    const auto a = [d](std::int64_t i, std::int64_t j) { return i == j ? 0.9 : j == i + 1 && j < d ? 0.1 : 0.0; };
    const double q = 2;
    for (std::int64_t p = 0; p < rows; ++p) {
      previous.push_back(static_cast<std::int32_t>(p) - 1);
      link.push_back(0);
    }
    // log p holds x_previous' A' q x.
    for (std::int64_t i = 0; i < d; ++i)
      for (std::int64_t j = 0; j < d; ++j) links.push_back(q * a(j, i));
    natural.resize(static_cast<std::size_t>((rows + run::tile_rows - 1) / run::tile_rows * run::tile_rows * (d + d * d)));
    for (std::int64_t p = 0; p < rows; ++p) {
      double seen = kind == Rows::missing && stream.uniform() < 0.1 ? 0.0 : 1.0;
      if (kind == Rows::different) seen = 0.5 + stream.uniform();
      for (std::int64_t i = 0; i < d; ++i) {
        at(p, i) = seen * stream.normal();
        for (std::int64_t j = 0; j < d; ++j) {
          double product = 0;
          for (std::int64_t k = 0; k < d; ++k) product += a(k, i) * a(k, j);
          at(p, d + i * d + j) = -0.5 * ((i == j ? seen + q : 0.0) + (p + 1 < rows ? q * product : 0.0));
        }
      }
    }
  }
  double& at(std::int64_t p, std::int64_t s) {
    return natural[static_cast<std::size_t>((p / run::tile_rows * (d + d * d) + s) * run::tile_rows + p % run::tile_rows)];
  }
  const double* tile(std::int64_t first) const { return natural.data() + first * (d + d * d); }

  std::int64_t rows, d;
  std::vector<std::int32_t> previous, link;
  std::vector<double> links, natural;
};

void sweep(benchmark::State& state, Rows kind) {
  const Chain chain(state.range(1), state.range(0), kind);
  const run::Forest forest{chain.rows, chain.previous.data(), chain.link.data()};
  std::vector<double> mean(static_cast<std::size_t>(run::tile_rows * (chain.d + chain.d * chain.d)));
  run::GaussianChain::Work work;
  for (auto _ : state) {
    run::GaussianChain kernel(chain.d, forest, chain.links.data(), 1);
    const auto tile_rows = [&](std::int64_t first) { return std::min(run::tile_rows, chain.rows - first); };
    for (std::int64_t first = (chain.rows - 1) / run::tile_rows * run::tile_rows; first >= 0; first -= run::tile_rows)
      kernel.upward(first, tile_rows(first), chain.tile(first));
    if (kernel.failure()) state.SkipWithError(kernel.failure()->reason.c_str());
    benchmark::DoNotOptimize(kernel.log_partition());
    for (std::int64_t first = 0; first < chain.rows; first += run::tile_rows) {
      kernel.downward(first, tile_rows(first), mean.data());
      benchmark::ClobberMemory();
    }
    work = kernel.work();
  }
  state.counters["eliminated"] = static_cast<double>(work.eliminated);
  state.counters["a row"] =
      benchmark::Counter(static_cast<double>(chain.rows), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void sides(benchmark::internal::Benchmark* b) {
  b->ArgNames({"d", "rows"})->Unit(benchmark::kMillisecond);
  for (const std::int64_t d : {1, 2, 3, 4, 6, 8, 10, 20, 50}) b->Args({d, d == 1 ? 1000000 : d == 2 ? 50000 : d <= 8 ? 20000 : 2000});
}

BENCHMARK_CAPTURE(sweep, alike, Rows::alike)->Apply(sides);
BENCHMARK_CAPTURE(sweep, missing, Rows::missing)->Apply(sides);
BENCHMARK_CAPTURE(sweep, different, Rows::different)->Apply(sides);

}  // namespace
