// Data with missing cells: f(x) is (1 - m) f(x) + m f(v) for one number x, m = 1 where it is missing and v the latent that stands for it.
#include <algorithm>

#include "derive/expand.hpp"
#include "diagnostics/diagnostic.hpp"
#include "model/missing.hpp"

namespace jensen::derive {

namespace {

constexpr std::size_t most_holes = 4;  // in one density: it is expanded for each of their subsets

}  // namespace

// An entry of a vector, or an element under a sum, is x + m v as it stands (a missing cell's x is 0): products of such sums are statistics of v.
// A cell that is picked, as the parent's in a tree, is one of the density's holes.
Poly Expander::element_with_holes(VariableId id, const std::vector<IndexUse>& at) {
  const model::Variable& variable = graph_.variables[id];
  const bool fixed = std::ranges::all_of(at, [&](const IndexUse& use) {
    return !use.index.valid() || context_.plates.contains(use.index) || std::ranges::find(picks_, use.index, &Pick::index) != picks_.end();
  });
  if (!variable.type.dims.empty() || !fixed) {
    const Poly latent = eval_inferred(variable.missing).at(at);
    return sum(context_, element_of_data(id, at), product(element_of_data(variable.missing_mask, at), latent));
  }
  auto hole = std::ranges::find_if(holes_, [&](const Hole& h) { return h.variable == id && h.at == at; });
  if (hole == holes_.end()) hole = holes_.insert(holes_.end(), {id, at, false});
  return hole->latent ? eval_inferred(variable.missing).at(at) : element_of_data(id, at);
}

Poly Expander::density_with_holes(const model::Factor& factor, const NamesPtr& plates) {
  const Poly known = density(factor, plates);
  if (holes_.empty()) return known;
  if (holes_.size() > most_holes) {
    throw Failure(Diagnostic{Severity::error,
                             "not-supported-yet",
                             "more than four elements with missing cells meet in one distribution",
                             factor.span,
                             {},
                             {},
                             ExitStatus::unsupported});
  }
  // What nothing else depends on integrates to 1 where it is missing.
  const bool leaf = graph_.variables[factor.variable].missing.valid() && model::is_leaf(graph_, factor.variable);
  Poly out;
  for (std::size_t subset = 0; subset < (std::size_t{1} << holes_.size()); ++subset) {
    Poly indicator = constant(1);
    bool integrated = false;
    for (std::size_t h = 0; h < holes_.size(); ++h) {
      holes_[h].latent = ((subset >> h) & 1U) != 0;
      integrated = integrated || (holes_[h].latent && leaf && holes_[h].variable == factor.variable);
      const Poly missing = element_of_data(graph_.variables[holes_[h].variable].missing_mask, holes_[h].at);
      indicator = product(indicator, holes_[h].latent ? missing : sum(context_, constant(1), scaled(missing, -1)));
    }
    if (integrated) continue;
    const Poly part = product(subset == 0 ? known : density(factor, plates), indicator);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

}  // namespace jensen::derive
