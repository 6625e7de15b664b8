// Random models of one or two numbers, with few rows and sometimes truth values beside them: small enough for the evidence by quadrature and
// enumeration. The same for the same seed on every machine.
#pragma once

#include <cstdint>

#include "generate/generate.hpp"

namespace jensen::tests {

GeneratedModel generate_scalars(std::uint64_t seed);

}  // namespace jensen::tests
