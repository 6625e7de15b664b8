#include "run/seeded_levels.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "run/element_columns.hpp"
#include "run/seeding.hpp"

namespace jensen::run {
namespace {

constexpr double nearly_impossible = -40;  // a log probability
constexpr std::int64_t most_levels = 256;

// Swaps the levels of two clusters while that raises Σ score(cluster, its level): a better labelling, not always the best.
std::vector<std::int64_t> label(const Eigen::MatrixXd& score) {
  std::vector<std::int64_t> level(static_cast<std::size_t>(score.rows()));
  std::iota(level.begin(), level.end(), 0);
  const double least = 1e-9 * score.cwiseAbs().sum();
  const auto at = [&](std::size_t cluster, std::size_t as) { return score(static_cast<Eigen::Index>(cluster), level[as]); };
  for (bool better = score.allFinite(); better;) {
    better = false;
    for (std::size_t a = 0; a < level.size(); ++a) {
      for (std::size_t b = a + 1; b < level.size(); ++b) {
        if (at(a, b) + at(b, a) <= at(a, a) + at(b, b) + least) continue;
        std::swap(level[a], level[b]);
        better = true;
      }
    }
  }
  return level;
}

class Levels {
 public:
  Levels(Engine& engine, int block) : engine_(engine), id_(block), block_(engine.plan().blocks[static_cast<std::size_t>(block)]) {
    for (const plan::PlannedComponent& c : block_.components) {
      for (std::int64_t i = 0; i < plan::variables_of(c); ++i) {
        first_.push_back(width_);
        width_ += block_.discrete ? static_cast<std::int64_t>(block_.family->size()) : c.levels;
      }
    }
    level_.assign(static_cast<std::size_t>(block_.count) * first_.size(), -1);
  }

  bool choose(const SiteColumns& kind, const std::vector<double>& preference, family::Stream& stream) {
    std::int64_t joint = 1;
    for (const std::int64_t n : kind.levels) joint = std::min(joint * n, most_levels + 1);
    if (joint > most_levels) return false;
    const std::vector<std::int64_t> cluster = clusters(kind.points, joint, stream);
    if (cluster.empty()) return false;
    Eigen::MatrixXd score = Eigen::MatrixXd::Zero(joint, joint);
    for (std::size_t s = 0; s < kind.sites.size() && !preference.empty(); ++s) {
      const std::int64_t at = kind.sites[s].element * static_cast<std::int64_t>(block_.family->size()) + kind.sites[s].first;
      for (std::int64_t l = 0; l < joint; ++l) score(cluster[s], l) += preference[static_cast<std::size_t>(at + l)];
    }
    const std::vector<std::int64_t> labels = label(score);
    for (std::size_t s = 0; s < kind.sites.size(); ++s) set(kind, kind.sites[s], labels[static_cast<std::size_t>(cluster[s])]);
    return true;
  }

  std::optional<BlockFailure> apply() {
    const std::size_t size = block_.family->size();
    const std::vector<double> start = engine_.state().blocks[static_cast<std::size_t>(id_)].natural;
    for (std::int64_t e = 0; e < block_.count; ++e) {
      const auto begin = start.begin() + e * static_cast<std::ptrdiff_t>(size);
      std::vector<double> natural(begin, begin + static_cast<std::ptrdiff_t>(size));
      for (std::size_t v = 0; v < first_.size(); ++v) {
        const std::int64_t level = level_[static_cast<std::size_t>(e) * first_.size() + v];
        if (level < 0) continue;
        const std::int64_t end = v + 1 < first_.size() ? first_[v + 1] : width_;
        for (std::int64_t at = first_[v]; at < end; ++at) natural[static_cast<std::size_t>(at)] = at - first_[v] == level ? 0.0 : nearly_impossible;
      }
      if (auto failure = engine_.set_natural(id_, e, natural)) return failure;
    }
    return std::nullopt;
  }

 private:
  void set(const SiteColumns& kind, const Site& site, std::int64_t joint) {
    for (std::size_t v = kind.levels.size(); v-- > 0; joint /= kind.levels[v]) {
      std::int64_t& mine = level_[static_cast<std::size_t>(site.element) * first_.size() + static_cast<std::size_t>(site.variables[v])];
      if (mine < 0) mine = joint % kind.levels[v];
    }
  }

  Engine& engine_;
  int id_;
  const plan::PlannedBlock& block_;
  std::vector<std::int64_t> first_;  // by variable of an element
  std::int64_t width_ = 0;
  std::vector<std::int64_t> level_;  // by element and variable, −1 where none is chosen
};

}  // namespace

bool seed_levels(Engine& engine, int block, std::uint64_t seed, bool labels, std::optional<BlockFailure>& failure) {
  family::Stream stream(seed, family::Purpose::seeding, static_cast<std::uint64_t>(block), 1);
  std::vector<double> preference;
  if (labels) preference = engine.message(block, [](std::size_t) { return true; });
  Levels levels(engine, block);
  bool any = false;
  for (const SiteColumns& kind : element_columns(engine, block)) any = levels.choose(kind, preference, stream) || any;
  if (any) failure = levels.apply();
  return any && !failure;
}

}  // namespace jensen::run
