// The categorical distribution on K levels 0..K−1 (a bool has the levels 0 and 1): t(v) = ([v = k]), A(η) = log Σ exp η_k,
// E[[v = k]] = exp(η_k − A) (Bishop 2006, section 2.4). η is defined up to a common constant, which A carries. An entry may be −inf: probability 0.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "family/common.hpp"
#include "family/families.hpp"
#include "family/special.hpp"

namespace jensen::family {
namespace {

const Statistic indicator_statistic{StatisticKind::indicator, 1};

constexpr double infinity = std::numeric_limits<double>::infinity();

Improper why_improper(std::span<const double> natural) {
  for (std::size_t k = 0; k < natural.size(); ++k)
    if (std::isnan(natural[k]) || natural[k] == infinity)
      return {fmt::format("the log weight of level {} of {} is not finite ({})", k + 1, natural.size(), natural[k])};
  return {natural.empty() ? "there are no levels" : "every level has probability 0"};
}

class Categorical final : public Family {
 public:
  explicit Categorical(std::size_t levels) : levels_(levels), layout_(make_layout({{indicator_statistic, levels}})) {}

  std::string name() const override { return "categorical"; }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return levels_; }
  std::size_t value_size() const override { return 1; }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    log_partition = softmax(natural, mean);
    if (!std::isfinite(log_partition)) return why_improper(natural);
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    std::fill(mean.begin(), mean.end(), 0.0);
    if (value[0] >= 0 && value[0] < static_cast<double>(levels_)) mean[static_cast<std::size_t>(value[0])] = 1;
  }

  // The first of equally probable levels.
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (!std::isfinite(log_sum_exp(natural))) return why_improper(natural);
    value[0] = static_cast<double>(std::max_element(natural.begin(), natural.end()) - natural.begin());
    return std::nullopt;
  }

  void moments(std::span<const double> natural, std::span<double> mean, std::span<double>) const override { softmax(natural, mean); }

  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    const double log_total = log_sum_exp(natural);
    double left = stream.uniform();
    std::size_t last_possible = 0;
    for (std::size_t k = 0; k < levels_; ++k) {
      const double probability = std::exp(natural[k] - log_total);
      if (probability == 0) continue;
      last_possible = k;
      left -= probability;
      if (left < 0) break;
    }
    value[0] = static_cast<double>(last_possible);
  }

  bool natural_from_moments(std::span<const double> mean, std::span<const double>, std::span<double> natural) const override {
    return from_usual(mean, natural);
  }

  std::vector<UsualParameter> usual_parameters() const override { return {{"probability", {levels_}}}; }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override { softmax(natural, usual); }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    double total = 0;
    for (std::size_t k = 0; k < levels_; ++k) {
      if (!(usual[k] >= 0)) return false;
      natural[k] = std::log(usual[k]);
      total += usual[k];
    }
    return total > 0 && std::isfinite(total);
  }

  std::vector<Formula> formulas() const override {
    return {{"probability", fmt::format("softmax({})", eta(indicator_statistic)),
             fmt::format("\\mathrm{{softmax}}\\left({}\\right)", eta_latex(indicator_statistic))}};
  }

  std::string log_partition_text() const override { return fmt::format("log_sum_exp({})", eta(indicator_statistic)); }

 private:
  std::size_t levels_;
  Layout layout_;
};

}  // namespace

std::unique_ptr<const Family> make_categorical(std::size_t levels) { return std::make_unique<Categorical>(levels); }

}  // namespace jensen::family
