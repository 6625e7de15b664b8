#include "run/shards.hpp"

#include <mutex>
#include <set>

#include "catch.hpp"

using namespace jensen;

TEST_CASE("shards cover every row once, whatever the sums cost", "[run]") {
  for (const std::int64_t rows : {0, 1, 8191, 8192, 8193, 1000000}) {
    for (const std::int64_t sums : {1, 2448, 10000000}) {
      const run::Shards shards = run::Shards::of(rows, sums);
      std::int64_t next = 0;
      for (std::int64_t s = 0; s < shards.count(); ++s) {
        REQUIRE(shards.first(s) == next);
        next = shards.last(s);
      }
      REQUIRE(next == rows);
    }
  }
}

TEST_CASE("every shard is worked on once, slots stay below the number of threads", "[run]") {
  std::mutex mutex;
  std::multiset<std::int64_t> seen;
  bool slots_fit = true;
  run::for_each_shard(100, 3, [&](std::int64_t shard, int slot) {
    const std::lock_guard<std::mutex> lock(mutex);
    seen.insert(shard);
    slots_fit = slots_fit && slot >= 0 && slot < 3;
  });
  REQUIRE(seen.size() == 100);
  REQUIRE(std::set<std::int64_t>(seen.begin(), seen.end()).size() == 100);
  REQUIRE(slots_fit);
}

TEST_CASE("sums of shards are combined in pairs of neighbours", "[run]") {
  std::vector<std::vector<double>> shards{{1e16}, {1.0}, {-1e16}, {1.0}, {3.0}};
  run::reduce_pairwise(shards);
  REQUIRE(shards[0][0] == ((1e16 + 1.0) + (-1e16 + 1.0)) + 3.0);
}
