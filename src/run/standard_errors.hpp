// Standard errors of params: the square roots of the diagonal of the inverse observed information −∂² log p(x; θ)/∂θ∂θ'.
//
// Where q is exact, Fisher's identity ∂ log p(x; θ)/∂θ = ∂ E_q*[log p(x, z; θ)]/∂θ at fixed q* = q(z | x; θ) gives the score from the messages of the
// points; differences of it between E-steps at neighbouring θ give the information (Jamshidian and Jennrich 2000, "Standard errors for EM
// estimation", J. R. Statist. Soc. B 62, 257-270, their numerical differentiation of the score). θ are the coordinates of coordinates.hpp; what is
// printed follows by the delta method.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "run/ascent.hpp"

namespace jensen::run {

struct StandardErrors {
  std::map<int, std::vector<double>> of;  // by block, laid out as its values; NaN where there is none
  std::string reason;                     // why there are none; empty otherwise
};

// At the converged state of the engine, which is the same afterwards.
StandardErrors standard_errors(const Problem& problem, Engine& engine, const Run& run);

}  // namespace jensen::run
