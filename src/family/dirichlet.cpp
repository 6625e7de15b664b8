// The Dirichlet distribution on the simplex: t(v) = (log v_k), η = concentration − 1 with respect to Lebesgue measure on the first K − 1 entries,
// A(η) = Σ log Γ(α_k) − log Γ(Σ α_k), E[log v_k] = ψ(α_k) − ψ(Σ α_j) (Bishop 2006, B.16 to B.21).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/lanes.hpp"
#include "family/common.hpp"
#include "family/families.hpp"
#include "family/special.hpp"

namespace jensen::family {
namespace {

const Statistic log_statistic{StatisticKind::log, 1};

std::optional<Improper> improper(std::span<const double> natural) {
  if (auto reason = not_finite(natural)) return reason;
  for (std::size_t k = 0; k < natural.size(); ++k)
    if (!(natural[k] + 1 > 0)) return Improper{fmt::format("concentration {} of {} is not positive ({:.3g})", k + 1, natural.size(), natural[k] + 1)};
  return std::nullopt;
}

double total_concentration(std::span<const double> natural) {
  return std::accumulate(natural.begin(), natural.end(), 0.0, [](double sum, double eta) { return sum + (eta + 1); });
}

// α = η + 1 and its total in one pass; NaN where an entry is not positive.
double concentrations(std::span<const double> natural, std::span<double> out) {
  Lane sum{};
  LaneBits positive = ~LaneBits{};
  std::size_t k = 0;
  for (; k + lanes <= natural.size(); k += lanes) {
    const Lane alpha = load_lane(natural.data() + k) + 1;
    store_lane(out.data() + k, alpha);
    positive &= alpha > 0.0;
    sum += alpha;
  }
  double total = sum_lanes(sum);
  bool all_positive = true;
  for (std::int64_t l = 0; l < lanes; ++l) all_positive = all_positive && positive[l] != 0;
  for (; k < natural.size(); ++k) {
    out[k] = natural[k] + 1;
    all_positive = all_positive && out[k] > 0;
    total += out[k];
  }
  return all_positive ? total : not_available;
}

class Dirichlet final : public Family {
 public:
  explicit Dirichlet(std::size_t dimension) : dimension_(dimension), layout_(make_layout({{log_statistic, dimension}})) {}

  std::string name() const override { return "dirichlet"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return dimension_; }
  std::size_t value_size() const override { return dimension_; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    if (auto reason = improper(natural)) return reason;
    if (dimension_ == 1) {  // a single share is 1
      mean[0] = log_partition = 0;
      return std::nullopt;
    }
    const double total = total_concentration(natural), digamma_total = digamma(total);
    std::transform(natural.begin(), natural.end(), mean.begin(), [](double eta) { return eta + 1; });
    log_partition = digamma_in_place(mean) - lgamma(total);
    for (double& entry : mean) entry -= digamma_total;
    return std::nullopt;
  }

  std::optional<Improper> update_mean(std::span<const double> natural, std::span<double> mean) const override {
    double total = concentrations(natural, mean);
    if (!std::isfinite(total)) {
      if (auto reason = improper(natural)) return reason;
    }
    if (dimension_ == 1) {
      mean[0] = 0;
      return std::nullopt;
    }
    digamma_all_in_place(mean, total);
    for (double& entry : mean) entry -= total;
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    std::transform(value.begin(), value.end(), mean.begin(), log_probability);
  }

  // The faces belong to the support: a share estimated from counts is 0 where nothing was counted.
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (auto reason = not_finite(natural)) return reason;
    double total = 0;
    for (std::size_t k = 0; k < dimension_; ++k) {
      if (natural[k] < 0 && dimension_ > 1) {
        return Improper{fmt::format("there is no maximum: the density grows as entry {} of {} tends to 0 (concentration {:.3g} < 1)", k + 1,
                                    dimension_, natural[k] + 1)};
      }
      total += natural[k];
    }
    if (total == 0 && dimension_ > 1) return Improper{"the maximum is not unique (the density is flat: nothing was counted)"};
    for (std::size_t k = 0; k < dimension_; ++k) value[k] = dimension_ == 1 ? 1 : natural[k] / total;
    return std::nullopt;
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const override {
    const double total = total_concentration(natural);
    for (std::size_t k = 0; k < dimension_; ++k) {
      mean[k] = (natural[k] + 1) / total;
      sd[k] = std::sqrt(mean[k] * std::max(0.0, 1 - mean[k]) / (total + 1));
    }
  }

  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    for (std::size_t k = 0; k < dimension_; ++k) value[k] = stream.log_gamma_draw(natural[k] + 1);
    softmax(value, value);
  }

  // Without a spread: total concentration K, that of the uniform distribution; with one: the total that matches the summed variances.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    double spread = 0, variance = 0;
    for (std::size_t k = 0; k < dimension_; ++k) {
      if (!(mean[k] > 0 && mean[k] <= 1)) return false;
      spread += mean[k] * (1 - mean[k]);
      variance += sd.empty() ? 0 : sd[k] * sd[k];
    }
    const double total = sd.empty() || dimension_ == 1 ? static_cast<double>(dimension_) : spread / variance - 1;
    for (std::size_t k = 0; k < dimension_; ++k) natural[k] = mean[k] * total - 1;
    return !improper(natural);
  }

  std::vector<UsualParameter> usual_parameters() const override { return {{"concentration", {dimension_}}}; }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    std::transform(natural.begin(), natural.end(), usual.begin(), [](double eta) { return eta + 1; });
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    std::transform(usual.begin(), usual.end(), natural.begin(), [](double concentration) { return concentration - 1; });
    return !improper(natural);
  }

  std::vector<Formula> formulas() const override {
    return {{"concentration", fmt::format("1 + {}", eta(log_statistic)), fmt::format("1 + {}", eta_latex(log_statistic))}};
  }

  std::string log_partition_text() const override { return "sum(lgamma(concentration)) - lgamma(sum(concentration))"; }

 private:
  std::size_t dimension_;
  Layout layout_;
};

}  // namespace

std::unique_ptr<const Family> make_dirichlet(std::size_t dimension) { return std::make_unique<Dirichlet>(dimension); }

}  // namespace jensen::family
