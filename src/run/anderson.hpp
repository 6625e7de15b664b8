// Anderson acceleration of a fixed-point map x → F(x): the next point is the one at which the residual F(x) − x, linear in what has been seen, is
// least. With residuals f_j = F(x_j) − x_j and γ = argmin |f − ΔF γ|² + damping,
//
//     x⁺ = x + f − (ΔX + ΔF) γ
//
// (Anderson 1965; for EM Henderson and Varadhan 2019, "Damped Anderson acceleration with restarts and monotonicity control", eq. 2 to 7).
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace jensen::run {

class Anderson {
 public:
  explicit Anderson(std::size_t memory) : memory_(memory) {}

  // x and F(x). Entries that are infinite stand still.
  void add(std::vector<double> x, std::vector<double> image);
  // A point after the last one added; nothing before two have been. Distances count in `units`.
  [[nodiscard]] std::optional<std::vector<double>> extrapolate(const std::vector<double>& units) const;
  // Whether the last step was longer than the one before it: the map leads away from a saddle, to which a secant points back.
  [[nodiscard]] bool is_growing(const std::vector<double>& units) const;
  // How the last extrapolation did: damping is less after a success, more after a failure, which also forgets all but the last point.
  void succeeded();
  void failed();

 private:
  struct Pair {
    std::vector<double> x, residual;
  };
  std::size_t memory_;
  std::deque<Pair> pairs_;
  int failures_ = 0;
};

}  // namespace jensen::run
