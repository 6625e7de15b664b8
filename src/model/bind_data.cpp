#include "model/bind_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "diagnostics/suggest.hpp"
#include "model/bound_values.hpp"
#include "model/builder.hpp"
#include "model/levels.hpp"
#include "model/missing.hpp"

namespace jensen::model {

namespace {

class Binder {
 public:
  Binder(const ModelGraph& graph, std::vector<data::Table> tables, const BindOptions& options)
      : graph_(graph), tables_(std::move(tables)), options_(options), weights_(find_weights()) {}

  Result<BoundData> bind() {
    for (const auto& [name, value] : graph_.set_sizes) out_.sizes[name] = value;
    try {
      find_columns();
      find_levels();
      for (const auto& [id, uses] : columns_) bind_columns(id);
      bind_literals();
      out_.sizes.insert(options_.defaults.begin(), options_.defaults.end());
      check_sizes();
      check_missing_have_distributions();
    } catch (const Failure& failure) {
      return failure.diagnostic();
    }
    return std::move(out_);
  }

 private:
  struct ColumnRef {
    std::size_t table;
    std::size_t column;
    auto operator<=>(const ColumnRef&) const = default;
  };

  const Variable& variable(VariableId id) const { return graph_.variables[id]; }
  data::Column& column(const ColumnRef& ref) { return tables_[ref.table].columns[ref.column]; }
  std::string place(const ColumnRef& ref, std::size_t row) { return tables_[ref.table].place(column(ref), row); }

  // The tables that a variable may be read from: that of its `from`, or all.
  std::vector<std::size_t> tables_of(const Variable& v) const {
    if (v.binding->file && options_.tables.contains(*v.binding->file)) return {options_.tables.at(*v.binding->file)};
    std::vector<std::size_t> all(tables_.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
  }

  ColumnRef find_column(VariableId id, const std::string& name) {
    const Variable& v = variable(id);
    std::vector<std::string> known, files;
    for (const std::size_t t : tables_of(v)) {
      files.push_back(fmt::format("`{}`", tables_[t].source));
      for (std::size_t c = 0; c < tables_[t].columns.size(); ++c) {
        if (tables_[t].columns[c].name == name) return {t, c};
        known.push_back(tables_[t].columns[c].name);
      }
    }
    if (files.empty()) {
      fail("no-data", fmt::format("the model needs data for `{}`, but no data file is given", v.name), v.span, {},
           {Note{Note::Kind::help, "name a CSV file after the model"}});
    }
    std::vector<Note> notes;
    if (!v.type.dims.empty() && v.binding->kind == Binding::Kind::column) {
      notes.push_back({Note::Kind::help, fmt::format("bind it to its columns, as in `= columns({}, ...)`", known.empty() ? "a" : known[0]), {}});
    }
    const std::string nowhere = files.size() == 1 ? files[0] + " has no" : fmt::format("none of {} has a", fmt::join(files, ", "));
    fail("no-such-column", fmt::format("{} column `{}`{}", nowhere, name, did_you_mean(name, known)), v.span, {}, notes);
  }

  bool has_columns(const Variable& v) const {
    const std::vector<std::size_t> tables = tables_of(v);
    return std::ranges::all_of(v.binding->columns, [&](const std::string& name) {
      return std::ranges::any_of(tables, [&](std::size_t t) { return tables_[t].find(name) != nullptr; });
    });
  }

  void find_columns() {
    for (std::size_t i = 0; i < graph_.variables.size(); ++i) {
      const VariableId id(i);
      const Variable& v = variable(id);
      if (v.role != Role::data || v.binding->kind == Binding::Kind::literal) continue;
      const std::size_t rank = v.binding->columns.size() > 1 || v.binding->kind == Binding::Kind::columns ? 2 : 1;
      if (v.dims.empty() && graph_.set_sizes.contains(v.name)) continue;
      if (options_.left_out.contains(id) || (options_.optional.contains(id) && !has_columns(v))) continue;
      if (v.dims.size() != rank && !(v.dims.empty() && rank == 1)) {
        fail("shape-mismatch",
             fmt::format("`{}` is {}, which {} does not fill", v.name, shape_text(v.dims), rank == 1 ? "one column" : "a list of columns"), v.span,
             {}, {Note{Note::Kind::help, "a column fills `real[N]`, columns fill `vector(D)[N]` or `real[N, D]`"}});
      }
      for (const std::string& name : v.binding->columns) {
        columns_[id].push_back(find_column(id, name));
        ++uses_[columns_[id].back()];
      }
    }
  }

  std::string level_key(VariableId id) const { return model::level_key(variable(id)); }

  bool is_literal(VariableId id) const {
    const Variable& v = variable(id);
    return v.role == Role::data && v.binding && v.binding->kind == Binding::Kind::literal && !options_.left_out.contains(id);
  }

  // Variables of one extent name share their levels, whether they are read from columns or written in the text.
  void find_levels() {
    std::map<std::string, std::set<std::string>> distinct;
    for (const auto& [id, refs] : columns_) {
      if (variable(id).type.support.kind != SupportKind::category) continue;
      for (const ColumnRef& ref : refs) add_levels(column(ref), distinct[level_key(id)]);
    }
    for (std::size_t i = 0; i < graph_.variables.size(); ++i) {
      const VariableId id(i);
      if (!is_literal(id) || variable(id).type.support.kind != SupportKind::category) continue;
      const Literal literal = read_literal(graph_, variable(id));
      distinct[level_key(id)].insert(literal.texts.begin(), literal.texts.end());
    }
    for (const auto& [key, set] : distinct) {
      const auto known = options_.levels.find(key);
      levels_[key] = known == options_.levels.end() ? sorted_levels(set) : known_levels(known->second, set);
    }
    for (const auto& [id, refs] : columns_) {
      if (variable(id).type.support.kind == SupportKind::category) set_level_count(id);
    }
  }

  // New data may hold fewer levels than are known, never others.
  Levels known_levels(const std::vector<std::string>& names, const std::set<std::string>& found) const {
    Levels levels;
    levels.names = names;
    for (std::size_t i = 0; i < names.size(); ++i) levels.position[names[i]] = static_cast<double>(i + 1);
    for (const std::string& name : found) {
      if (levels.position.contains(name)) continue;
      fail("unknown-level", fmt::format("the model was fitted without the level `{}`{}", name, did_you_mean(name, names)), {});
    }
    return levels;
  }

  void set_level_count(VariableId id) {
    const Variable& v = variable(id);
    const auto found = static_cast<std::int64_t>(levels_[level_key(id)].names.size());
    const auto declared = v.type.levels.evaluate(out_.sizes);
    if (declared && *declared < found) {
      std::vector<std::string> names = levels_[level_key(id)].names;
      if (names.size() > 8) {
        names.resize(8);
        names.emplace_back("...");
      }
      fail("too-many-levels", fmt::format("`{}` has {} levels ({}), but its type allows {}", v.name, found, fmt::join(names, ", "), *declared),
           v.span);
    }
    if (!declared) equate(v.type.levels, found, v, "levels");
  }

  // A symbol takes the value that the data give it; everything else must agree with it.
  void equate(const Size& size, std::int64_t value, const Variable& v, const std::string& what) {
    if (const auto known = size.evaluate(out_.sizes)) {
      if (*known == value) return;
      const std::string expected = size.is_constant() ? fmt::format("{} are expected", *known) : fmt::format("`{}` is {}", size.text(), *known);
      fail("size-mismatch", fmt::format("`{}` has {} {} here, but {}", v.name, value, what, expected), v.span);
    }
    for (const auto& [symbol, factor] : size.symbols()) {
      if (out_.sizes.contains(symbol)) continue;
      const Size rest = size - *Size::product(Size(factor), Size::symbol(symbol));
      const auto offset = rest.evaluate(out_.sizes);
      if (offset && (value - *offset) % factor == 0) out_.sizes[symbol] = (value - *offset) / factor;
      return;
    }
  }

  void check_value(VariableId id, double value, const std::function<std::string()>& where) {
    const Variable& v = variable(id);
    if (const auto wanted = value_outside(graph_, v, value, out_.sizes)) {
      fail("value-outside-support", fmt::format("{}: {} is not {}", where(), value, *wanted), v.span);
    }
    if (weights_.contains(id) && value < 0) fail("negative-weight", fmt::format("{}: {} is a weight, which is at least 0", where(), value), v.span);
  }

  // A missing cell is a latent where the model can infer it.
  void check_missing_can_be_inferred(VariableId id, const ColumnRef& ref) {
    const data::Column& c = column(ref);
    const std::size_t count = c.missing_count();
    if (count == 0) return;
    const Variable& v = variable(id);
    const auto first = static_cast<std::size_t>(std::find(c.missing.begin(), c.missing.end(), true) - c.missing.begin());
    if (v.factors.empty()) {
      fail("missing-cell", fmt::format("{} is missing, and `{}` has no distribution to infer it from", place(ref, first), v.name), v.span);
    }
    if (decides_terms(graph_, id)) {
      fail("missing-cell",
           fmt::format("{} is missing, but an `if` or a `weight` reads `{}`, so every cell of it must be known", place(ref, first), v.name), v.span);
    }
    if (count == c.size()) fail("all-missing", fmt::format("every cell of column `{}` is missing", c.name), v.span);
  }

  // Elements of y[t] ~ ... for t in 2..T: the first one has no distribution.
  void check_missing_have_distributions() {
    for (const auto& [id, array] : out_.arrays) {
      const auto place_in_array = first_without_distribution(graph_, id, array, out_.sizes);
      if (!place_in_array) continue;
      const std::size_t rows = array.dims.empty() ? 1 : array.dims[0];
      fail("missing-cell",
           fmt::format("{} is missing, and no `~` statement gives a distribution to this element of `{}`",
                       place(columns_.at(id)[*place_in_array / rows], *place_in_array % rows), variable(id).name),
           variable(id).span);
    }
  }

  double cell_value(VariableId id, const ColumnRef& ref, std::size_t row) {
    const Variable& v = variable(id);
    const data::Column& c = column(ref);
    if (v.type.support.kind == SupportKind::category) return levels_[level_key(id)].position.at(level_text(c, row));
    if (c.numeric()) return c.numbers()[row];
    const std::string text = c.text(row);
    if (v.type.support.kind == SupportKind::boolean && (text == "true" || text == "TRUE" || text == "True")) return 1;
    if (v.type.support.kind == SupportKind::boolean && (text == "false" || text == "FALSE" || text == "False")) return 0;
    if (const auto number = parse_number(text)) return *number;
    fail("not-a-number", fmt::format("{}: `{}` is not a number", place(ref, row), text), v.span, {},
         {Note{Note::Kind::help, fmt::format("declare `{}` as category(K) to use its values as levels", v.name)}});
  }

  void bind_columns(VariableId id) {
    const Variable& v = variable(id);
    const std::vector<ColumnRef>& refs = columns_[id];
    const std::size_t rows = tables_[refs[0].table].rows;
    for (const ColumnRef& ref : refs) {
      if (tables_[ref.table].rows != rows)
        fail("size-mismatch", fmt::format("the columns of `{}` come from files of different lengths", v.name), v.span);
    }
    BoundArray array;
    if (v.dims.empty()) {
      if (rows != 1) fail("size-mismatch", fmt::format("`{}` is one number, but its column has {} rows", v.name, rows), v.span);
    } else {
      equate(v.dims[0], static_cast<std::int64_t>(rows), v, "rows");
      array.dims = {rows};
    }
    if (v.dims.size() == 2) {
      equate(v.dims[1], static_cast<std::int64_t>(refs.size()), v, "columns");
      array.dims.push_back(refs.size());
    }
    array.values.reserve(rows * refs.size());  // untouched memory: a column is released as soon as it is copied
    for (std::size_t c = 0; c < refs.size(); ++c) {
      check_missing_can_be_inferred(id, refs[c]);
      for (std::size_t r = 0; r < rows; ++r) {
        if (column(refs[c]).is_missing(r)) {
          array.missing.resize(rows * refs.size());
          array.missing[array.values.size()] = 1;
          array.values.push_back(v.type.support.kind == SupportKind::category ? 1 : 0);
          continue;
        }
        const double value = cell_value(id, refs[c], r);
        check_value(id, value, [&] { return place(refs[c], r); });
        array.values.push_back(value);
      }
      if (--uses_[refs[c]] == 0) column(refs[c]).cells = std::vector<double>();
    }
    if (v.type.support.kind == SupportKind::category) array.levels = levels_[level_key(id)].names;
    if (v.dims.empty() && v.type.support.kind == SupportKind::count) out_.sizes[v.name] = static_cast<std::int64_t>(array.values[0]);
    out_.arrays[id] = std::move(array);
  }

  void bind_literals() {
    for (std::size_t i = 0; i < graph_.variables.size(); ++i) {
      const VariableId id(i);
      const Variable& v = variable(id);
      if (!is_literal(id)) continue;
      const Literal literal = read_literal(graph_, v);
      const std::vector<std::string>& texts = literal.texts;
      BoundArray array{literal.dims, literal.values, {}, {}};
      if (array.dims.size() != v.dims.size()) {
        fail("shape-mismatch",
             fmt::format("`{}` is {}, but its literal has {} dimension{}", v.name, shape_text(v.dims), array.dims.size(),
                         array.dims.size() == 1 ? "" : "s"),
             v.binding->literal->span);
      }
      for (std::size_t d = 0; d < v.dims.size(); ++d) equate(v.dims[d], static_cast<std::int64_t>(array.dims[d]), v, d == 0 ? "elements" : "columns");
      if (v.type.support.kind == SupportKind::category) {
        const Levels& levels = levels_[level_key(id)];
        set_level_count(id);
        for (std::size_t e = 0; e < texts.size(); ++e) array.values[e] = levels.position.at(texts[e]);
        array.levels = levels.names;
      } else {
        for (std::size_t e = 0; e < array.values.size(); ++e) {
          check_value(id, array.values[e], [&] { return fmt::format("element {} of `{}`", e + 1, v.name); });
        }
      }
      if (v.dims.empty()) out_.sizes[v.name] = static_cast<std::int64_t>(array.values[0]);
      if (array.dims.size() > 1) array.values = column_by_column(array);
      out_.arrays[id] = std::move(array);
    }
  }

  // Whether the extent belongs to optional data alone, which are not there.
  bool only_of_absent(const std::string& symbol) const {
    const auto named = [&](const Size& size) { return size.symbols().contains(symbol); };
    bool absent = false;
    for (std::size_t i = 0; i < graph_.variables.size(); ++i) {
      const Variable& v = graph_.variables[VariableId(i)];
      if (v.role == Role::predict || !(named(v.type.levels) || std::ranges::any_of(v.dims, named))) continue;
      if (v.role == Role::derived && v.factors.empty()) continue;
      if (!options_.optional.contains(VariableId(i)) || out_.arrays.contains(VariableId(i))) return false;
      absent = true;
    }
    return absent;
  }

  void check_sizes() {
    for (const std::string& symbol : graph_.size_symbols) {
      if (!out_.sizes.contains(symbol) && !only_of_absent(symbol)) {
        throw Failure(Diagnostic{Severity::error,
                                 "unknown-size",
                                 fmt::format("nothing tells how large `{}` is", symbol),
                                 {},
                                 {},
                                 {Note{Note::Kind::help, fmt::format("give it by `--set {}=...`", symbol), {}}}});
      }
    }
    for (const SizeCheck& check : graph_.size_checks) {
      const auto a = check.a.evaluate(out_.sizes);
      const auto b = check.b.evaluate(out_.sizes);
      if (a && b && check.at_most && *a > *b) {
        fail("index-out-of-range", fmt::format("{} do not agree: the index reaches {}, and {} is {}", check.what, *a, check.b.text(), *b),
             check.span);
      }
      if (a && b && !check.at_most && *a != *b) {
        fail("size-mismatch", fmt::format("the sizes of {} do not agree: {} is {}, {} is {}", check.what, check.a.text(), *a, check.b.text(), *b),
             check.span);
      }
    }
  }

  // Data that are the weight of a plate as they stand.
  std::set<VariableId> find_weights() const {
    std::set<VariableId> out;
    for (const Plate& plate : graph_.plates) {
      if (!plate.weight) continue;
      const auto* index = std::get_if<grammar::IndexExpr>(&plate.weight->kind);
      const auto* name = std::get_if<grammar::NameExpr>(index != nullptr ? &index->base->kind : &plate.weight->kind);
      if (name != nullptr) out.insert(graph_.find(name->name));
    }
    return out;
  }

  const ModelGraph& graph_;
  std::vector<data::Table> tables_;
  const BindOptions& options_;
  std::set<VariableId> weights_;
  BoundData out_;
  std::map<VariableId, std::vector<ColumnRef>> columns_;
  std::map<ColumnRef, int> uses_;
  std::map<std::string, Levels> levels_;
};

}  // namespace

std::string level_key(const Variable& variable) {
  return variable.type.levels.is_constant() ? "variable " + variable.name : "size " + variable.type.levels.text();
}

Result<BoundData> bind_data(const ModelGraph& graph, std::vector<data::Table> tables) {
  BindOptions options;
  options.optional = data_of_predictions(graph);
  return bind_data(graph, std::move(tables), options);
}

Result<BoundData> bind_data(const ModelGraph& graph, std::vector<data::Table> tables, const BindOptions& options) {
  return Binder(graph, std::move(tables), options).bind();
}

}  // namespace jensen::model
