#include "run/collapse.hpp"

#include <fmt/format.h>

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <map>

#include "run/seeding.hpp"

namespace jensen::run {
namespace {

using Kind = family::FamilyKind::Kind;

bool is_square(const plan::Pass& pass, const std::vector<int>& feature) {
  if (feature.size() != 2) return false;
  return pass.columns[static_cast<std::size_t>(feature[0])].array == pass.columns[static_cast<std::size_t>(feature[1])].array;
}

// The columns whose squares and products the moment sums.
std::vector<int> squared_columns(const plan::Plan& plan, const plan::Moment& moment) {
  const plan::Pass& pass = plan.passes[static_cast<std::size_t>(moment.pass)];
  std::vector<int> out;
  for (const plan::FeatureGroup& group : pass.groups) {
    const auto features = static_cast<std::int64_t>(group.features.size());
    for (const std::int32_t cell : moment.cells) {
      const std::int64_t at = cell - group.offset;
      if (at < 0 || at >= group.cells * features * pass.statistics) continue;
      const std::vector<int>& feature = group.features[static_cast<std::size_t>(at / pass.statistics % features)];
      if (is_square(pass, feature)) out.insert(out.end(), feature.begin(), feature.end());
    }
  }
  return out;
}

std::optional<double> smaller(std::optional<double> a, double b) { return a ? std::min(*a, b) : b; }

// The variance that a value of the block stands for, and 0 where it is not one.
double smallest_variance(const derive::Block& block, std::span<const double> value) {
  if (block.family.kind == Kind::gamma_power) return std::pow(value[0], -block.family.power);
  const auto side = static_cast<Eigen::Index>(std::llround(std::sqrt(static_cast<double>(value.size()))));
  const Eigen::Map<const Eigen::MatrixXd> matrix(value.data(), side, side);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix, Eigen::EigenvaluesOnly);
  return block.family.kind == Kind::wishart ? 1 / solver.eigenvalues().maxCoeff() : solver.eigenvalues().minCoeff();
}

}  // namespace

std::vector<std::optional<double>> data_variances(const plan::Plan& plan) {
  std::vector<std::optional<double>> out(plan.blocks.size());
  std::map<int, ColumnScale> scales;
  for (const plan::ReducedTerm& term : plan.terms) {
    for (const plan::Operand& statistic : term.operands) {
      if (statistic.kind != plan::OperandKind::statistic || !plan.blocks[static_cast<std::size_t>(statistic.id)].point) continue;
      for (const plan::Operand& o : term.operands) {
        if (o.kind != plan::OperandKind::moment) continue;
        const plan::Moment& moment = plan.moments[static_cast<std::size_t>(o.id)];
        for (const int column : squared_columns(plan, moment)) {
          const auto [scale, is_new] = scales.try_emplace(moment.pass);
          if (is_new) scale->second = column_scale(plan, plan.passes[static_cast<std::size_t>(moment.pass)]);
          const double mean = scale->second.mean[static_cast<std::size_t>(column)], own = scale->second.variance[static_cast<std::size_t>(column)];
          const double variance = own > 1e-14 * mean * mean ? own : mean * mean;  // data that are all equal have their size only
          auto& mine = out[static_cast<std::size_t>(statistic.id)];
          if (variance > 0) mine = smaller(mine, variance);
        }
      }
    }
  }
  return out;
}

std::optional<BlockFailure> find_collapse(const Engine& engine, const derive::Derivation& derivation,
                                          const std::vector<std::optional<double>>& variances, double threshold) {
  for (const int b : engine.stored()) {
    const auto at = static_cast<std::size_t>(b);
    const derive::Block& block = derivation.blocks[BlockId(at)];
    const bool scale = block.family.kind == Kind::gamma_power || block.family.kind == Kind::wishart || block.family.kind == Kind::inverse_wishart;
    if (!block.point || !scale || !variances[at]) continue;
    const std::vector<double>& values = engine.state().blocks[at].value;
    const std::size_t size = engine.plan().blocks[at].family->value_size();
    for (std::size_t e = 0; (e + 1) * size <= values.size(); ++e) {
      const double variance = smallest_variance(block, {values.data() + e * size, size});
      if (variance >= threshold * *variances[at]) continue;
      return BlockFailure{b, static_cast<std::int64_t>(e),
                          fmt::format("its variance fell to {:.3g}, where the data's is {:.3g}", variance, *variances[at])};
    }
  }
  return std::nullopt;
}

}  // namespace jensen::run
