// The normal distribution of one real number: t(v) = (v, v²), η = (precision · mean, −precision/2),
// A(η) = ½ log 2π − ½ log precision + ½ precision · mean² (Bishop 2006, section 2.3 with 2.4).
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "family/common.hpp"
#include "family/families.hpp"

namespace jensen::family {
namespace {

const Statistic value_statistic{StatisticKind::power, 1}, square_statistic{StatisticKind::power, 2};

std::optional<Improper> improper(std::span<const double> natural) {
  if (auto reason = not_finite(natural)) return reason;
  if (natural[1] < 0) return std::nullopt;
  return Improper{fmt::format("the precision is not positive ({:.3g})", -2 * natural[1])};
}

class Normal final : public Family {
 public:
  std::string name() const override { return "normal"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return 2; }
  std::size_t value_size() const override { return 1; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    if (auto reason = improper(natural)) return reason;
    const double precision = -2 * natural[1], center = natural[0] / precision;
    mean[0] = center;
    mean[1] = 1 / precision + center * center;
    log_partition = 0.5 * (std::log(2 * std::numbers::pi) - std::log(precision) + natural[0] * center);
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    mean[0] = value[0];
    mean[1] = value[0] * value[0];
  }

  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (auto reason = improper(natural)) return reason;
    value[0] = natural[0] / (-2 * natural[1]);
    return std::nullopt;
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    mean[0] = natural[0] / (-2 * natural[1]);
    sd[0] = 1 / std::sqrt(-2 * natural[1]);
  }

  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    value[0] = natural[0] / (-2 * natural[1]) + stream.normal() / std::sqrt(-2 * natural[1]);
  }

  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    const double spread = sd.empty() ? 1 : sd[0];
    const double usual[] = {mean[0], 1 / (spread * spread)};
    return from_usual(usual, natural);
  }

  std::vector<UsualParameter> usual_parameters() const override { return {{"mean", {}}, {"precision", {}}}; }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    usual[1] = -2 * natural[1];
    usual[0] = natural[0] / usual[1];
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    natural[0] = usual[1] * usual[0];
    natural[1] = -0.5 * usual[1];
    return !improper(natural);
  }

  std::vector<Formula> formulas() const override {
    const std::string linear = eta(value_statistic), quadratic = eta(square_statistic);
    const std::string linear_latex = eta_latex(value_statistic), quadratic_latex = eta_latex(square_statistic);
    return {{"mean", fmt::format("-{} / (2 {})", linear, quadratic), fmt::format("-{} / (2 {})", linear_latex, quadratic_latex)},
            {"precision", fmt::format("-2 {}", quadratic), fmt::format("-2 {}", quadratic_latex)}};
  }

  std::string log_partition_text() const override { return "1/2 log(2 pi) - 1/2 log precision + 1/2 precision mean^2"; }

 private:
  Layout layout_ = make_layout({{value_statistic, 1}, {square_statistic, 1}});
};

}  // namespace

std::unique_ptr<const Family> make_normal() { return std::make_unique<Normal>(); }

}  // namespace jensen::family
