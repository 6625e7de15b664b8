#include "run/standard_errors.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "run/coordinates.hpp"
#include "run/drivers.hpp"
#include "run/marginal_covariance.hpp"
#include "run/names.hpp"

namespace jensen::run {
namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();
constexpr double at_edge = 1e-8;              // of a share, or of the distance from the end of an interval
constexpr double inner_step = 1e-3;           // of a coordinate, for the derivatives of statistics
constexpr double outer_step = 2e-3;           // in units of 1 / √(complete-data information), for those of the score
constexpr double most_singular = 1e-5;        // smallest eigenvalue of the information with unit diagonal
constexpr std::size_t most_coordinates = 50;  // without being asked
constexpr double most_work = 2e6;             // likewise, numbers in all E-steps, where these are more than the fit has made

using Part = DriverVector::Part;

// A coordinate that is free to move.
struct Free {
  std::size_t part = 0;
  std::size_t element = 0;
  std::size_t at = 0;  // in the element
  double step = 0;     // of the outer differences
};

class Information {
 public:
  Information(const Problem& problem, Engine& engine) : problem_(problem), engine_(engine), vector_(engine, problem.graph, points(engine)) {}

  StandardErrors find(const Run& run) {
    if (auto reason = reason_against(); !reason.empty()) return {{}, reason};
    vector_.read(engine_, centre_);
    for (std::size_t p = 0; p < vector_.parts().size(); ++p) add_free(p);
    const State state = engine_.state();
    if (!worth_it(run)) return {{}, "they would take longer than the fit; `--standard-errors on` computes them"};
    StandardErrors out = find_at(state);
    engine_.restore(state);
    if (!engine_.cancelled()) return out;
    engine_.ignore_cancel();
    return {{}, "stopped on request"};
  }

 private:
  static std::vector<int> points(const Engine& engine) {
    std::vector<int> out;
    for (const int b : engine.stored()) {
      if (engine.plan().blocks[static_cast<std::size_t>(b)].point) out.push_back(b);
    }
    return out;
  }

  [[nodiscard]] const plan::PlannedBlock& block_of(const Part& part) const { return engine_.plan().blocks[static_cast<std::size_t>(part.block)]; }

  [[nodiscard]] std::string reason_against() const {
    if (!problem_.derivation.exact) return "q is not the exact posterior, so that the bound's curvature is not that of the likelihood";
    if (!vector_.usable()) return "a param has no coordinates in which it could move freely";
    for (const plan::PlannedBlock& block : engine_.plan().blocks) {
      const bool any_point = std::any_of(block.components.begin(), block.components.end(), [](const auto& c) { return c.point; });
      if ((block.point || any_point) && !block.gates.empty()) return fmt::format("`{}` exists in a branch only", block.names);
    }
    return {};
  }

  // Twice as many E-steps as coordinates: less than the fit has made, or little in all.
  [[nodiscard]] bool worth_it(const Run& run) const {
    if (problem_.options.standard_errors == StandardErrorChoice::on) return true;
    double numbers = 0;
    for (const plan::Pass& pass : engine_.plan().passes) numbers += pass.block ? static_cast<double>(pass.rows * pass.statistics) : 0;
    for (const int b : engine_.stored()) numbers += static_cast<double>(engine_.state().blocks[static_cast<std::size_t>(b)].mean.size());
    const double steps = 2 * static_cast<double>(free_.size());
    return free_.size() <= most_coordinates && (steps <= static_cast<double>(run.trace.size()) || steps * numbers <= most_work);
  }

  // Coordinates at the edge of their support are held. Of a simplex the largest share follows from the others.
  void add_free(std::size_t p) {
    const Part& part = vector_.parts()[p];
    const double edge = std::log(at_edge);
    for (std::size_t e = 0; e < part.count; ++e) {
      const std::span<const double> x(centre_.data() + part.first + e * part.each, part.each);
      const auto largest = static_cast<std::size_t>(std::max_element(x.begin(), x.end()) - x.begin());
      for (std::size_t k = 0; k < part.each; ++k) {
        const bool share = part.support.kind == SupportKind::simplex;
        const bool bounded = part.support.kind == SupportKind::unit || part.support.kind == SupportKind::interval;
        const bool held = !std::isfinite(x[k]) || (share && (k == largest || x[k] < edge)) || (bounded && std::abs(x[k]) > -edge);
        if (!held) free_.push_back({p, e, k});
      }
    }
  }

  // t(v) of an element with one coordinate moved; false outside of the domain.
  bool statistics(const Free& f, std::span<const double> x, double by, std::vector<double>& out) const {
    const Part& part = vector_.parts()[f.part];
    const family::Family& family = block_of(part).family_of(static_cast<std::int64_t>(f.element));
    const std::size_t n = family.value_size();
    const auto now = engine_.state().blocks[static_cast<std::size_t>(part.block)].value.begin() + static_cast<std::ptrdiff_t>(f.element * n);
    std::vector<double> moved(x.begin(), x.end()), value(now, now + static_cast<std::ptrdiff_t>(n));
    moved[f.at] += by;
    out.resize(family.size());
    if (!from_coordinates(part.support, moved, std::span(value).subspan(part.offset, part.length))) return false;
    family.statistics_of(value, out);
    return true;
  }

  static double dot(std::span<const double> natural, const std::vector<double>& a, const std::vector<double>& b) {
    double total = 0;
    for (std::size_t s = 0; s < natural.size(); ++s) total += a[s] == b[s] ? 0 : natural[s] * (a[s] - b[s]);
    return total;
  }

  // ∂/∂x and −∂²/∂x² of η · t(v(x)), by differences of fourth and second order.
  struct Slope {
    double first = none, second = none;
  };
  [[nodiscard]] Slope slope(const Free& f, std::span<const double> natural, std::span<const double> x) const {
    const bool number = vector_.parts()[f.part].support.kind == SupportKind::real;
    const double h = inner_step * (number ? std::max(std::abs(x[f.at]), 1.0) : 1.0);
    std::vector<double> here, up, down, up2, down2;
    if (!statistics(f, x, 0, here) || !statistics(f, x, h, up) || !statistics(f, x, -h, down)) return {};
    if (!statistics(f, x, 2 * h, up2) || !statistics(f, x, -2 * h, down2)) return {};
    return {(8 * dot(natural, up, down) - dot(natural, up2, down2)) / (12 * h), (dot(natural, here, up) + dot(natural, here, down)) / (h * h)};
  }

  // The slopes at the current state, whose points are at `x`.
  std::vector<Slope> slopes(const std::vector<double>& x) {
    std::vector<Slope> out;
    std::vector<double> natural;
    std::size_t part_of_natural = vector_.parts().size();
    for (const Free& f : free_) {
      const Part& part = vector_.parts()[f.part];
      if (part_of_natural != f.part) natural = engine_.message(part.block, [](std::size_t) { return true; });
      part_of_natural = f.part;
      const std::size_t size = block_of(part).family->size();
      out.push_back(slope(f, {natural.data() + f.element * size, size}, {x.data() + part.first + f.element * part.each, part.each}));
    }
    return out;
  }

  // The E-step. Exact blocks meet no other, so that one update of each is enough.
  bool update_q() {
    for (const int b : engine_.stored()) {
      if (!engine_.plan().blocks[static_cast<std::size_t>(b)].point && engine_.update(b)) return false;
    }
    return std::none_of(engine_.passes().begin(), engine_.passes().end(), [&](int pass) { return engine_.sweep(pass).has_value(); });
  }

  // The score, then the points inside Gaussian blocks, with one coordinate moved. Empty where there is no such point.
  Eigen::VectorXd at(std::size_t moved, double by) {
    std::vector<double> x = centre_;
    const Free& f = free_[moved];
    const Part& part = vector_.parts()[f.part];
    x[part.first + f.element * part.each + f.at] += by;
    if (!vector_.write(engine_, x) || !update_q()) return {};
    const std::vector<Slope> score = slopes(x);
    const std::vector<double> inside = inner_points(engine_);
    Eigen::VectorXd out(static_cast<Eigen::Index>(score.size() + inside.size()));
    for (std::size_t i = 0; i < score.size(); ++i) out(static_cast<Eigen::Index>(i)) = score[i].first;
    for (std::size_t i = 0; i < inside.size(); ++i) out(static_cast<Eigen::Index>(score.size() + i)) = inside[i];
    return out;
  }

  std::string choose_steps() {
    if (!update_q()) return "q has no update at the fitted values";
    const std::vector<Slope> here = slopes(centre_);
    for (std::size_t i = 0; i < free_.size(); ++i) {
      if (!(here[i].second > 0) || !std::isfinite(here[i].second)) return not_determined(i);
      free_[i].step = outer_step / std::sqrt(here[i].second);
    }
    return {};
  }

  [[nodiscard]] std::string name_of(std::size_t i) const {
    return element_name(problem_.graph, block_of(vector_.parts()[free_[i].part]), static_cast<std::int64_t>(free_[i].element));
  }
  [[nodiscard]] std::string not_determined(std::size_t i) const {
    const std::string name = block_name(problem_.graph, block_of(vector_.parts()[free_[i].part]));
    return fmt::format("the information is not positive definite: the maximum is flat in a direction in which {} moves", name);
  }

  StandardErrors find_at(const State& state) {
    if (auto reason = choose_steps(); !reason.empty()) return {{}, reason};
    const auto p = static_cast<Eigen::Index>(free_.size());
    const std::vector<double> inside = inner_points(engine_);
    Eigen::MatrixXd changes(p + static_cast<Eigen::Index>(inside.size()), p);
    for (Eigen::Index j = 0; j < p; ++j) {
      const double step = free_[static_cast<std::size_t>(j)].step;
      const Eigen::VectorXd up = at(static_cast<std::size_t>(j), step), down = at(static_cast<std::size_t>(j), -step);
      if (up.size() == 0 || down.size() == 0)
        return {{}, fmt::format("the bound does not exist beside the fitted `{}`", name_of(static_cast<std::size_t>(j)))};
      changes.col(j) = (up - down) / (2 * step);
    }
    engine_.restore(state);
    const Eigen::MatrixXd information = -0.5 * (changes.topRows(p) + changes.topRows(p).transpose());
    Eigen::MatrixXd covariance;
    if (const auto flat = invert(information, covariance)) return {{}, not_determined(*flat)};
    StandardErrors out;
    add_points(covariance, out);
    add_inner_points(engine_, changes.bottomRows(changes.rows() - p), covariance, out.of);
    return out;
  }

  // The coordinate that moves most in a flat direction, if there is one.
  static std::optional<std::size_t> invert(const Eigen::MatrixXd& information, Eigen::MatrixXd& covariance) {
    covariance = information;
    if (information.rows() == 0) return std::nullopt;
    for (Eigen::Index i = 0; i < information.rows(); ++i) {
      if (!(information(i, i) > 0)) return static_cast<std::size_t>(i);
    }
    const Eigen::VectorXd unit = information.diagonal().cwiseSqrt().cwiseInverse();
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(unit.asDiagonal() * information * unit.asDiagonal());
    if (!(solver.eigenvalues()(0) > most_singular)) {
      Eigen::Index most = 0;
      solver.eigenvectors().col(0).cwiseAbs().maxCoeff(&most);
      return static_cast<std::size_t>(most);
    }
    const Eigen::MatrixXd& v = solver.eigenvectors();
    covariance = unit.asDiagonal() * (v * solver.eigenvalues().cwiseInverse().asDiagonal() * v.transpose()) * unit.asDiagonal();
    return std::nullopt;
  }

  // Var v = J Var x J', element by element.
  void add_points(const Eigen::MatrixXd& covariance, StandardErrors& out) const {
    for (std::size_t p = 0; p < vector_.parts().size(); ++p) {
      const Part& part = vector_.parts()[p];
      const std::size_t n = part.length;
      std::vector<double>& se = out.of[part.block];
      for (std::size_t e = 0; e < part.count; ++e) {
        std::vector<Eigen::Index> mine;
        for (std::size_t i = 0; i < free_.size(); ++i) {
          if (free_[i].part == p && free_[i].element == e) mine.push_back(static_cast<Eigen::Index>(i));
        }
        const Eigen::MatrixXd j = jacobian(part, e, mine, n);
        const Eigen::VectorXd variance = (j * covariance(mine, mine) * j.transpose()).diagonal();
        for (std::size_t v = 0; v < n; ++v) {
          const double s = mine.empty() ? none : std::sqrt(std::max(0.0, variance(static_cast<Eigen::Index>(v))));
          se.push_back(is_held(part, e, v) ? none : s);
        }
      }
    }
  }

  [[nodiscard]] Eigen::MatrixXd jacobian(const Part& part, std::size_t element, const std::vector<Eigen::Index>& mine, std::size_t n) const {
    Eigen::MatrixXd out(static_cast<Eigen::Index>(n), static_cast<Eigen::Index>(mine.size()));
    const auto first = centre_.begin() + static_cast<std::ptrdiff_t>(part.first + element * part.each);
    std::vector<double> x(first, first + static_cast<std::ptrdiff_t>(part.each)), up(n), down(n);
    for (std::size_t c = 0; c < mine.size(); ++c) {
      const std::size_t at = free_[static_cast<std::size_t>(mine[c])].at;
      const double centre = x[at], h = 1e-5 * std::max(1.0, std::abs(centre));
      x[at] = centre + h;
      from_coordinates(part.support, x, up);
      x[at] = centre - h;
      from_coordinates(part.support, x, down);
      x[at] = centre;
      for (std::size_t v = 0; v < n; ++v) out(static_cast<Eigen::Index>(v), static_cast<Eigen::Index>(c)) = (up[v] - down[v]) / (2 * h);
    }
    return out;
  }

  // A number that has a coordinate of its own which is held.
  [[nodiscard]] bool is_held(const Part& part, std::size_t element, std::size_t v) const {
    const bool own = part.support.kind == SupportKind::simplex || part.support.kind == SupportKind::unit ||
                     part.support.kind == SupportKind::interval || part.support.kind == SupportKind::positive;
    if (!own) return false;
    const double x = centre_[part.first + element * part.each + v];
    return !std::isfinite(x) || (part.support.kind == SupportKind::simplex && x < std::log(at_edge));
  }

  const Problem& problem_;
  Engine& engine_;
  DriverVector vector_;
  std::vector<double> centre_;
  std::vector<Free> free_;
};

bool has_param(const plan::Plan& plan) {
  return std::any_of(plan.blocks.begin(), plan.blocks.end(), [](const plan::PlannedBlock& block) {
    return block.point || std::any_of(block.components.begin(), block.components.end(), [](const auto& c) { return c.point; });
  });
}

}  // namespace

StandardErrors standard_errors(const Problem& problem, Engine& engine, const Run& run) {
  if (problem.options.standard_errors == StandardErrorChoice::off || !has_param(engine.plan())) return {};
  const bool asked = problem.options.standard_errors == StandardErrorChoice::on;
  if (!asked && !(run.converged && problem.derivation.exact)) return {};
  if (!run.converged) return {{}, "the fit has not converged"};
  return Information(problem, engine).find(run);
}

}  // namespace jensen::run
