#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "plan/resolve.hpp"

namespace jensen::plan {
namespace {

std::string shape_text(const std::vector<std::int64_t>& extents) { return extents.empty() ? "1" : fmt::format("{}", fmt::join(extents, " x ")); }

// What one update of a block with a pattern costs.
std::string cost_text(const PlannedBlock& block) {
  if (block.pattern.empty()) return {};
  Pattern pattern = empty_pattern(block);
  pattern.set_statistics(block.pattern);
  if (block.network) return fmt::format(", exact sums over tables of {:.3g} cells", family::elimination_cost(pattern.discrete()));
  const family::GaussianCost cost = family::gaussian_cost(pattern.gaussian());
  return fmt::format(", {} precision: {:.3g} products an update, {:.3g} MB", cost.dense ? "dense" : "sparse", cost.products, cost.bytes / 1e6);
}

std::string block_line(const PlannedBlock& block) {
  const char* role = block.point ? "point" : block.swept ? "swept" : "stored";
  std::string line =
      fmt::format("  {} {}: {} x {} ({} statistics)", role, block.names, shape_text(block.batch), block.family->name(), block.family->size());
  if (!block.family->layout().empty() && block.family->layout()[0].statistic.kind == StatisticKind::expression) {
    line += fmt::format(", a search for {} numbers", block.family->value_size());
  }
  line += cost_text(block);
  if (!block.stored_because.empty()) line += ", stored: " + block.stored_because;
  return line + "\n";
}

std::size_t feature_count(const Pass& pass) {
  std::size_t n = 0;
  for (const FeatureGroup& group : pass.groups) n += group.features.size();
  return n;
}

std::string pass_line(const Plan& plan, const Pass& pass) {
  const std::string names = pass.block ? plan.blocks[static_cast<std::size_t>(*pass.block)].names : "";
  if (pass.of_links) {
    return fmt::format("  links between rows of {}: {} that differ, {} features, {} sums\n", names, pass.rows, feature_count(pass), pass.sums);
  }
  const std::string what = pass.block ? fmt::format("{} of {}", pass.link ? "linked sweep" : "sweep", names) : "data sums, once";
  const std::string lookups = pass.lookups.empty() ? "" : fmt::format(", {} lookups", pass.lookups.size());
  return fmt::format("  {} over {} rows: {} columns, {} features{}, {} sums\n", what, shape_text(pass.extents), pass.columns.size(),
                     feature_count(pass), lookups, pass.sums);
}

double cost(const std::vector<TermProgram>& programs) {
  double total = 0;
  for (const TermProgram& program : programs) total += program.contraction.cost();
  return total;
}

}  // namespace

std::string to_text(const Plan& plan) {
  std::string out = "blocks\n";
  for (const PlannedBlock& block : plan.blocks) out += block_line(block);
  out += "passes\n";
  for (const Pass& pass : plan.passes) out += pass_line(plan, pass);
  out += "moments\n";
  for (std::size_t m = 0; m < plan.moments.size(); ++m) {
    out += fmt::format("  T{}: {}, of pass {}\n", m + 1, shape_text(plan.moments[m].shape), plan.moments[m].pass + 1);
  }
  out += "contractions per iteration\n";
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    if (!plan.blocks[b].swept) {
      out += fmt::format("  message to {}: {} terms, {:.3g} products\n", plan.blocks[b].names, plan.messages[b].size(), cost(plan.messages[b]));
    }
  }
  double sweeps = 0;
  for (const auto& programs : plan.moment_messages) sweeps += cost(programs);
  out += fmt::format("  to the sweeps: {:.3g} products; bound: {} terms, {:.3g} products\n", sweeps, plan.energies.size(), cost(plan.energies));
  return out;
}

namespace {

using Json = nlohmann::ordered_json;

Json block_json(const PlannedBlock& block) {
  Json out{{"variables", block.names},
           {"role", block.point   ? "point"
                    : block.swept ? "swept"
                                  : "stored"},
           {"family", block.family->name()},
           {"batch", block.batch},
           {"statistics", block.family->size()}};
  if (!block.stored_because.empty()) out["stored_because"] = block.stored_because;
  return out;
}

Json pass_json(const Plan& plan, const Pass& pass) {
  Json out{{"rows", pass.extents},
           {"columns", pass.columns.size()},
           {"features", feature_count(pass)},
           {"lookups", pass.lookups.size()},
           {"sums", pass.sums}};
  if (pass.block) out["sweeps"] = plan.blocks[static_cast<std::size_t>(*pass.block)].names;
  return out;
}

Json messages_json(const Plan& plan) {
  Json out = Json::array();
  for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
    if (plan.blocks[b].swept) continue;
    out.push_back({{"to", plan.blocks[b].names}, {"terms", plan.messages[b].size()}, {"products", cost(plan.messages[b])}});
  }
  return out;
}

}  // namespace

std::string to_json(const Plan& plan) {
  Json out{{"blocks", Json::array()}, {"passes", Json::array()}, {"moments", Json::array()}};
  for (const PlannedBlock& block : plan.blocks) out["blocks"].push_back(block_json(block));
  for (const Pass& pass : plan.passes) out["passes"].push_back(pass_json(plan, pass));
  for (const Moment& moment : plan.moments) out["moments"].push_back({{"shape", moment.shape}, {"pass", moment.pass + 1}});
  out["messages"] = messages_json(plan);
  double sweeps = 0;
  for (const auto& programs : plan.moment_messages) sweeps += cost(programs);
  out["sweep_products"] = sweeps;
  out["bound"] = {{"terms", plan.energies.size()}, {"products", cost(plan.energies)}};
  return out.dump(2) + "\n";
}

}  // namespace jensen::plan
