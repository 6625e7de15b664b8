// Rows in fixed shards: serial inside a shard, sums combined along one pairwise tree, so that no result depends on the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <vector>

namespace jensen::run {

struct Shards {
  std::int64_t rows = 0;
  std::int64_t size = 1;  // rows per shard

  // 8192 rows a shard, more where the sums of all shards would take too much memory. A function of the sizes alone.
  static Shards of(std::int64_t rows, std::int64_t sums);
  [[nodiscard]] std::int64_t count() const { return (rows + size - 1) / size; }
  [[nodiscard]] std::int64_t first(std::int64_t shard) const { return shard * size; }
  [[nodiscard]] std::int64_t last(std::int64_t shard) const { return std::min(rows, (shard + 1) * size); }
};

// Calls work(shard, slot) for every shard, on at most `threads` threads; two calls at the same time never share a slot (0..threads-1).
void for_each_shard(std::int64_t count, int threads, const std::function<void(std::int64_t shard, int slot)>& work);

// Adds the arrays of all shards pairwise, neighbours first; the total is left in the first.
void reduce_pairwise(std::vector<std::vector<double>>& shards);

}  // namespace jensen::run
