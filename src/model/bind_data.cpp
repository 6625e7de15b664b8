#include "model/bind_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "diagnostics/suggest.hpp"
#include "model/builder.hpp"
#include "model/levels.hpp"
#include "model/missing.hpp"

namespace jensen::model {

namespace {

class Binder {
 public:
  Binder(const ModelGraph& graph, std::vector<data::Table> tables, const BindOptions& options)
      : graph_(graph), tables_(std::move(tables)), options_(options) {}

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

  ColumnRef find_column(VariableId id, const std::string& name) {
    std::vector<std::string> known;
    for (std::size_t t = 0; t < tables_.size(); ++t) {
      for (std::size_t c = 0; c < tables_[t].columns.size(); ++c) {
        if (tables_[t].columns[c].name == name) return {t, c};
        known.push_back(tables_[t].columns[c].name);
      }
    }
    const Variable& v = variable(id);
    if (tables_.empty()) {
      fail("no-data", fmt::format("the model needs data for `{}`, but no data file is given", v.name), v.span, {},
           {Note{Note::Kind::help, "name a CSV file after the model"}});
    }
    std::vector<Note> notes;
    if (!v.type.dims.empty() && v.binding->kind == Binding::Kind::column) {
      notes.push_back({Note::Kind::help, fmt::format("bind it to its columns, as in `= columns({}, ...)`", known.empty() ? "a" : known[0]), {}});
    }
    fail("no-such-column", fmt::format("`{}` has no column `{}`{}", tables_[0].source, name, did_you_mean(name, known)), v.span, {}, notes);
  }

  bool has_columns(const Variable& v) const {
    return std::ranges::all_of(v.binding->columns, [&](const std::string& name) {
      return std::ranges::any_of(tables_, [&](const data::Table& table) { return table.find(name) != nullptr; });
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
      BoundArray array;
      std::vector<std::string> texts;
      flatten(*variable(id).binding->literal, array.values, texts, array.dims, 0, variable(id));
      distinct[level_key(id)].insert(texts.begin(), texts.end());
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

  // What the distributions of a data variable can draw, beyond what its type says.
  void check_drawn(const Variable& v, double value, const std::function<void(const std::string&)>& reject) const {
    for (const FactorId id : v.factors) {
      const Type& drawn = graph_.factors[id].support;
      if (drawn.support.kind == SupportKind::positive && value <= 0) reject("positive");
      if (drawn.support.kind == SupportKind::unit && (value <= 0 || value >= 1)) reject("strictly between 0 and 1");
      if (drawn.support.kind == SupportKind::interval && (value < drawn.support.low || value > drawn.support.high)) {
        reject(fmt::format("between {} and {}", drawn.support.low, drawn.support.high));
      }
      const auto levels = drawn.levels.evaluate(out_.sizes);
      if (drawn.support.kind == SupportKind::bounded_count && levels && *levels > 0 && value >= static_cast<double>(*levels)) {
        reject(fmt::format("one of 0..{}, which `{}` draws", *levels - 1, graph_.factors[id].call.function));
      }
    }
  }

  void check_value(VariableId id, double value, const std::function<std::string()>& where) {
    const Variable& v = variable(id);
    const auto reject = [&](const std::string& what) {
      fail("value-outside-support", fmt::format("{}: {} is not {}", where(), fmt::format("{}", value), what), v.span);
    };
    if (!std::isfinite(value)) reject("a finite number");
    const SupportKind kind = v.type.support.kind;
    if (kind == SupportKind::boolean && value != 0 && value != 1) reject("a bool: 0 or 1, false or true");
    if (kind == SupportKind::count && (value < 0 || value != std::floor(value))) reject("a count: a whole number from 0");
    if (kind == SupportKind::integer && value != std::floor(value)) reject("a whole number");
    if (kind == SupportKind::positive && value <= 0) reject("positive");
    if (kind == SupportKind::unit && (value <= 0 || value >= 1)) reject("strictly between 0 and 1");
    check_drawn(v, value, reject);
    if (kind == SupportKind::interval && (value < v.type.support.low || value > v.type.support.high)) {
      reject(fmt::format("between {} and {}", v.type.support.low, v.type.support.high));
    }
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

  void flatten(const grammar::Expr& expr, std::vector<double>& values, std::vector<std::string>& texts, std::vector<std::size_t>& dims,
               std::size_t depth, const Variable& v) {
    if (const auto* array = std::get_if<grammar::ArrayExpr>(&expr.kind)) {
      if (dims.size() == depth) {
        dims.push_back(array->elements.size());
      } else if (dims.size() < depth || dims[depth] != array->elements.size()) {
        fail("ragged-array", fmt::format("the rows of `{}` differ in length", v.name), expr.span);
      }
      for (const grammar::Expr& element : array->elements) flatten(element, values, texts, dims, depth + 1, v);
      return;
    }
    if (const auto* text = std::get_if<grammar::StringExpr>(&expr.kind)) {
      texts.push_back(text->value);
      values.push_back(0);
      return;
    }
    const auto value = literal(expr);
    if (!value)
      fail("not-a-literal", fmt::format("the values of `{}` must be numbers in brackets, or `column(...)`, or `columns(...)`", v.name), expr.span);
    values.push_back(*value);
    texts.push_back(fmt::format("{}", *value));
  }

  // A literal is written row by row.
  static std::vector<double> column_by_column(const BoundArray& array) {
    std::vector<double> out(array.values.size());
    const std::vector<std::int64_t> strides = array.strides();
    for (std::size_t flat = 0; flat < out.size(); ++flat) {
      std::size_t rest = flat;
      std::int64_t at = 0;
      for (std::size_t d = array.dims.size(); d-- > 0; rest /= array.dims[d]) at += static_cast<std::int64_t>(rest % array.dims[d]) * strides[d];
      out[static_cast<std::size_t>(at)] = array.values[flat];
    }
    return out;
  }

  std::optional<double> literal(const grammar::Expr& expr) const {
    if (const auto* number = std::get_if<grammar::NumberExpr>(&expr.kind)) return number->value;
    if (const auto* name = std::get_if<grammar::NameExpr>(&expr.kind)) {
      if (name->name == "true" || name->name == "false") return name->name == "true" ? 1 : 0;
      if (const auto found = graph_.constants.find(name->name); found != graph_.constants.end()) return literal(found->second);
    }
    const auto* unary = std::get_if<grammar::UnaryExpr>(&expr.kind);
    if (unary == nullptr || unary->op != grammar::UnaryOp::negate) return std::nullopt;
    const auto value = literal(*unary->operand);
    return value ? std::optional(-*value) : std::nullopt;
  }

  void bind_literals() {
    for (std::size_t i = 0; i < graph_.variables.size(); ++i) {
      const VariableId id(i);
      const Variable& v = variable(id);
      if (!is_literal(id)) continue;
      BoundArray array;
      std::vector<std::string> texts;
      flatten(*v.binding->literal, array.values, texts, array.dims, 0, v);
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

  const ModelGraph& graph_;
  std::vector<data::Table> tables_;
  const BindOptions& options_;
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
