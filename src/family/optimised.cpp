// A point block without a mode in closed form: t(v) are any functions of its numbers, and argmax η·t(v) is searched from the value that the block has
// (maximise.hpp) in unconstrained coordinates (unconstrained.hpp). There is no q of this kind.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "family/common.hpp"
#include "family/families.hpp"
#include "family/maximise.hpp"

namespace jensen::family {
namespace {

class Optimised final : public Family {
 public:
  explicit Optimised(PointFunctions functions) : functions_(std::move(functions)), unconstrained_(functions_.parts) {
    layout_ = make_layout(functions_.statistics);
    for (const LayoutEntry& entry : layout_) size_ += entry.size;
  }

  std::string name() const override { return unconstrained_.size() <= most_newton ? "newton" : "quasi_newton"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return size_; }
  std::size_t value_size() const override { return unconstrained_.value_size(); }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override { functions_.open()(value, mean, {}, {}); }

  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (auto reason = not_finite(natural)) return reason;
    const PointEvaluation evaluate = functions_.open();
    std::vector<double> statistics(size_), moved(value.size()), by_value(value.size()), start(unconstrained_.size());
    Objective objective{unconstrained_.size(), {}, {}};
    for (std::size_t i = 0; i < objective.size; ++i) objective.logarithmic.push_back(unconstrained_.is_logarithmic(i));
    objective.value = [&](std::span<const double> x, std::span<double> gradient, double& magnitude) {
      unconstrained_.to_value(x, moved);
      std::fill(by_value.begin(), by_value.end(), 0.0);
      evaluate(moved, statistics, natural, by_value);
      unconstrained_.pull_back(x, moved, by_value, gradient);
      return weighted(natural, statistics, magnitude);
    };
    unconstrained_.from_value(value, start);
    evaluate(value, statistics, {}, {});
    double magnitude = 0;
    const double before = weighted(natural, statistics, magnitude);
    const Maximum found = maximise(objective, start);
    if (found.status == Maximum::Status::not_a_number) {
      return Improper{"its log density is not finite where the search begins: give it a start by `--init`"};
    }
    unconstrained_.to_value(found.x, moved);
    if (found.status == Maximum::Status::unbounded) return Improper{runaway(found, moved)};
    if (!std::isfinite(before) || found.value > before) std::copy(moved.begin(), moved.end(), value.begin());
    return std::nullopt;
  }

  std::optional<Improper> update(std::span<const double>, std::span<double>, double&) const override { return no_q(); }
  void moments(std::span<const double>, std::span<double> mean, std::span<double> sd) const override {
    std::fill(mean.begin(), mean.end(), not_available);
    std::fill(sd.begin(), sd.end(), not_available);
  }
  void draw(std::span<const double>, Stream&, std::span<double> value) const override { std::fill(value.begin(), value.end(), not_available); }
  bool natural_from_moments(std::span<const double>, std::span<const double>, std::span<double>) const override { return false; }
  std::vector<UsualParameter> usual_parameters() const override { return {}; }
  void to_usual(std::span<const double>, std::span<double>) const override {}
  bool from_usual(std::span<const double>, std::span<double>) const override { return false; }
  std::vector<Formula> formulas() const override { return {}; }
  std::string log_partition_text() const override { return "0"; }

 private:
  static constexpr double not_available = std::numeric_limits<double>::quiet_NaN();
  static Improper no_q() { return {"a point that is searched for has no distribution"}; }

  static double weighted(std::span<const double> natural, std::span<const double> statistics, double& magnitude) {
    double sum = 0;
    magnitude = 0;
    for (std::size_t i = 0; i < natural.size(); ++i) {
      if (natural[i] == 0) continue;
      const double part = natural[i] * statistics[i];
      sum += part;
      magnitude += std::abs(part);
    }
    return sum;
  }

  [[nodiscard]] std::string runaway(const Maximum& found, std::span<const double>) const {
    const bool factor = unconstrained_.is_logarithmic(found.coordinate);
    const double x = found.x[found.coordinate];
    const std::string place = factor ? fmt::format("its scale is beyond e^{:.3g}", x) : fmt::format("it is beyond {:.3g}", x);
    return fmt::format("its log density has no maximum: it rises for ever as `{}` {} ({})", unconstrained_.name(found.coordinate),
                       found.upwards ? "grows" : "falls", place);
  }

  PointFunctions functions_;
  Unconstrained unconstrained_;
  Layout layout_;
  std::size_t size_ = 0;
};

}  // namespace

std::unique_ptr<const Family> make_optimised(PointFunctions functions) { return std::make_unique<Optimised>(std::move(functions)); }

}  // namespace jensen::family
