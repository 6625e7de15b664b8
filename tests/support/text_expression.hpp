// Expressions of a model's text as functions of the values of its latents: the syntax tree with every index written out. Nothing here expands,
// normalises or plans.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ast.hpp"

namespace jensen::tests {

// A number that is known, or a function of the values of the latents.
struct Number {
  std::optional<double> known;
  std::function<double(const double*)> of = {};

  double operator()(const double* values) const { return known ? *known : of(values); }
};
Number known(double value);
Number latent(std::size_t slot);

// A number, or an array of values.
struct Value {
  Number number = {};
  std::vector<Value> items = {};
  bool is_array = false;
};

// What a name stands for at a place of the text.
struct Scope {
  std::map<std::string, Value> names;
  std::function<Value(const std::string&)> otherwise = {};  // asked for every other name
  const std::vector<const grammar::FunctionStatement*>* functions = nullptr;
};

// Both throw std::runtime_error for what tests have not needed yet.
Value evaluate(const grammar::Expr& expr, const Scope& scope);
double evaluate_known(const grammar::Expr& expr, const Scope& scope);

}  // namespace jensen::tests
