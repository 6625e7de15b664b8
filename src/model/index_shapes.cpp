// Indices: what an element or a slice is, and whether an index lies within its extent.
#include <fmt/format.h>
#include "base/overload.hpp"
#include "diagnostics/suggest.hpp"
#include "model/builder.hpp"
#include "model/builtins.hpp"
#include "print.hpp"

namespace jensen::model {

namespace {

Note before_the_first(std::int64_t elements) {
  if (elements == 1) return {Note::Kind::help, "give the first element its own statement and start the plate one later"};
  return {Note::Kind::help, fmt::format("give the first {0} elements statements of their own and start the plate {0} later", elements)};
}

}  // namespace

void Builder::check_index(const grammar::Expr& item, const ExprType& type, const Size& extent, const std::string& name, const Scope& scope) {
  if (type.unknown) return;
  if (!type.scalar()) fail("bad-index", fmt::format("an index is a whole number, not {}", shape_text(type.dims)), item.span);
  if (!type.integer && !try_size(item, scope)) {
    fail("bad-index", "an index is a plate's index, a level of a category, or a whole number", item.span);
  }
  const auto outside = [&](const Size& low, const Size& high) {
    const auto below = (low - Size(1)).constant();
    const auto above = (extent - high).constant();
    if ((below && *below < 0) || (above && *above < 0)) {
      fail("index-out-of-range", fmt::format("the index runs over {}..{}, but `{}` has 1..{} there", low.text(), high.text(), name, extent.text()),
           item.span, {}, below && *below < 0 ? std::vector{before_the_first(-*below)} : std::vector<Note>{});
    }
    // Whether a symbol of the one is large enough for the other is known only with the data.
    const std::string what = fmt::format("the index and `{}`", name);
    if ((high.is_constant() || extent.is_constant()) && !above) {
      graph_.size_checks.push_back({high, extent, item.span, what, true});
    } else if (!above && !(high == extent)) {
      require_equal(high, extent, item.span, what);
    }
  };
  if (type.category) {
    outside(Size(1), type.levels);
    return;
  }
  if (const auto constant = try_size(item, scope)) {
    const auto value = constant->constant();
    const auto above = (extent - *constant).constant();
    if ((value && *value < 1) || (above && *above < 0)) {
      fail("index-out-of-range", fmt::format("index {} is outside 1..{}, the range of `{}` there", constant->text(), extent.text(), name), item.span,
           value && *value == 0 ? "indices start at 1" : "");
    }
    return;
  }
  const auto range_named = [&](const std::string& word) -> std::optional<Range> {
    for (const Scope* s = &scope; s != nullptr; s = s->parent) {
      if (const auto found = s->indices.find(word); found != s->indices.end()) return found->second;
    }
    return std::nullopt;
  };
  if (const auto* word = std::get_if<grammar::NameExpr>(&item.kind)) {
    if (const auto range = range_named(word->name)) outside(range->low, range->high);
    return;
  }
  const auto* binary = std::get_if<grammar::BinaryExpr>(&item.kind);
  const auto* base = binary == nullptr ? nullptr : std::get_if<grammar::NameExpr>(&binary->left->kind);
  if (base == nullptr) return;
  const auto range = range_named(base->name);
  const auto shift = try_size(*binary->right, scope);
  if (!range || !shift) return;
  if (binary->op == grammar::BinaryOp::add) outside(range->low + *shift, range->high + *shift);
  if (binary->op == grammar::BinaryOp::subtract) outside(range->low - *shift, range->high - *shift);
}

ExprType Builder::infer_index(const grammar::IndexExpr& index, SourceSpan span, const Scope& scope) {
  ExprType base = infer(*index.base, scope);
  for (const grammar::Expr& item : index.items) {
    if (!std::holds_alternative<grammar::RangeExpr>(item.kind)) {
      const ExprType type = infer(item, scope);
      base.level = std::max(base.level, type.level);
    }
  }
  if (base.unknown) return base;
  const std::string name = grammar::to_text(*index.base);
  if (index.items.size() > base.dims.size()) {
    fail("too-many-indices",
         fmt::format("`{}` is {}, so it takes at most {} {}, not {}", name, shape_text(base.dims), base.dims.size(),
                     base.dims.size() == 1 ? "index" : "indices", index.items.size()),
         span);
  }
  std::vector<Size> dims;
  for (std::size_t i = 0; i < index.items.size(); ++i) {
    const grammar::Expr& item = index.items[i];
    if (std::holds_alternative<grammar::RangeExpr>(item.kind)) {
      const Range range = range_of(item, scope);
      const auto above = (base.dims[i] - range.high).constant();
      const auto low = range.low.constant();
      if ((above && *above < 0) || (low && *low < 1)) {
        fail("index-out-of-range", fmt::format("the slice {} is outside 1..{}, the range of `{}` there", range.text(), base.dims[i].text(), name),
             item.span);
      }
      dims.push_back(range.extent());
      continue;
    }
    check_index(item, infer(item, scope), base.dims[i], name, scope);
  }
  dims.insert(dims.end(), base.dims.begin() + static_cast<std::ptrdiff_t>(index.items.size()), base.dims.end());
  base.dims = std::move(dims);
  return base;
}

}  // namespace jensen::model
