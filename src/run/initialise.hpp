// Where a run starts. Nothing here knows a model: stored blocks start from their own terms or from their support's usual values; the rows of swept
// discrete blocks from distant rows of data, so that interchangeable levels differ; those of swept Gaussian blocks from noise.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "derive/blocks.hpp"
#include "model/graph.hpp"
#include "run/engine.hpp"

namespace jensen::run {

// What --init gives, by block.
struct Given {
  std::map<int, std::vector<double>> natural;         // of stored q blocks, count × size
  std::map<int, std::vector<double>> value;           // of point blocks, count × value_size
  std::map<int, std::vector<double>> responsibility;  // of swept blocks: mean parameters by row, rows × size
  [[nodiscard]] bool stored(int block) const { return natural.count(block) + value.count(block) > 0; }
  [[nodiscard]] bool empty() const { return natural.empty() && value.empty() && responsibility.empty(); }
};

struct StartOptions {
  std::uint64_t seed = 1;
  int restart = 0;
};

// Whether another seed would start elsewhere.
bool start_is_random(const plan::Plan& plan, const Given& given);

// Sets every stored block, and the moments of every swept one. `settled`: the swept blocks are at their optimum for the stored blocks, so the bound
// is exact. Returns the block whose start failed.
std::optional<BlockFailure> start(Engine& engine, const model::ModelGraph& graph, const Given& given, const StartOptions& options, bool& settled);

// The order of the first iteration: blocks that were not given first.
std::vector<int> first_order(const Engine& engine, const Given& given);

}  // namespace jensen::run
