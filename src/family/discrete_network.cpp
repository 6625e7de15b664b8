// Several discrete variables with a joint q: log p(v) = Σ over scopes s of η_s[v_s] − A(η), t(v) = the joint indicators of every scope. Summed
// exactly along a junction tree (Koller and Friedman 2009, algorithm 10.2). Going up, a clique's table of log weights becomes
//     m(S) = log Σ_R exp(weights(R, S)),    p(R | S) = exp(weights(R, S) − m(S)),
// R being what is summed out here and S what the parent shares; m is added to the parent. Going down, p(R, S) = p(R | S) p(S): no logarithm and no
// division, and every column has its own scale, so that neither magnitude nor impossible configurations lose anything.
// η is defined up to constants that move between overlapping scopes. Entries of −inf, or below −1e280 (a log of 0 times a coefficient), are
// probability 0.
#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <cmath>

#include "family/common.hpp"
#include "family/families.hpp"
#include "family/junction_tree.hpp"

namespace jensen::family {
namespace {

const Statistic indicator_statistic{StatisticKind::indicator, 1};

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double impossible = -1e280;  // at most this is log 0

// Tables, separators and the scratch of one pass: on the stack while they are small.
class Workspace {
 public:
  explicit Workspace(const JunctionTree& tree) {
    const std::size_t size = tree.table_cells + tree.message_cells + tree.most_columns;
    if (size > std::size(small_)) large_.resize(size);
    tables_ = large_.empty() ? small_ : large_.data();
    messages_ = tables_ + tree.table_cells;
    scratch_ = messages_ + tree.message_cells;
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  [[nodiscard]] double* table(const Clique& clique) const { return tables_ + clique.table; }
  [[nodiscard]] double* message(const Clique& clique) const { return messages_ + clique.message; }
  [[nodiscard]] double* tables() const { return tables_; }
  [[nodiscard]] double* scratch() const { return scratch_; }

 private:
  double small_[1024];
  std::vector<double> large_;
  double *tables_, *messages_, *scratch_;
};

// Sums and exponentials go by eights from the start of a table, so that a result does not depend on where in memory it lies.
constexpr std::size_t lanes = 8;

double sum_of(const double* x, std::size_t count) {
  double sums[lanes] = {}, rest = 0;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t l = 0; l < lanes; ++l) sums[l] += x[i + l];
  for (; i < count; ++i) rest += x[i];
  if (count < lanes) return rest;
  return rest + (((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7])));
}

double largest_of(const double* x, std::size_t count) {
  double largest[lanes];
  std::fill_n(largest, lanes, -infinity);
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (std::size_t l = 0; l < lanes; ++l) largest[l] = x[i + l] > largest[l] ? x[i + l] : largest[l];
  double result = -infinity;
  for (; i < count; ++i) result = std::max(result, x[i]);
  return count < lanes ? result : std::max(result, *std::max_element(largest, largest + lanes));
}

// x_i to exp(x_i - shift), 0 below e^-708, where Eigen's exponential ends. In fours: with packets of eight, GCC 12 warns about Eigen's AVX-512
// intrinsics (its bug 105593).
void exponentiate(double* x, std::size_t count, double shift) {
  constexpr double lowest = -708;
  using Packet = Eigen::Array<double, 4, 1>;
  std::size_t i = 0;
  for (; i + lanes <= count; i += lanes) {
    double moved[lanes], result[lanes];
    for (std::size_t l = 0; l < lanes; ++l) moved[l] = x[i + l] - shift;
    for (std::size_t l = 0; l < lanes; l += 4) Eigen::Map<Packet>(result + l) = Eigen::Map<const Packet>(moved + l).max(lowest).exp();
    for (std::size_t l = 0; l < lanes; ++l) x[i + l] = moved[l] >= lowest ? result[l] : 0;
  }
  for (; i < count; ++i) x[i] = x[i] - shift >= lowest ? std::exp(x[i] - shift) : 0;
}

// Adds a smaller table to every cell that it embeds in.
void spread(const Embedding& embedding, const double* smaller, double* table) {
  walk(embedding, [=](std::size_t cell, std::size_t other, std::size_t count, std::size_t stride) {
    double* to = table + cell;
    const double* from = smaller + other;
    if (stride == 0)
      for (std::size_t i = 0; i < count; ++i) to[i] += *from;
    else if (stride == 1)
      for (std::size_t i = 0; i < count; ++i) to[i] += from[i];
    else
      for (std::size_t i = 0; i < count; ++i) to[i] += from[i * stride];
  });
}

// Sums a table into a smaller one.
void gather(const Embedding& embedding, const double* table, double* smaller) {
  walk(embedding, [=](std::size_t cell, std::size_t other, std::size_t count, std::size_t stride) {
    const double* from = table + cell;
    double* to = smaller + other;
    if (stride == 0)
      *to += sum_of(from, count);
    else if (stride == 1)
      for (std::size_t i = 0; i < count; ++i) to[i] += from[i];
    else
      for (std::size_t i = 0; i < count; ++i) to[i * stride] += from[i];
  });
}

void largest_of_columns(const Clique& clique, const double* table, double* largest) {
  std::fill_n(largest, clique.columns, -infinity);
  for (std::size_t r = 0; r < clique.rows; ++r, table += clique.columns)
    for (std::size_t s = 0; s < clique.columns; ++s) largest[s] = std::max(largest[s], table[s]);
  for (std::size_t s = 0; s < clique.columns; ++s) largest[s] = largest[s] <= impossible ? -infinity : largest[s];
}

// The same as `normalise_columns` for the one column of a root.
void normalise_column(std::size_t rows, double* table, double* message) {
  const double largest = largest_of(table, rows);
  const double shift = largest <= impossible ? 0 : largest;
  exponentiate(table, rows, shift);
  const double sum = sum_of(table, rows);
  message[0] = sum > 0 ? shift + std::log(sum) : -infinity;
  const double scale = sum > 0 ? 1 / sum : 0;
  for (std::size_t r = 0; r < rows; ++r) table[r] *= scale;
}

// Log weights to p(R | S) and m(S). A column without a possible cell gets probabilities 0 and m = −inf.
void normalise_columns(const Clique& clique, double* table, double* message, double* sums) {
  const std::size_t columns = clique.columns, cells = clique.rows * columns;
  if (columns == 1) return normalise_column(clique.rows, table, message);
  largest_of_columns(clique, table, message);
  for (std::size_t s = 0; s < columns; ++s) message[s] = message[s] == -infinity ? 0 : message[s];
  for (double* row = table; row != table + cells; row += columns)
    for (std::size_t s = 0; s < columns; ++s) row[s] -= message[s];
  exponentiate(table, cells, 0);
  std::fill_n(sums, columns, 0.0);
  for (const double* row = table; row != table + cells; row += columns)
    for (std::size_t s = 0; s < columns; ++s) sums[s] += row[s];
  for (std::size_t s = 0; s < columns; ++s) {
    message[s] = sums[s] > 0 ? message[s] + std::log(sums[s]) : -infinity;
    sums[s] = sums[s] > 0 ? 1 / sums[s] : 0;
  }
  for (double* row = table; row != table + cells; row += columns)
    for (std::size_t s = 0; s < columns; ++s) row[s] *= sums[s];
}

struct SumOut {
  static void columns(const Clique& clique, double* table, double* message, double* scratch) { normalise_columns(clique, table, message, scratch); }
};

struct MaximiseOut {
  static void columns(const Clique& clique, const double* table, double* message, double*) { largest_of_columns(clique, table, message); }
};

std::string numbers(const std::vector<std::size_t>& values) {
  std::string text;
  for (const std::size_t value : values) text += (text.empty() ? "" : ", ") + std::to_string(value);
  return text;
}

class DiscreteNetworkFamily final : public Family {
 public:
  explicit DiscreteNetworkFamily(const DiscreteNetwork& network) : network_(network), tree_(make_junction_tree(network)) {
    std::vector<std::pair<Statistic, std::size_t>> entries;
    for (const std::vector<std::int32_t>& scope : network.scopes) {
      std::size_t cells = 1;
      for (const std::int32_t v : scope) cells *= levels(v);
      entries.emplace_back(indicator_statistic, cells);
      size_ += cells;
    }
    layout_ = make_layout(entries);
    for (const std::int32_t count : network.levels) empty_ = empty_ || count <= 0;
  }

  std::string name() const override { return "discrete_network"; }
  const Layout& layout() const override { return layout_; }  // one entry per scope
  std::size_t size() const override { return size_; }
  std::size_t value_size() const override { return network_.levels.size(); }

  std::optional<Improper> update(std::span<const double> natural, std::span<double> mean, double& log_partition) const override {
    if (auto reason = invalid(natural)) return reason;
    const Workspace work(tree_);
    if (!upward<SumOut>(natural, work, log_partition)) return nothing_possible();
    downward(work);
    std::fill(mean.begin(), mean.end(), 0.0);
    for (const ScopePlace& scope : tree_.scopes) gather(scope.embedding, work.table(tree_.cliques[scope.clique]), mean.data() + scope.offset);
    return std::nullopt;
  }

  void statistics_of(std::span<const double> value, std::span<double> mean) const override {
    std::fill(mean.begin(), mean.end(), 0.0);
    for (std::size_t s = 0; s < network_.scopes.size(); ++s) {
      std::size_t cell = 0;
      bool inside = true;
      for (const std::int32_t v : network_.scopes[s]) {
        const double level = value[static_cast<std::size_t>(v)];
        inside = inside && level >= 0 && level < static_cast<double>(levels(v));
        if (inside) cell = cell * levels(v) + static_cast<std::size_t>(level);
      }
      if (inside) mean[layout_[s].offset + cell] = 1;
    }
  }

  // Max-product (Koller and Friedman 2009, section 13.2); of equally probable rows of a clique the first.
  std::optional<Improper> mode(std::span<const double> natural, std::span<double> value) const override {
    if (auto reason = invalid(natural)) return reason;
    const Workspace work(tree_);
    double unused = 0;
    if (!upward<MaximiseOut>(natural, work, unused)) return nothing_possible();
    choose_rows(value, [&](const Clique& clique, std::size_t column) {
      const double* cells = work.table(clique) + column;
      std::size_t best = 0;
      for (std::size_t r = 1; r < clique.rows; ++r)
        if (cells[r * clique.columns] > cells[best * clique.columns]) best = r;
      return best;
    });
    return std::nullopt;
  }

  // The marginals of every scope.
  void moments(std::span<const double> natural, std::span<double> mean, std::span<double>) const override {
    double unused = 0;
    if (update(natural, mean, unused)) std::fill(mean.begin(), mean.end(), not_available);
  }

  // Backward sampling: each clique's variables given those that its parent has drawn.
  void draw(std::span<const double> natural, Stream& stream, std::span<double> value) const override {
    const Workspace work(tree_);
    double unused = 0;
    if (empty_ || !upward<SumOut>(natural, work, unused)) {
      std::fill(value.begin(), value.end(), not_available);
      return;
    }
    choose_rows(value, [&](const Clique& clique, std::size_t column) {
      const double* probability = work.table(clique) + column;
      double left = stream.uniform();
      std::size_t last_possible = 0;
      for (std::size_t r = 0; r < clique.rows && left >= 0; ++r) {
        if (probability[r * clique.columns] == 0) continue;
        last_possible = r;
        left -= probability[r * clique.columns];
      }
      return last_possible;
    });
  }

  // Independent variables with these marginals: what a start needs. Variables without a scope of their own start uniform.
  bool natural_from_moments(std::span<const double> mean, std::span<const double>, std::span<double> natural) const override {
    std::fill(natural.begin(), natural.end(), 0.0);
    std::vector<bool> done(network_.levels.size());
    for (std::size_t s = 0; s < network_.scopes.size(); ++s) {
      const auto& scope = network_.scopes[s];
      if (scope.size() != 1 || done[static_cast<std::size_t>(scope[0])]) continue;
      done[static_cast<std::size_t>(scope[0])] = true;
      double total = 0;
      for (std::size_t k = layout_[s].offset; k < layout_[s].offset + layout_[s].size; ++k) {
        if (!(mean[k] >= 0)) return false;
        natural[k] = std::log(mean[k]);
        total += mean[k];
      }
      if (!(total > 0 && std::isfinite(total))) return false;
    }
    return true;
  }

  std::vector<UsualParameter> usual_parameters() const override { return {}; }
  void to_usual(std::span<const double>, std::span<double>) const override {}
  bool from_usual(std::span<const double>, std::span<double>) const override { return false; }
  std::vector<Formula> formulas() const override { return {}; }
  std::string log_partition_text() const override { return "log Σ exp(η · t)"; }

 private:
  [[nodiscard]] std::size_t levels(std::int32_t variable) const {
    return static_cast<std::size_t>(network_.levels[static_cast<std::size_t>(variable)]);
  }

  static Improper nothing_possible() { return {"every configuration has probability 0"}; }

  std::optional<Improper> invalid(std::span<const double> natural) const {
    if (empty_) return nothing_possible();
    for (std::size_t k = 0; k < size_; ++k)
      if (!(natural[k] < infinity)) return why_invalid(natural[k], k);
    return std::nullopt;
  }

  Improper why_invalid(double entry, std::size_t k) const {
    std::size_t s = layout_.size() - 1;
    while (layout_[s].offset > k) --s;
    std::vector<std::size_t> variables, values;
    std::size_t below = layout_[s].size, rest = k - layout_[s].offset;
    for (const std::int32_t v : network_.scopes[s]) {
      below /= levels(v);
      variables.push_back(static_cast<std::size_t>(v) + 1);
      values.push_back(rest / below + 1);
      rest %= below;
    }
    return {fmt::format("the log weight of levels ({}) of variables ({}) is not finite ({})", numbers(values), numbers(variables), entry)};
  }

  // Whether any configuration is possible. Log weights are kept relative to the most probable column, the rest of them in `log_total`.
  template <class Out>
  bool upward(std::span<const double> natural, const Workspace& work, double& log_total) const {
    log_total = 0;
    std::fill_n(work.tables(), tree_.table_cells, 0.0);
    for (const ScopePlace& scope : tree_.scopes) spread(scope.embedding, natural.data() + scope.offset, work.table(tree_.cliques[scope.clique]));
    for (const Clique& clique : tree_.cliques) {
      double* message = work.message(clique);
      Out::columns(clique, work.table(clique), message, work.scratch());
      const double largest = largest_of(message, clique.columns);
      if (largest == -infinity) return false;
      log_total += largest;
      if (clique.parent < 0) continue;
      for (std::size_t s = 0; s < clique.columns; ++s) message[s] -= largest;
      spread(clique.in_parent, message, work.table(tree_.cliques[static_cast<std::size_t>(clique.parent)]));
    }
    return true;
  }

  // p(R | S) to p(R, S).
  void downward(const Workspace& work) const {
    for (std::size_t c = tree_.cliques.size(); c-- > 0;) {
      const Clique& clique = tree_.cliques[c];
      if (clique.parent < 0) continue;
      double* separator = work.message(clique);
      std::fill_n(separator, clique.columns, 0.0);
      gather(clique.in_parent, work.table(tree_.cliques[static_cast<std::size_t>(clique.parent)]), separator);
      double* row = work.table(clique);
      for (std::size_t r = 0; r < clique.rows; ++r, row += clique.columns)
        for (std::size_t s = 0; s < clique.columns; ++s) row[s] *= separator[s];
    }
  }

  // From the roots down: choose(clique, column) gives the row of the variables summed there, the separator's levels being known.
  template <class Choose>
  void choose_rows(std::span<double> value, Choose&& choose) const {
    for (std::size_t c = tree_.cliques.size(); c-- > 0;) {
      const Clique& clique = tree_.cliques[c];
      std::size_t column = 0;
      for (std::size_t i = clique.summed; i < clique.variables.size(); ++i) {
        const std::int32_t v = clique.variables[i];
        column = column * levels(v) + static_cast<std::size_t>(value[static_cast<std::size_t>(v)]);
      }
      std::size_t row = choose(clique, column);
      for (std::size_t i = clique.summed; i-- > 0;) {
        const std::int32_t v = clique.variables[i];
        value[static_cast<std::size_t>(v)] = static_cast<double>(row % levels(v));
        row /= levels(v);
      }
    }
  }

  DiscreteNetwork network_;
  JunctionTree tree_;
  Layout layout_;
  std::size_t size_ = 0;
  bool empty_ = false;  // a variable has no level
};

}  // namespace

std::unique_ptr<const Family> make_discrete_network(const DiscreteNetwork& network) { return std::make_unique<DiscreteNetworkFamily>(network); }

}  // namespace jensen::family
