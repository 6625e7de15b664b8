// Model graph to derivation: terms, blocks, updates; and its printed forms.
#pragma once

#include <set>
#include <string>

#include "derive/blocks.hpp"
#include "diagnostics/diagnostic.hpp"

namespace jensen::derive {

// Symbolic: no data values are looked at. Fails (status unsupported) on statements whose inference is not there yet; a variable that is not
// conjugate is not a failure but a block of kind `unsupported` that says why.
// Variables in `apart` get a q of their own where they could have one with others: planning asks for it where a joint q is too large.
Result<Derivation> derive(const model::ModelGraph& graph, const std::set<VariableId>& apart = {});

// Why a model cannot be fitted although it can be derived: one diagnostic per unsupported block or statement; empty where all is well.
Diagnostics unsupported(const model::ModelGraph& graph, const Derivation& derivation);

// `variable` empty: everything; otherwise only the block that holds it. `sources` give file:line of each term.
struct PrintOptions {
  std::string variable = {};
  const Sources* sources = nullptr;
};
std::string to_text(const model::ModelGraph& graph, const Derivation& derivation, const PrintOptions& options);
std::string to_latex(const model::ModelGraph& graph, const Derivation& derivation, const PrintOptions& options);
std::string to_json(const model::ModelGraph& graph, const Derivation& derivation, const PrintOptions& options);

}  // namespace jensen::derive
