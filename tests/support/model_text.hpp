// From a model's text to its graph, derivation or fit, for tests.
#pragma once

#include <string>
#include <vector>

#include "derive/derive.hpp"
#include "model/bind_data.hpp"
#include "model/build.hpp"
#include "run/fit.hpp"

namespace jensen::test {

struct Resolved {
  Sources sources;
  model::ModelGraph graph;
};
// Throws std::runtime_error with the rendered diagnostics on failure.
Resolved resolve(const std::string& text, const std::vector<std::string>& sets = {}, model::Method method = model::Method::automatic);

// The diagnostics of a model that must not resolve.
Diagnostics resolve_errors(const std::string& text);

struct Derived {
  Resolved resolved;
  derive::Derivation derivation;

  [[nodiscard]] std::string text(const std::string& variable = {}) const;
  // The terms as text, in order.
  [[nodiscard]] std::vector<std::string> terms() const;
  // The block that holds a variable.
  [[nodiscard]] const derive::Block& block(const std::string& variable) const;
};
Derived derive(const std::string& text, model::Method method = model::Method::automatic);

// Fits with CSV text as data (empty: none).
run::Fit fit(const std::string& model, const std::string& csv = {}, const run::FitOptions& options = {},
             model::Method method = model::Method::automatic);
// The diagnostics of a fit that must fail.
Diagnostics fit_errors(const std::string& model, const std::string& csv = {}, const run::FitOptions& options = {});

}  // namespace jensen::test
