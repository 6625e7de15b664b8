// The beta distribution on (0, 1): t(v) = (log v, log(1 − v)), η = (a − 1, b − 1), A(η) = log B(a, b) = log Γ(a) + log Γ(b) − log Γ(a + b),
// E[log v] = ψ(a) − ψ(a + b), E[log(1 − v)] = ψ(b) − ψ(a + b) (Bishop 2006, section 2.1.1 and appendix B).
#include <fmt/format.h>

#include <cmath>

#include "family/common.hpp"
#include "family/families.hpp"
#include "family/special.hpp"

namespace jensen::family {
namespace {

const Statistic log_statistic{StatisticKind::log, 1}, log1m_statistic{StatisticKind::log1m, 1};

std::optional<Improper> improper(std::span<const double> natural) {
  if (auto reason = not_finite(natural)) return reason;
  if (!(natural[0] + 1 > 0)) return Improper{fmt::format("the parameter a is not positive ({:.3g})", natural[0] + 1)};
  if (!(natural[1] + 1 > 0)) return Improper{fmt::format("the parameter b is not positive ({:.3g})", natural[1] + 1)};
  return std::nullopt;
}

class Beta final : public Family {
 public:
  std::string name() const override { return "beta"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return 2; }
  std::size_t value_size() const override { return 1; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    if (auto reason = improper(natural)) return reason;
    const double a = natural[0] + 1, b = natural[1] + 1;
    mean[0] = -digamma_difference(a, b);
    mean[1] = -digamma_difference(b, a);
    log_partition = log_beta(a, b);
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    mean[0] = log_probability(value[0]);
    mean[1] = value[0] < 1 ? std::log1p(-value[0]) : log_probability(0);
  }

  // The ends 0 and 1 belong to the support: a share estimated from counts is 0 where nothing was counted.
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (auto reason = not_finite(natural)) return reason;
    if (natural[0] < 0 || natural[1] < 0) {
      return Improper{
          fmt::format("there is no maximum: the density grows towards {} (parameter {} < 1)", natural[0] < 0 ? 0 : 1, natural[0] < 0 ? "a" : "b")};
    }
    if (natural[0] + natural[1] == 0) return Improper{"the maximum is not unique (the density is flat: nothing was counted)"};
    value[0] = natural[0] / (natural[0] + natural[1]);
    return std::nullopt;
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    const double a = natural[0] + 1, b = natural[1] + 1, total = a + b;
    mean[0] = a / total;
    sd[0] = std::sqrt(a / total * (b / total) / (total + 1));
  }

  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    const double log_first = stream.log_gamma_draw(natural[0] + 1), log_second = stream.log_gamma_draw(natural[1] + 1);
    value[0] = 1 / (1 + std::exp(log_second - log_first));
  }

  // Without a spread: a + b = 2, that of the uniform distribution.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    const double total = sd.empty() ? 2 : mean[0] * (1 - mean[0]) / (sd[0] * sd[0]) - 1;
    if (!(mean[0] > 0 && mean[0] < 1 && total > 0)) return false;
    natural[0] = mean[0] * total - 1;
    natural[1] = (1 - mean[0]) * total - 1;
    return !improper(natural);
  }

  std::vector<UsualParameter> usual_parameters() const override { return {{"a", {}}, {"b", {}}}; }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    usual[0] = natural[0] + 1;
    usual[1] = natural[1] + 1;
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    natural[0] = usual[0] - 1;
    natural[1] = usual[1] - 1;
    return !improper(natural);
  }

  std::vector<Formula> formulas() const override {
    return {{"a", fmt::format("1 + {}", eta(log_statistic)), fmt::format("1 + {}", eta_latex(log_statistic))},
            {"b", fmt::format("1 + {}", eta(log1m_statistic)), fmt::format("1 + {}", eta_latex(log1m_statistic))}};
  }

  std::string log_partition_text() const override { return "lgamma(a) + lgamma(b) - lgamma(a + b)"; }

 private:
  Layout layout_ = make_layout({{log_statistic, 1}, {log1m_statistic, 1}});
};

}  // namespace

std::unique_ptr<const Family> make_beta() { return std::make_unique<Beta>(); }

}  // namespace jensen::family
