// e^x of a machine vector, for x <= 0.
#pragma once

#include "base/lanes.hpp"

namespace jensen::run {

// Below this an exponential counts as 0: its products would be denormal numbers, which cost a hundred times more than others.
inline constexpr double negligible = -600;

// e^x for x <= 0: x = n log 2 + r with |r| <= log(2)/2 (Cody and Waite's two-part log 2), e^r by its Taylor polynomial of degree 13 (remainder below
// 5e-18), 2^n by the exponent bits. Relative error below 2 ulp.
inline Lane exp_lane(Lane x) {
  constexpr double to_integer = 6755399441055744.0;  // 1.5 · 2^52: adding it rounds, and leaves the integer in the low bits
  const Lane shifted = x * 1.4426950408889634074 + to_integer;
  const Lane n = shifted - to_integer;
  const Lane r = (x - n * 6.93145751953125e-1) - n * 1.42860682030941723212e-6;
  Lane p = r * (1.0 / 6227020800.0) + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const LaneBits bits = (reinterpret_cast<const LaneBits&>(shifted) + 1023) << 52;
  const Lane value = p * reinterpret_cast<const Lane&>(bits);
  return x < negligible ? Lane{} : value;
}

}  // namespace jensen::run
