// Denormal results become 0 while an object of this type lives: they would be probabilities below 1e-308 of the largest, and cost a hundred times
// more than others.
#pragma once

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace jensen::run {

class FlushDenormals {
 public:
#if defined(__SSE2__)
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8000U); }
  ~FlushDenormals() { _mm_setcsr(before_); }
#else
  FlushDenormals() = default;
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

#if defined(__SSE2__)

 private:
  unsigned before_;
#endif
};

}  // namespace jensen::run
