// Sums of products of strided arrays over shared indices, compiled once into loops.
//
//     output[o(i)] += coefficient × Π_v input_v[a_v(i)],     summed over all index tuples i,
//
// where every address is affine: a(i) = base + Σ_j strides[j] · i_j; or, with a table, table[affine], negative for a zero: such an input is gathered
// into scratch before the loops, such an output scattered after them. A product of many arrays is contracted in pairs where that is cheaper than one
// joint loop (greedily, the cheapest pair first). Running a program looks nothing up, allocates nothing and does not depend on what the arrays mean.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace jensen::plan {

// base + Σ strides[j] · counter of index j.
struct Affine {
  std::int64_t base = 0;
  std::vector<std::int64_t> strides;
  bool operator==(const Affine&) const = default;
  auto operator<=>(const Affine&) const = default;
};

using Table = std::shared_ptr<const std::vector<std::int32_t>>;

struct View {
  int buffer = 0;  // position in the list of inputs that the program runs with
  Affine at;
  Table table = nullptr;
};

struct ContractionSpec {
  double coefficient = 1;
  std::vector<std::int64_t> extents;  // of the indices; an index that no view uses multiplies by its extent
  std::vector<View> inputs;
  Affine output;
  Table output_table = nullptr;
};

// One loop nest: at most max_inputs arrays, outermost loop first.
struct Step {
  static constexpr std::size_t max_inputs = 6;
  struct Input {
    int buffer = 0;  // scratch if negative
    std::int64_t base = 0;
  };
  double coefficient = 1;
  std::vector<std::int64_t> extents;
  std::vector<Input> inputs;
  std::vector<std::int64_t> strides;  // per loop: those of the inputs, then that of the output
  std::int64_t output_base = 0;
  bool to_scratch = false;
  std::int64_t clear = 0;  // scratch cells to set to zero from output_base first
};

class Contraction {
 public:
  explicit Contraction(const ContractionSpec& spec);
  void run(std::span<const double* const> inputs, double* output, double* scratch) const;
  [[nodiscard]] std::int64_t scratch_size() const { return scratch_size_; }
  [[nodiscard]] double cost() const { return cost_; }  // multiplications
  [[nodiscard]] std::size_t steps() const { return steps_.size(); }

 private:
  struct Gather {
    int buffer = 0;
    std::int64_t base = 0;  // in scratch
    Table table;
  };
  std::vector<Gather> gathers_;
  std::optional<Gather> scatter_;
  std::vector<Step> steps_;
  std::int64_t scratch_size_ = 0;
  double cost_ = 0;
};

}  // namespace jensen::plan
