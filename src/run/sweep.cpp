#include "run/sweep.hpp"

#include "run/shards.hpp"
#include "run/tile_sweep.hpp"

namespace jensen::run {
namespace {

struct ShardResult {
  double log_partition = 0;
  std::optional<RowFailure> failure;
  bool cancelled = false;
};

void run_shard(const SweepRequest& request, const TileSweep& tiles, std::int64_t first, std::int64_t last, TileScratch& s, std::vector<double>& sums,
               ShardResult& result) {
  tiles.prepare(s);
  for (std::int64_t row = first; row < last && !result.failure; row += tile_rows) {
    tiles.read(row, std::min(tile_rows, last - row), s);
    if (request.given) {
      request.given(s.tile, s.mean.data());
    } else {
      tiles.natural(s);
      result.log_partition += tiles.update(s, result.failure);
    }
    if (request.sink) request.sink(s.tile, s.natural.data(), s.mean.data());
    tiles.weigh(s);
    tiles.add_sums(s, sums.data());
  }
  tiles.finish(s, sums.data());
}

}  // namespace

SweepResult sweep(const SweepRequest& request) {
  const double* derivative = request.derivative != nullptr ? request.derivative->data() : nullptr;
  const TileSweep tiles(request.plan, request.pass, derivative, static_cast<bool>(request.sink));
  const std::int64_t length = request.pass.sums;
  const Shards shards = Shards::of(request.pass.rows, length);
  const auto count = static_cast<std::size_t>(std::max<std::int64_t>(1, shards.count()));
  std::vector<std::vector<double>> sums(count);
  std::vector<ShardResult> results(count);
  std::vector<TileScratch> scratch(static_cast<std::size_t>(std::max(1, request.threads)));
  sums[0].resize(static_cast<std::size_t>(length) + 1);
  for_each_shard(shards.count(), request.threads, [&](std::int64_t shard, int slot) {
    const auto at = static_cast<std::size_t>(shard);
    sums[at].assign(static_cast<std::size_t>(length) + 1, 0.0);
    if (request.cancel != nullptr && request.cancel->load(std::memory_order_relaxed)) {
      results[at].cancelled = true;
      return;
    }
    run_shard(request, tiles, shards.first(shard), shards.last(shard), scratch[static_cast<std::size_t>(slot)], sums[at], results[at]);
    sums[at].back() = results[at].log_partition;  // reduced along the same tree
  });
  reduce_pairwise(sums);
  SweepResult out;
  out.sums = std::move(sums[0]);
  out.log_partition = out.sums.back();
  out.sums.pop_back();
  for (const ShardResult& result : results) {
    out.cancelled = out.cancelled || result.cancelled;
    if (!out.failure) out.failure = result.failure;
  }
  return out;
}

}  // namespace jensen::run
