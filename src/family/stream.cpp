#include "family/stream.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace jensen::family {

Stream::Stream(std::uint64_t seed, Purpose purpose, std::uint64_t element, std::uint64_t part)
    : key_{seed, static_cast<std::uint64_t>(purpose)}, counter_{0, 0, element, part}, buffer_{} {}

std::uint64_t Stream::next() {
  if (used_ == 4) {
    const r123::Philox4x64::ctr_type counter = {{counter_[0], counter_[1], counter_[2], counter_[3]}};
    const r123::Philox4x64::key_type key = {{key_[0], key_[1]}};
    const r123::Philox4x64::ctr_type block = r123::Philox4x64()(counter, key);
    std::copy(block.begin(), block.end(), buffer_);
    ++counter_[0];
    used_ = 0;
  }
  return buffer_[used_++];
}

// Odd multiples of 2^-53: symmetric in u and 1 − u, and neither 0 nor 1 is reached by rounding.
double Stream::uniform() { return (static_cast<double>(next() >> 12) + 0.5) * 0x1p-52; }

// Box and Muller (1958). The sine half is not kept, so a draw uses the same two numbers wherever it stands in the stream.
double Stream::normal() {
  const double radius = std::sqrt(-2 * std::log(uniform()));
  return radius * std::cos(2 * std::numbers::pi * uniform());
}

// Marsaglia and Tsang (2000), ACM TOMS 26: shape >= 1 by rejection from a cubed normal; below 1, G(a) = G(a + 1) U^(1/a).
double Stream::gamma(double shape) {
  if (shape < 1) return std::exp(log_gamma_draw(shape));
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

double Stream::log_gamma_draw(double shape) {
  if (shape >= 1) return std::log(gamma(shape));
  const double boosted = std::log(gamma(shape + 1));
  return boosted + std::log(uniform()) / shape;
}

// Rejects the first 2^64 mod n numbers, so that every remainder is equally likely.
std::uint64_t Stream::below(std::uint64_t n) {
  const std::uint64_t rejected = (0 - n) % n;
  for (;;) {
    const std::uint64_t draw = next();
    if (draw >= rejected) return draw % n;
  }
}

}  // namespace jensen::family
