// A likelihood without a bound: a scale that shrinks to nothing around a few rows.
#pragma once

#include <optional>

#include "derive/blocks.hpp"
#include "run/engine.hpp"

namespace jensen::run {

// For each point block that scales squared data (a variance, a standard deviation, a precision, a covariance, in any power): the smallest variance of
// the data it scales. Nothing for the others.
std::vector<std::optional<double>> data_variances(const plan::Plan& plan);

// The first element whose variance (or smallest eigenvalue) is below threshold × the data's.
std::optional<BlockFailure> find_collapse(const Engine& engine, const derive::Derivation& derivation,
                                          const std::vector<std::optional<double>>& variances, double threshold);

}  // namespace jensen::run
