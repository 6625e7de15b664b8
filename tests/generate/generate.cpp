#include "generate/generate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "family/stream.hpp"

namespace jensen::tests {

namespace {

// Which element of an array a row uses.
enum class Pick { none, group, component };

class Generator {
 public:
  Generator(std::uint64_t seed, const GenerateOptions& options) : options_(options), stream_(seed, family::Purpose::test, 0) { model_.seed = seed; }

  GeneratedModel run() {
    rows_ = options_.min_rows + below(options_.max_rows - options_.min_rows + 1);
    for (std::size_t n = 0; n < rows_; ++n) cluster_.push_back(below(2));
    grouped_ = chance(0.5);
    mixed_ = chance(0.6);
    if (grouped_) add_groups();
    if (mixed_) add_components();
    const std::size_t responses = 1 + below(2);
    for (std::size_t r = 0; r < responses; ++r) add_response(static_cast<int>(r));
    if (options_.weights && chance(0.15)) add_weight();
    return std::move(model_);
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(stream_.below(n)); }
  bool chance(double p) { return stream_.uniform() < p; }

  template <class Cell>
  std::vector<std::string> cells(Cell cell) {
    std::vector<std::string> out;
    for (std::size_t n = 0; n < rows_; ++n) out.push_back(cell(n));
    return out;
  }

  std::string column(const std::string& name, const std::string& type, std::vector<std::string> values) {
    const std::string full = "c_" + name;
    model_.declarations.push_back(fmt::format("data {}: {}[N]", full, type));
    model_.columns.push_back({full, std::move(values)});
    model_.names.push_back(full);
    return full;
  }

  std::string variable(const std::string& name) {
    model_.names.push_back("v_" + name);
    return "v_" + name;
  }

  std::string real_column(const std::string& name, double spread) {
    return column(name, "real",
                  cells([&](std::size_t n) { return fmt::format("{:.4f}", stream_.normal() + spread * static_cast<double>(cluster_[n])); }));
  }

  void add_groups() {
    groups_ = column("g", "category(G)", cells([&](std::size_t n) { return std::string(1, static_cast<char>('a' + (n < 3 ? n : below(3)))); }));
  }

  void add_components() {
    model_.declarations.push_back("const K = 2");
    const std::string w = variable("w"), z = variable("z");
    const std::string concentration = chance(0.5) ? "ones(K)" : "[0.7, 2]";
    std::string proportions = w;
    if (grouped_ && chance(0.3)) {
      model_.statements.push_back(fmt::format("for j in 1..G {{ {}[j] ~ dirichlet({}) }}", w, concentration));
      proportions = fmt::format("{}[{}[n]]", w, groups_);
    } else if (chance(0.25)) {
      model_.declarations.push_back(fmt::format("param {}: simplex(K)", w));
    } else {
      model_.statements.push_back(fmt::format("{} ~ dirichlet({})", w, concentration));
    }
    model_.row_statements.push_back(fmt::format("{}[n] ~ categorical({})", z, proportions));
    components_ = z;
  }

  Pick pick() {
    const double u = stream_.uniform();
    if (mixed_ && u < 0.6) return Pick::component;
    return grouped_ && u < 0.85 ? Pick::group : Pick::none;
  }

  // `name` as a row uses it, with a statement that gives it a distribution.
  std::string latent(const std::string& name, Pick pick, const std::string& distribution) {
    const std::string full = variable(name);
    if (pick == Pick::none) model_.statements.push_back(fmt::format("{} ~ {}", full, distribution));
    if (pick == Pick::group) model_.statements.push_back(fmt::format("for j in 1..G {{ {}[j] ~ {} }}", full, distribution));
    if (pick == Pick::component) model_.statements.push_back(fmt::format("for k in 1..K {{ {}[k] ~ {} }}", full, distribution));
    return full + subscript(pick);
  }

  std::string subscript(Pick pick) const {
    if (pick == Pick::group) return fmt::format("[{}[n]]", groups_);
    return pick == Pick::component ? fmt::format("[{}[n]]", components_) : "";
  }

  std::string extent(Pick pick) const { return pick == Pick::group ? "[G]" : pick == Pick::component ? "[K]" : ""; }

  // The prior of a location: fixed, or with a mean and a precision of its own.
  std::string location_prior(const std::string& name) {
    const double u = stream_.uniform();
    if (u < 0.5) return fmt::format("normal(0, {})", 1 + below(5));
    if (u < 0.65) return "normal(mean = 1, variance = 9)";
    std::string mean = "0";
    if (chance(0.5)) mean = latent(name + "_centre", Pick::none, "normal(0, 4)");
    if (chance(0.5)) return fmt::format("normal({}, precision = {})", mean, latent(name + "_precision", Pick::none, "gamma(2, 2)"));
    return fmt::format("normal({}, 2)", mean);
  }

  std::string location(const std::string& name, Pick pick) {
    if (!chance(0.15)) return latent(name, pick, location_prior(name));
    const std::string used = latent(name, pick, "normal(0, 5)");
    model_.declarations.push_back(fmt::format("param {}: real{}", model_.names.back(), extent(pick)));
    return used;
  }

  std::string predictor(const std::string& response) {
    std::string sum = location("m_" + response, pick());
    if (chance(0.4)) sum += fmt::format(" + {} * {}", location("b_" + response, pick()), covariate());
    if (grouped_ && chance(0.3)) sum += " + " + location("e_" + response, Pick::group);
    if (chance(options_.factors ? 0.15 : 0)) sum += fmt::format(" + {} * {}", location("l_" + response, Pick::none), factor());
    if (chance(0.1)) sum = fmt::format("2 * ({}) - 1", sum);
    return sum;
  }

  std::string covariate() {
    if (covariate_.empty()) covariate_ = real_column("u", 0);
    return covariate_ + "[n]";
  }

  std::string factor() {
    if (factor_.empty()) {
      factor_ = variable("h");
      model_.row_statements.push_back(fmt::format("{}[n] ~ normal(0, 1)", factor_));
    }
    return factor_ + "[n]";
  }

  // The second argument of a normal.
  std::string scale(const std::string& response) {
    const std::string name = "s_" + response;
    const double u = stream_.uniform();
    if (u < 0.2) return "1.5";
    if (u < 0.5) return "precision = " + latent(name, pick(), "gamma(2, 1.5)");
    if (u < 0.65) return "variance = " + latent(name, pick(), "inverse_gamma(3, 2)");
    if (u < 0.75) return fmt::format("precision = 2 * {}", latent(name, pick(), "gamma(shape = 2, scale = 0.5)"));
    const Pick where = pick();
    const std::string used = latent(name, where, "gamma(3, 2)");
    model_.declarations.push_back(fmt::format("param {}: positive{}", model_.names.back(), extent(where)));
    return "precision = " + used;
  }

  void add_response(int number) {
    const std::string name = fmt::format("y{}", number);
    switch (below(8)) {
      case 0:
        return add_counts(name);
      case 1:
        return add_bools(name);
      case 2:
        return add_categories(name);
      case 3:
        return add_vectors(name);
      case 4:
        return add_positives(name);
      default:
        return add_normals(name);
    }
  }

  void observe(const std::string& column, const std::string& distribution) {
    model_.row_statements.push_back(fmt::format("{}[n] ~ {}", column, distribution));
  }

  void add_normals(const std::string& name) {
    const std::string y = real_column(name, 3);
    const std::string mean = predictor(name);
    observe(y, fmt::format("normal({}, {})", mean, scale(name)));
  }

  void add_counts(const std::string& name) {
    const std::string y = column(name, "count", cells([&](std::size_t n) { return fmt::format("{}", below(4) + 4 * cluster_[n]); }));
    observe(y, fmt::format("poisson({})", latent("r_" + name, pick(), "gamma(2, 0.5)")));
  }

  void add_bools(const std::string& name) {
    const std::string y = column(name, "bool", cells([&](std::size_t n) { return chance(cluster_[n] == 0 ? 0.2 : 0.8) ? "1" : "0"; }));
    observe(y, fmt::format("bernoulli({})", latent("p_" + name, pick(), "beta(1.5, 2)")));
  }

  void add_categories(const std::string& name) {
    const std::string y = column(name, fmt::format("category(L_{})", name),
                                 cells([&](std::size_t n) { return fmt::format("{}", n < 3 ? n : (below(3) + cluster_[n]) % 3); }));
    observe(y, fmt::format("categorical({})", latent("q_" + name, pick(), fmt::format("dirichlet(1.5 * ones(L_{}))", name))));
  }

  void add_positives(const std::string& name) {
    const std::string y =
        column(name, "positive",
               cells([&](std::size_t n) { return fmt::format("{:.4f}", stream_.gamma(2) * (1 + 2.0 * static_cast<double>(cluster_[n]))); }));
    const std::string rate = latent("r_" + name, pick(), "gamma(2, 1)");
    observe(y, chance(0.5) ? fmt::format("exponential({})", rate) : fmt::format("gamma(2, {})", rate));
  }

  void add_vectors(const std::string& name) {
    std::string columns;
    for (int i = 1; i <= 2; ++i) {
      const std::string full = fmt::format("c_{}_{}", name, i);
      model_.columns.push_back(
          {full, cells([&](std::size_t n) { return fmt::format("{:.4f}", stream_.normal() + 3.0 * static_cast<double>(cluster_[n])); })});
      model_.names.push_back(full);
      columns += (i == 1 ? "" : ", ") + full;
    }
    const std::string x = "c_" + name;
    model_.names.push_back(x);
    model_.declarations.push_back(fmt::format("data {}: vector(2)[N] = columns({})", x, columns));
    const std::string mean = latent("m_" + name, pick(), "mvnormal([1, 0], precision = [[0.5, 0.1], [0.1, 0.2]])");
    const std::string precision =
        chance(0.2) ? "[[1, 0.2], [0.2, 0.5]]" : latent("P_" + name, pick(), "wishart(df = 3.5, scale = [[0.6, 0.1], [0.1, 0.3]])");
    observe(x, fmt::format("mvnormal({}, precision = {})", mean, precision));
  }

  void add_weight() {
    model_.weight = column("t", "positive", cells([&](std::size_t) { return fmt::format("{:.2f}", 0.25 + 3 * stream_.uniform()); })) + "[n]";
  }

  GenerateOptions options_;
  family::Stream stream_;
  GeneratedModel model_;
  std::size_t rows_ = 0;
  std::vector<std::size_t> cluster_;
  bool grouped_ = false, mixed_ = false;
  std::string groups_, components_, covariate_, factor_;
};

template <class T>
void shuffle(std::vector<T>& values, family::Stream& stream) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[static_cast<std::size_t>(stream.below(i))]);
}

template <class Change>
void for_all_texts(GeneratedModel& model, Change change) {
  for (std::string& s : model.declarations) change(s);
  for (std::string& s : model.statements) change(s);
  for (std::string& s : model.row_statements) change(s);
  change(model.weight);
  for (Column& column : model.columns) change(column.name);
  for (std::string& name : model.names) change(name);
}

}  // namespace

std::string GeneratedModel::text() const {
  std::string out;
  for (const std::string& s : declarations) out += s + "\n";
  for (const std::string& s : statements) out += s + "\n";
  out += fmt::format("for n in 1..N{} {{\n", weight.empty() ? "" : " weight " + weight);
  for (const std::string& s : row_statements) out += "  " + s + "\n";
  return out + "}\n";
}

std::string GeneratedModel::csv() const {
  std::string out;
  for (std::size_t c = 0; c < columns.size(); ++c) out += (c == 0 ? "" : ",") + columns[c].name;
  for (std::size_t n = 0; n < rows(); ++n) {
    out += "\n";
    for (std::size_t c = 0; c < columns.size(); ++c) out += (c == 0 ? "" : ",") + columns[c].cells[n];
  }
  return out + "\n";
}

GeneratedModel generate(std::uint64_t seed, const GenerateOptions& options) { return Generator(seed, options).run(); }

GeneratedModel with_statements_shuffled(GeneratedModel model, std::uint64_t seed) {
  family::Stream stream(seed, family::Purpose::test, 1);
  shuffle(model.declarations, stream);
  shuffle(model.statements, stream);
  shuffle(model.row_statements, stream);
  return model;
}

GeneratedModel with_rows_shuffled(GeneratedModel model, std::uint64_t seed) {
  family::Stream stream(seed, family::Purpose::test, 2);
  std::vector<std::size_t> order;
  for (std::size_t n = 0; n < model.rows(); ++n) order.push_back(n);
  shuffle(order, stream);
  for (Column& column : model.columns) {
    std::vector<std::string> cells;
    for (const std::size_t n : order) cells.push_back(column.cells[n]);
    column.cells = std::move(cells);
  }
  return model;
}

// Reversed, so that the names sort differently.
GeneratedModel with_names_changed(GeneratedModel model) {
  static const std::regex name(R"(\b([vc])_(\w+)\b)");
  for_all_texts(model, [](std::string& text) {
    std::string out;
    std::sregex_iterator it(text.begin(), text.end(), name);
    std::size_t last = 0;
    for (; it != std::sregex_iterator(); ++it) {
      const std::string stem = (*it)[2];
      out += text.substr(last, static_cast<std::size_t>(it->position()) - last) + (*it)[1].str() + std::string(stem.rbegin(), stem.rend()) + "_";
      last = static_cast<std::size_t>(it->position() + it->length());
    }
    text = out + text.substr(last);
  });
  return model;
}

GeneratedModel with_rows_doubled(GeneratedModel model) {
  for (Column& column : model.columns) {
    const std::vector<std::string> once = column.cells;
    column.cells.insert(column.cells.end(), once.begin(), once.end());
  }
  return model;
}

GeneratedModel with_weight_two(GeneratedModel model) {
  model.weight = model.weight.empty() ? "2" : "2 * " + model.weight;
  return model;
}

}  // namespace jensen::tests
