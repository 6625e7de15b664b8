#include "run/shards.hpp"

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

namespace jensen::run {

Shards Shards::of(std::int64_t rows, std::int64_t sums) {
  constexpr std::int64_t usual = 8192, most_sums = std::int64_t{1} << 21;  // 16 MB of sums
  const std::int64_t most_shards = std::max<std::int64_t>(4, most_sums / std::max<std::int64_t>(1, sums));
  const std::int64_t wanted = (rows + most_shards - 1) / most_shards;
  return {rows, std::max(usual, (wanted + usual - 1) / usual * usual)};
}

void for_each_shard(std::int64_t count, int threads, const std::function<void(std::int64_t, int)>& work) {
  if (threads <= 1 || count <= 1) {
    for (std::int64_t shard = 0; shard < count; ++shard) work(shard, 0);
    return;
  }
  // More threads than cores are allowed where they are asked for.
  const std::size_t allowed = tbb::global_control::active_value(tbb::global_control::max_allowed_parallelism);
  const tbb::global_control control(tbb::global_control::max_allowed_parallelism, std::max(allowed, static_cast<std::size_t>(threads)));
  tbb::task_arena arena(threads);
  arena.execute([&] {
    tbb::parallel_for(tbb::blocked_range<std::int64_t>(0, count, 1), [&](const tbb::blocked_range<std::int64_t>& range) {
      for (std::int64_t shard = range.begin(); shard < range.end(); ++shard) work(shard, tbb::this_task_arena::current_thread_index());
    });
  });
}

void reduce_pairwise(std::vector<std::vector<double>>& shards) {
  for (std::size_t width = 1; width < shards.size(); width *= 2) {
    for (std::size_t i = 0; i + width < shards.size(); i += 2 * width) {
      const std::vector<double>& from = shards[i + width];
      std::vector<double>& to = shards[i];
      for (std::size_t k = 0; k < to.size(); ++k) to[k] += from[k];
    }
  }
}

}  // namespace jensen::run
