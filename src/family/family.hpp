// The native exponential families: the only table of conjugacy there is. A family is found from the statistics in which a variable appears in
// the log joint, together with its support; nothing here knows which distribution a prior or a likelihood came from.
//
//   q(v) = exp(η · t(v) − A(η)) on the support, with respect to Lebesgue (counting, for discrete) measure: the base measure is 1 everywhere.
//
// Hence H[q] = A(η) − η · ∇A(η), and argmax_v η · t(v) is the mode of q, which is also the best value of a point block.
// Natural and mean parameters are flat vectors laid out statistic by statistic (`Layout`), row-major inside a statistic.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "family/statistic.hpp"
#include "family/stream.hpp"

namespace jensen::family {

// One statistic of a family: kind, power (for StatisticKind::power) and how many numbers it has.
struct LayoutEntry {
  Statistic statistic;
  std::size_t offset = 0;
  std::size_t size = 1;
};
using Layout = std::vector<LayoutEntry>;

// What is needed to choose a family for one variable (or for the joint vector of a Gaussian block).
struct Signature {
  Support support;                    // kind and bounds
  std::vector<Statistic> statistics;  // distinct, sorted; a quadratic joint statistic is Statistic::pair()
};

// Why a natural parameter is not that of a proper member of the family (or has no mode).
struct Improper {
  std::string reason;  // "the precision is not positive definite (smallest pivot -0.3)"
};

class Family {
 public:
  virtual ~Family() = default;

  [[nodiscard]] virtual std::string name() const = 0;  // normal, mvnormal, gamma, inverse_gamma, beta, dirichlet, categorical, wishart, ...
  [[nodiscard]] virtual const Layout& layout() const = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;        // length of natural and mean parameters
  [[nodiscard]] virtual std::size_t value_size() const = 0;  // numbers in one value of the variable (D for a vector, D*D for a matrix, 1 for a level)

  // A(η) and ∇A(η) = E[t]. `mean` has size() entries. On improper η returns the reason and leaves `mean` unspecified.
  // Thread-safe. Allocates nothing unless η is improper, matrices above 64 rows apart.
  virtual std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const = 0;

  // ∇A(η) alone, where A(η) is not wanted.
  virtual std::optional<Improper> update_mean(std::span<const double> natural, std::span<double> mean) const {
    double log_partition = 0;
    return update(natural, mean, log_partition);
  }

  // t(v) for a given value: what a point block contributes instead of E[t].
  virtual void statistics_of(std::span<const double> value, std::span<double> mean) const = 0;

  // argmax_v η · t(v) over the support, or why there is none (unbounded, empty component, not unique).
  virtual std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const = 0;

  // Mean and marginal standard deviation of the value itself under q (for a categorical: probabilities, no sd: size() entries).
  virtual void moments(std::span<const double> natural, std::span<double> mean, std::span<double> sd) const = 0;

  // One draw of the value from q.
  virtual void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const = 0;

  // η of a q with the given mean value and spread, for initial values: `sd` may be empty (the family chooses a unit spread).
  virtual bool natural_from_moments(std::span<const double> mean, std::span<const double> sd, std::span<double> natural) const = 0;

  // The family's usual parameters, e.g. {"shape", "rate"}, {"concentration"}, {"mean", "precision"}, {"df", "scale"}: names with their flat sizes,
  // and both directions between them and η. Used by reports and by --init.
  struct UsualParameter {
    std::string name;
    std::vector<std::size_t> shape;
  };
  [[nodiscard]] virtual std::vector<UsualParameter> usual_parameters() const = 0;
  virtual void to_usual(std::span<const double> natural, std::span<double> usual) const = 0;
  virtual bool from_usual(std::span<const double> usual, std::span<double> natural) const = 0;

  // The usual parameters as formulas of the natural ones, for the printed derivation, e.g. {"shape", "1 + η[log v]"}; η[s] names the natural
  // parameter of statistic s as in Statistic::text(). One entry per usual parameter. LaTeX uses \eta_{s}.
  struct Formula {
    std::string parameter;
    std::string text;
    std::string latex;
  };
  [[nodiscard]] virtual std::vector<Formula> formulas() const = 0;
  [[nodiscard]] virtual std::string log_partition_text() const = 0;  // A(η) in the usual parameters
};

// Sizes a family needs: levels of a discrete variable, dimension of a vector, side of a matrix.
struct FamilySize {
  std::size_t dimension = 1;
};

// The kind of family that has exactly these statistics (or a superset of them that it can hold with zero natural parameter) on this support;
// nullopt where no family of the table matches. A matched kind is symbolic (no sizes): the derivation prints it, planning instantiates it.
struct FamilyKind {
  enum class Kind {
    gaussian,
    gamma_power,
    beta,
    dirichlet,
    categorical,
    wishart,
    inverse_wishart,
    gig_power,               // {log v, v^p, v^-p}: v^p is generalised inverse Gaussian
    von_mises,               // {cos v, sin v}
    power_law,               // {log v} between `low` and `high`: Pareto where `high` is infinite
    truncated_normal,        // {v, v²} between `low` and `high`
    normal_gamma,            // a scale v and a vector x: {log v, v^p, v^p x_i, v^p x_i x_j}
    normal_wishart,          // a precision P and a vector x: {log|P|, P, P x, x' P x}
    normal_inverse_wishart,  // the same of a covariance S = P^-1
    scalar,                  // any statistics of one number, by quadrature or summation
    optimised,               // functions of the numbers of a point block, maximised numerically
    discrete_network,        // several discrete variables, summed exactly by elimination
    gaussian_pattern         // a vector of which only some pairs occur, of which some numbers may be points
  };
  Kind kind = Kind::gaussian;
  double power = 1;                    // gamma_power, gig_power, normal_gamma: the p of v^p
  bool multivariate = false;           // gaussian: a vector block rather than one real number
  bool mode_only = false;              // found for point blocks only (no q of this family yet)
  double low = 0, high = 1;            // beta, power_law, truncated_normal: the interval; categorical bool is {0, 1}
  std::vector<Statistic> listed = {};  // scalar: its statistics
  bool operator==(const FamilyKind&) const = default;

  [[nodiscard]] std::string name() const;
  [[nodiscard]] std::vector<Statistic> statistics() const;
};
std::optional<FamilyKind> find_family(const Signature& signature, bool point);

// "normal {x, x²} on real; gamma {log x, x} on positive; ...": what `derive` prints when nothing matched, and the table in the docs.
std::vector<std::string> describe_families();

std::unique_ptr<const Family> make_family(const FamilyKind& kind, FamilySize size);

}  // namespace jensen::family
