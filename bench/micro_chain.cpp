// Passes up and down over linked rows with discrete states, sums of the links included; and the most probable states.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

#include "family/stream.hpp"
#include "run/kernels/discrete_chain.hpp"
#include "run/kernels/most_probable_path.hpp"
#include "run/rows.hpp"

namespace {

using namespace jensen;
using run::tile_rows;

// Sequences of one length, one kind of link; the tiles' own parameters repeat after a while, so that they come from a near cache as in a sweep.
struct Sequences {
  static constexpr std::int64_t different_tiles = 4;
  std::int64_t rows, levels;
  std::vector<std::int32_t> previous, link;
  std::vector<double> links, natural;

  explicit Sequences(const benchmark::State& state) : rows(state.range(0)), levels(state.range(1)), link(static_cast<std::size_t>(rows), 0) {
    family::Stream stream(1, family::Purpose::test, 0);
    for (std::int64_t p = 0; p < rows; ++p) previous.push_back(p % state.range(2) == 0 ? -1 : static_cast<std::int32_t>(p - 1));
    for (std::int64_t i = 0; i < levels * levels; ++i) links.push_back(-3 * stream.uniform());
    for (std::int64_t i = 0; i < levels * tile_rows * different_tiles; ++i) natural.push_back(-4 * stream.uniform());
  }
  [[nodiscard]] run::Forest forest() const { return {rows, previous.data(), link.data()}; }
  [[nodiscard]] std::int64_t tiles() const { return (rows + tile_rows - 1) / tile_rows; }
  [[nodiscard]] std::int64_t rows_of(std::int64_t tile) const { return std::min(tile_rows, rows - tile * tile_rows); }
  [[nodiscard]] const double* natural_of(std::int64_t tile) const { return natural.data() + tile % different_tiles * levels * tile_rows; }
};

template <class Kernel, class Out>
void passes(benchmark::State& state, Kernel& kernel, const Sequences& sequences, std::vector<Out>& out) {
  for (auto _ : state) {
    for (std::int64_t t = sequences.tiles() - 1; t >= 0; --t) kernel.upward(t * tile_rows, sequences.rows_of(t), sequences.natural_of(t));
    for (std::int64_t t = 0; t < sequences.tiles(); ++t) kernel.downward(t * tile_rows, sequences.rows_of(t), out.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * sequences.rows);
}

void sums(benchmark::State& state) {
  const Sequences sequences(state);
  run::DiscreteChain chain(sequences.levels, sequences.forest(), sequences.links.data(), 1);
  std::vector<double> mean(static_cast<std::size_t>(sequences.levels * tile_rows));
  passes(state, chain, sequences, mean);
}

void best_path(benchmark::State& state) {
  const Sequences sequences(state);
  run::MostProbablePath path(sequences.levels, sequences.forest(), sequences.links.data(), 1);
  std::vector<std::int32_t> states(tile_rows);
  passes(state, path, sequences, states);
}

// Rows, levels, length of a sequence.
void sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"rows", "levels", "length"})->Unit(benchmark::kMillisecond);
  for (const std::int64_t levels : {2, 4, 8, 12, 16, 32, 48}) benchmark->Args({200000, levels, 200000});
  benchmark->Args({500000, 16, 500000})->Args({500000, 16, 50})->Args({500000, 2, 50});
}

BENCHMARK(sums)->Apply(sizes);
BENCHMARK(best_path)->Apply(sizes);

}  // namespace
