// The log evidence of a model's text: quadrature over its continuous latents, enumeration of its discrete ones.
#pragma once

#include "support/text_density.hpp"

namespace jensen::tests {

struct TextEvidence {
  double log = 0;
  double error = 0;  // estimate, relative to the evidence
};
// At most two continuous latents. Throws std::runtime_error where there are more.
TextEvidence text_evidence(const TextDensity& density);

}  // namespace jensen::tests
