// Random models of everything that has closed-form or quadrature updates: one to three parts that share rows, groups, weights and covariates, each
// drawn from a list of structures with arguments, priors and plates of its own. The same for the same seed on every machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "generate/generate.hpp"

namespace jensen::tests {

// The names of the structures, in order.
std::vector<std::string> part_names();

// `only` gives a model of that structure alone.
GeneratedModel generate_wide(std::uint64_t seed, const GenerateOptions& options = {}, const std::string& only = {});

}  // namespace jensen::tests
