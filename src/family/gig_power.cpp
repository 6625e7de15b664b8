// A power of a generalised inverse Gaussian variable on the positives: t(v) = (log v, v^p, v^-p), p ≠ 0. With η = (a, b, c), u = v^p has density
// ∝ u^(λ − 1) exp(b u + c / u), λ = (a + 1)/p and b, c ≤ 0 (Jørgensen 1982, equation 2.1); A(η) = log 2K_λ(ω) + λ/2 log(c/b) − log|p| with
// ω = 2 √(bc), E[u^r] = (c/b)^(r/2) K_{λ + r}(ω)/K_λ(ω). Where b or c is 0 it is a power of a gamma variable.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "family/common.hpp"
#include "family/families.hpp"
#include "family/log_gig.hpp"

namespace jensen::family {
namespace {

class GigPower final : public Family {
 public:
  explicit GigPower(double power)
      : power_(power),
        layout_(make_layout({{log_statistic(), 1}, {power_statistic(), 1}, {inverse_statistic(), 1}})),
        direct_(make_gamma_power(power)),
        inverse_(make_gamma_power(-power)) {}

  std::string name() const override { return FamilyKind{FamilyKind::Kind::gig_power, power_}.name(); }
  const Layout& layout() const override { return layout_; }
  std::size_t size() const override { return 3; }
  std::size_t value_size() const override { return 1; }

  std::optional<Improper> update(std::span<const double> given, std::span<double> mean, double& log_partition) const override {
    const std::array<double, 3> inside = off_the_edge(given);
    const std::span<const double> natural(inside);
    if (auto reason = update_inside(natural, mean, log_partition)) return reason;
    // H[q] = A − η·m is that of the q taken.
    for (std::size_t i = 1; i < 3; ++i) {
      if (natural[i] != given[i]) log_partition += (given[i] - natural[i]) * mean[i];
    }
    return std::nullopt;
  }

  std::optional<Improper> update_inside(std::span<const double> natural, std::span<double> mean, double& log_partition) const {
    if (auto reason = improper(natural)) return reason;
    if (natural[2] == 0) return update_gamma(*direct_, natural[0], natural[1], mean[1], mean[2], mean[0], log_partition);
    if (natural[1] == 0) return update_gamma(*inverse_, natural[0], natural[2], mean[2], mean[1], mean[0], log_partition);
    const LogGig law(index(natural), -natural[1], -natural[2]);
    const LogGig::Expectations e = law.expectations();
    mean[0] = e.log / power_;
    mean[1] = e.direct;
    mean[2] = e.inverse;
    log_partition = e.log_integral - std::log(std::abs(power_));
    if (e.direct > 0 && e.inverse > 0 && std::isfinite(e.direct) && std::isfinite(e.inverse)) return std::nullopt;
    return Improper{fmt::format("a moment is out of range (E[{}] = {:.3g}, E[{}] = {:.3g})", to_text(power_statistic(), "v"), e.direct,
                                to_text(inverse_statistic(), "v"), e.inverse)};
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    mean[0] = std::log(value[0]);
    mean[1] = std::pow(value[0], power_);
    mean[2] = std::pow(value[0], -power_);
  }

  // α log u + b u + c/u with α = a/p has its maximum where b u² + α u − c = 0; of the two forms of the root the one without cancellation.
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (auto reason = not_finite(natural)) return reason;
    const double alpha = natural[0] / power_, b = natural[1], c = natural[2];
    if (alpha == 0 && b == 0 && c == 0) return Improper{"the maximum is not unique (the density is flat)"};
    const bool grows_up = b > 0 || (b == 0 && alpha >= 0), grows_down = c > 0 || (c == 0 && alpha <= 0);
    if (grows_up || grows_down) {
      return Improper{fmt::format("there is no maximum: the density grows towards {} ({} = {:.3g}, {} = {:.3g}, {} = {:.3g})",
                                  grows_down == (power_ > 0) ? "0" : "infinity", eta(log_statistic()), natural[0], eta(power_statistic()), b,
                                  eta(inverse_statistic()), c)};
    }
    const double root = std::hypot(alpha, 2 * std::sqrt(-b) * std::sqrt(-c));
    const double u = alpha >= 0 ? (alpha + root) / (-2 * b) : -2 * c / (root - alpha);
    value[0] = std::pow(u, 1 / power_);
    if (value[0] > 0 && std::isfinite(value[0])) return std::nullopt;
    return Improper{fmt::format("the maximum is out of range ({:.3g})", value[0])};
  }

  void moments(std::span<const double> given, std::span<double> mean, std::span<double> sd) const override {
    const std::array<double, 3> inside = off_the_edge(given);
    const std::span<const double> natural(inside);
    if (const Gamma gamma = as_gamma(natural); gamma.family) return gamma.family->moments(gamma.natural, mean, sd);
    const LogGig law(index(natural), -natural[1], -natural[2]);
    const LogGig::PowerMoments m = law.power_moments(1 / power_);
    mean[0] = m.mean;
    sd[0] = m.mean * m.variation;
  }

  void draw(std::span<const double> given, Stream& stream, std::span<double> value) const override {
    const std::array<double, 3> inside = off_the_edge(given);
    const std::span<const double> natural(inside);
    if (const Gamma gamma = as_gamma(natural); gamma.family) return gamma.family->draw(gamma.natural, stream, value);
    value[0] = std::exp(LogGig(index(natural), -natural[1], -natural[2]).draw(stream) / power_);
  }

  // Two moments leave one parameter free: the index is −1/(2p), that of the inverse Gaussian distribution where p = 1, where (c/b)^(1/2p) is the
  // mean. Without a spread: sd equal to the mean.
  bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const override {
    const double target = sd.empty() ? 1 : sd[0] / mean[0];
    if (!(mean[0] > 0) || !(target > 0) || !std::isfinite(mean[0]) || !std::isfinite(target)) return false;
    const double omega = balanced_gig_with_variation(target, 1 / power_), u = std::pow(mean[0], power_);
    natural[0] = -1.5;
    natural[1] = -0.5 * omega / u;
    natural[2] = -0.5 * omega * u;
    return !improper(natural);
  }

  std::vector<UsualParameter> usual_parameters() const override {
    if (!has_power_parameter()) return {{"index", {}}, {"rate", {}}, {"scale", {}}};
    return {{"index", {}}, {"rate", {}}, {"scale", {}}, {"power", {}}};
  }

  void to_usual(std::span<const double> natural, std::span<double> usual) const override {
    usual[0] = index(natural);
    usual[1] = -natural[1];
    usual[2] = -natural[2];
    if (has_power_parameter()) usual[3] = power_;
  }

  bool from_usual(std::span<const double> usual, std::span<double> natural) const override {
    natural[0] = power_ * usual[0] - 1;
    natural[1] = -usual[1];
    natural[2] = -usual[2];
    return !improper(natural) && (!has_power_parameter() || usual[3] == power_);
  }

  std::vector<Formula> formulas() const override {
    const std::string log_eta = eta(log_statistic()), log_latex = eta_latex(log_statistic());
    std::vector<Formula> result{
        {"index", fmt::format("(1 + {}) / {}", log_eta, power_), fmt::format("\\left(1 + {}\\right) / {}", log_latex, power_)},
        {"rate", fmt::format("-{}", eta(power_statistic())), fmt::format("-{}", eta_latex(power_statistic()))},
        {"scale", fmt::format("-{}", eta(inverse_statistic())), fmt::format("-{}", eta_latex(inverse_statistic()))}};
    if (power_ == 1) result[0] = {"index", fmt::format("1 + {}", log_eta), fmt::format("1 + {}", log_latex)};
    if (power_ == -1) result[0] = {"index", fmt::format("-1 - {}", log_eta), fmt::format("-1 - {}", log_latex)};
    if (has_power_parameter()) result.push_back({"power", fmt::format("{}", power_), fmt::format("{}", power_)});
    return result;
  }

  std::string log_partition_text() const override {
    const std::string text = "log(2 K(index, 2 sqrt(rate scale))) + 1/2 index (log scale - log rate)";
    return has_power_parameter() ? text + " - log|power|" : text;
  }

 private:
  static Statistic log_statistic() { return {StatisticKind::log, 1}; }
  Statistic power_statistic() const { return {StatisticKind::power, power_}; }
  Statistic inverse_statistic() const { return {StatisticKind::power, -power_}; }
  bool has_power_parameter() const { return power_ != 1 && power_ != -1; }
  double index(std::span<const double> natural) const { return (natural[0] + 1) / power_; }

  // On the edge c = 0 with 0 < λ ≤ 1 the law is proper but E[1/u] is infinite: the limit of a precision whose residual vanishes, as that of a Laplace
  // at a data point. There, and up to rounding beyond it, q is that of ω = nearest_omega, whose bound is lower by at most A(c = 0) − A(c) + |c|
  // E[1/u], about ω where λ = 1/2; E[1/u] is large and finite. Likewise b = 0 with −1 ≤ λ < 0.
  static constexpr double nearest_omega = 1e-8, most_rounding = 1e-9;
  std::array<double, 3> off_the_edge(std::span<const double> natural) const {
    std::array<double, 3> out{natural[0], natural[1], natural[2]};
    const double lambda = index(natural);
    const auto move = [](double edge, double& at) {
      const double least = 0.25 * nearest_omega * nearest_omega / -edge;
      if (edge < 0 && at >= 0 && at <= most_rounding / -edge) at = -least;
    };
    if (lambda > 0 && lambda <= 1) move(natural[1], out[2]);
    if (lambda < 0 && lambda >= -1) move(natural[2], out[1]);
    return out;
  }

  // The member on the edge: a power of a gamma variable, whose other power has mean rate/(shape − 1).
  struct Gamma {
    const Family* family = nullptr;
    std::array<double, 2> natural{};
  };
  Gamma as_gamma(std::span<const double> natural) const {
    if (natural[2] == 0) return {direct_.get(), {natural[0], natural[1]}};
    if (natural[1] == 0) return {inverse_.get(), {natural[0], natural[2]}};
    return {};
  }

  static std::optional<Improper> update_gamma(const Family& gamma, double log_natural, double power_natural, double& own, double& other, double& log,
                                              double& log_partition) {
    const std::array<double, 2> natural{log_natural, power_natural};
    std::array<double, 2> mean{}, usual{};
    if (auto reason = gamma.update(natural, mean, log_partition)) return reason;
    std::array<double, 3> parameters{};
    gamma.to_usual(natural, parameters);
    usual = {parameters[0], parameters[1]};
    log = mean[0];
    own = mean[1];
    other = usual[1] / (usual[0] - 1);
    if (usual[0] > 1) return std::nullopt;
    return Improper{fmt::format("an expected power is infinite (the shape is {:.3g}, not above 1, and nothing bounds the other side)", usual[0])};
  }

  std::optional<Improper> improper(std::span<const double> natural) const {
    if (auto reason = not_finite(natural)) return reason;
    const double lambda = index(natural), rate = -natural[1], scale = -natural[2];
    if (!(rate >= 0)) return Improper{fmt::format("the rate is negative ({:.3g})", rate)};
    if (!(scale >= 0)) return Improper{fmt::format("the scale is negative ({:.3g})", scale)};
    if (rate == 0 && !(lambda < 0 && scale > 0)) return Improper{fmt::format("the rate is 0 and the index not negative ({:.3g})", lambda)};
    if (scale == 0 && !(lambda > 0)) return Improper{fmt::format("the scale is 0 and the index not positive ({:.3g})", lambda)};
    return std::nullopt;
  }

  double power_;
  Layout layout_;
  std::unique_ptr<const Family> direct_, inverse_;  // t = (log v, v^p) and (log v, v^-p)
};

}  // namespace

std::unique_ptr<const Family> make_gig_power(double power) { return std::make_unique<GigPower>(power); }

}  // namespace jensen::family
