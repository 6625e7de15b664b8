// Counter-based random streams (Philox4x64, Salmon et al. 2011, Random123): a stream is named by (seed, purpose, element, part), so a draw depends on
// neither threads nor ranks. Transformations are our own, since the standard library's distributions differ between implementations.
#pragma once

#include <cstdint>

namespace jensen::family {

enum class Purpose : std::uint64_t {
  initialisation = 1,
  restart = 2,
  draws = 3,
  simulation = 4,
  seeding = 5,
  test = 6,
  posterior = 7,
  prediction = 8
};

class Stream {
 public:
  Stream(std::uint64_t seed, Purpose purpose, std::uint64_t element, std::uint64_t part = 0);

  double uniform();                      // in (0, 1), 53 bits
  double normal();                       // standard normal
  double gamma(double shape);            // rate 1; shape > 0 (Marsaglia and Tsang 2000; boosted for shape < 1)
  double log_gamma_draw(double shape);   // log of such a draw, accurate for tiny shapes
  std::uint64_t below(std::uint64_t n);  // uniform on 0..n-1

 private:
  std::uint64_t next();
  std::uint64_t key_[2];
  std::uint64_t counter_[4];
  std::uint64_t buffer_[4];
  int used_ = 4;
};

}  // namespace jensen::family
