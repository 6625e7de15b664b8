#include "generate/parts.hpp"

namespace jensen::tests {

Parts::Parts(std::uint64_t seed, const GenerateOptions& options) : stream_(seed, family::Purpose::test, 6) {
  model_.seed = seed;
  rows_ = options.min_rows + below(options.max_rows - options.min_rows + 1);
  for (std::size_t n = 0; n < rows_; ++n) cluster_.push_back(below(2));
}

// The first two cells are never missing.
template <class Cell>
std::string Parts::column(const std::string& stem, const std::string& type, double missing, Cell cell) {
  const std::string name = fmt::format("c_{}{}", stem, part_);
  if (!type.empty()) declare(fmt::format("data {}: {}[N]", name, type));
  Column out{name, {}};
  for (std::size_t n = 0; n < rows_; ++n) {
    std::string text = cell(n);
    out.cells.push_back(n >= 2 && missing > 0 && chance(missing) ? "NA" : std::move(text));
  }
  model_.columns.push_back(std::move(out));
  model_.names.push_back(name);
  return name;
}

std::string Parts::reals(const std::string& stem, double missing) {
  return column(stem, "real", missing,
                [&](std::size_t n) { return fmt::format("{:.4f}", stream_.normal() + 2.5 * static_cast<double>(cluster_[n])); });
}

std::string Parts::positives(const std::string& stem) {
  return column(stem, "positive", 0,
                [&](std::size_t n) { return fmt::format("{:.4f}", 0.01 + stream_.gamma(2) * (1 + static_cast<double>(cluster_[n]))); });
}

std::string Parts::counts(const std::string& stem, std::size_t most, double missing) {
  return column(stem, "count", missing, [&](std::size_t) { return fmt::format("{}", below(most)); });
}

std::string Parts::bools(const std::string& stem, double missing) {
  return column(stem, "bool", missing, [&](std::size_t n) { return chance(cluster_[n] == 0 ? 0.25 : 0.75) ? "1" : "0"; });
}

std::string Parts::angles(const std::string& stem) {
  return column(stem, "angle", 0, [&](std::size_t n) { return fmt::format("{:.4f}", 0.7 * stream_.normal() + static_cast<double>(cluster_[n])); });
}

std::string Parts::categories(const std::string& stem, const std::string& extent, std::size_t levels, double missing) {
  return column(stem, fmt::format("category({})", extent), missing,
                [&](std::size_t n) { return std::string(1, static_cast<char>('a' + (n < levels ? n : below(levels)))); });
}

std::string Parts::vectors(const std::string& stem, std::size_t dimension, double missing) {
  std::string columns;
  for (std::size_t d = 1; d <= dimension; ++d) {
    const std::string name = column(fmt::format("{}_{}_", stem, d), "", missing,
                                    [&](std::size_t n) { return fmt::format("{:.4f}", stream_.normal() + 2.0 * static_cast<double>(cluster_[n])); });
    columns += (d == 1 ? "" : ", ") + name;
  }
  const std::string name = fmt::format("c_{}{}", stem, part_);
  declare(fmt::format("data {}: vector({})[N] = columns({})", name, dimension, columns));
  return name;
}

std::string Parts::groups() {
  if (groups_.empty()) groups_ = categories("g", "G", 3);
  return groups_;
}

std::string Parts::covariate() {
  if (covariate_.empty()) covariate_ = reals("u");
  return covariate_;
}

std::string Parts::scale_prior() {
  return one_of({"gamma(2, 1)", "half_normal(2)", "half_cauchy(1.5)", "half_t(3, 2)", "lognormal(0.2, 0.8)", "uniform(0.1, 8)", "inverse_gamma(3, 2)",
                 "exponential(0.5)", "weibull(1.5, 2)"});
}

void Parts::add_weight() {
  model_.weight = column("t", "positive", 0, [&](std::size_t) { return fmt::format("{:.2f}", 0.25 + 2 * stream_.uniform()); }) + "[n]";
}

}  // namespace jensen::tests
