#include "plan/contraction.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>

namespace jensen::plan {
namespace {

// An array while the order of pairs is chosen: strides over the indices that are left.
struct Part {
  int buffer = 0;
  Affine at;
};

bool uses(const Affine& at, std::size_t index) { return at.strides[index] != 0; }

struct Choice {
  std::size_t a = 0, b = 0;
  double cost = std::numeric_limits<double>::infinity();
  double result = 0;
};

class Compiler {
 public:
  Compiler(const ContractionSpec& spec, std::int64_t scratch_used, bool output_to_scratch)
      : scratch_size(scratch_used), extents_(spec.extents), output_(spec.output), coefficient_(spec.coefficient), to_scratch_(output_to_scratch) {
    for (const View& view : spec.inputs) parts_.push_back({view.buffer, view.at});
    fold_unused();
  }

  [[nodiscard]] bool empty() const {
    return std::any_of(extents_.begin(), extents_.end(), [](auto e) { return e <= 0; });
  }

  // Pairs until the joint loop over what is left costs no more than going on in pairs.
  void compile() {
    if (empty()) return;
    while (parts_.size() > 2 && (parts_.size() > Step::max_inputs || pairs_cost(parts_) < joint_cost(parts_))) contract(choose(parts_));
    emit(parts_, output_, false);
    steps.back().to_scratch = to_scratch_;
  }

  std::vector<Step> steps;
  std::int64_t scratch_size;
  double cost = 0;

 private:
  // What one more step costs besides its multiplications.
  static constexpr double step_overhead = 64;

  void fold_unused() {
    for (std::size_t i = 0; i < extents_.size(); ++i) {
      const bool used = uses(output_, i) || std::any_of(parts_.begin(), parts_.end(), [&](const Part& p) { return uses(p.at, i); });
      if (used || extents_[i] <= 1) continue;
      coefficient_ *= static_cast<double>(extents_[i]);
      extents_[i] = 1;
    }
  }

  template <class Used>
  double volume(Used used) const {
    double v = 1;
    for (std::size_t i = 0; i < extents_.size(); ++i) {
      if (used(i)) v *= static_cast<double>(extents_[i]);
    }
    return v;
  }

  double joint_cost(const std::vector<Part>& parts) const {
    const auto used = [&](std::size_t i) {
      return uses(output_, i) || std::any_of(parts.begin(), parts.end(), [&](const Part& p) { return uses(p.at, i); });
    };
    return volume(used) * static_cast<double>(std::max<std::size_t>(1, parts.size() - 1)) + step_overhead;
  }

  // Index i is still needed once parts a and b are one.
  bool needed(const std::vector<Part>& parts, std::size_t a, std::size_t b, std::size_t i) const {
    if (uses(output_, i)) return true;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      if (p != a && p != b && uses(parts[p].at, i)) return true;
    }
    return false;
  }

  Choice choose(const std::vector<Part>& parts) const {
    Choice best;
    for (std::size_t a = 0; a < parts.size(); ++a) {
      for (std::size_t b = a + 1; b < parts.size(); ++b) {
        const auto either = [&](std::size_t i) { return uses(parts[a].at, i) || uses(parts[b].at, i); };
        Choice c{a, b, volume(either), volume([&](std::size_t i) { return either(i) && needed(parts, a, b, i); })};
        if (c.cost < best.cost || (c.cost == best.cost && c.result < best.result)) best = c;
      }
    }
    return best;
  }

  // The result of a pair: dense, row-major over the indices still needed.
  Part merged(const std::vector<Part>& parts, const Choice& c, std::int64_t base) const {
    Part out{-1, {base, std::vector<std::int64_t>(extents_.size(), 0)}};
    std::int64_t stride = 1;
    for (std::size_t i = extents_.size(); i-- > 0;) {
      const bool either = uses(parts[c.a].at, i) || uses(parts[c.b].at, i);
      if (!either || extents_[i] == 1 || !needed(parts, c.a, c.b, i)) continue;
      out.at.strides[i] = stride;
      stride *= extents_[i];
    }
    return out;
  }

  double pairs_cost(std::vector<Part> parts) const {
    double total = 0;
    while (parts.size() > 2) {
      const Choice c = choose(parts);
      total += c.cost + step_overhead;
      const Part part = merged(parts, c, 0);
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(c.b));
      parts[c.a] = part;
    }
    return total + joint_cost(parts);
  }

  void contract(const Choice& c) {
    const Part part = merged(parts_, c, scratch_size);
    emit({parts_[c.a], parts_[c.b]}, part.at, true);
    parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(c.b));
    parts_[c.a] = part;
  }

  void emit(const std::vector<Part>& parts, const Affine& output, bool to_scratch) {
    Step step;
    step.coefficient = to_scratch ? 1.0 : coefficient_;
    step.output_base = output.base;
    step.to_scratch = to_scratch;
    for (const Part& p : parts) step.inputs.push_back({p.buffer, p.at.base});
    if (to_scratch) {
      step.clear = static_cast<std::int64_t>(volume([&](std::size_t i) { return uses(output, i); }));
      scratch_size += step.clear;
    }
    cost += add_loops(step, parts, output) * static_cast<double>(std::max<std::size_t>(1, parts.size()));
    steps.push_back(std::move(step));
  }

  // Sums outside, so that the innermost loop is the longest contiguous one; loops that continue each other in every array become one.
  double add_loops(Step& step, const std::vector<Part>& parts, const Affine& output) const {
    std::vector<std::vector<std::int64_t>> loops;  // extent, input strides, output stride
    double total = 1;
    for (std::size_t i = 0; i < extents_.size(); ++i) {
      std::vector<std::int64_t> loop{extents_[i]};
      for (const Part& p : parts) loop.push_back(p.at.strides[i]);
      loop.push_back(output.strides[i]);
      if (extents_[i] == 1 || std::all_of(loop.begin() + 1, loop.end(), [](auto s) { return s == 0; })) continue;
      total *= static_cast<double>(extents_[i]);
      loops.push_back(std::move(loop));
    }
    const auto weight = [](const std::vector<std::int64_t>& l) {
      return std::accumulate(l.begin() + 1, l.end(), std::int64_t{0}, [](std::int64_t s, std::int64_t v) { return s + std::abs(v); });
    };
    std::stable_sort(loops.begin(), loops.end(), [&](const auto& x, const auto& y) { return weight(x) > weight(y); });
    append_fused(step, loops);
    return total;
  }

  static void append_fused(Step& step, std::vector<std::vector<std::int64_t>>& loops) {
    std::vector<std::vector<std::int64_t>> fused;
    for (auto& inner : loops) {
      const bool continues = !fused.empty() && std::equal(inner.begin() + 1, inner.end(), fused.back().begin() + 1,
                                                          [&](std::int64_t in, std::int64_t out) { return out == in * inner[0]; });
      if (continues) {
        const std::int64_t outer_extent = fused.back()[0];
        fused.back() = inner;
        fused.back()[0] *= outer_extent;
      } else {
        fused.push_back(inner);
      }
    }
    for (const auto& loop : fused) {
      step.extents.push_back(loop[0]);
      step.strides.insert(step.strides.end(), loop.begin() + 1, loop.end());
    }
  }

  std::vector<std::int64_t> extents_;
  Affine output_;
  double coefficient_;
  bool to_scratch_;
  std::vector<Part> parts_;
};

using Pointers = std::array<const double*, Step::max_inputs>;

double short_dot(const double* __restrict a, const double* __restrict b, std::int64_t n) {
  constexpr std::int64_t lanes = 8;
  double partial[lanes] = {};
  std::int64_t i = 0;
  if (n >= lanes) {
    for (; i < lanes; ++i) partial[i] = a[i] * b[i];
  }
  double sum = 0;
  for (; i < n; ++i) sum += a[i] * b[i];
  for (std::int64_t width = lanes / 2; width > 0; width /= 2) {
    for (std::int64_t l = 0; l < width; ++l) partial[l] += partial[l + width];
  }
  return sum + partial[0];
}

// Σ a_i b_i with partial sums, so that the additions overlap and vectorise without reassociation by the compiler.
double dot(const double* __restrict a, const double* __restrict b, std::int64_t n) {
  constexpr std::int64_t lanes = 16;
  if (n < lanes) return short_dot(a, b, n);
  double partial[lanes] = {};
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (std::int64_t l = 0; l < lanes; ++l) partial[l] += a[i + l] * b[i + l];
  }
  double sum = 0;
  for (; i < n; ++i) sum += a[i] * b[i];
  for (std::int64_t width = lanes / 2; width > 0; width /= 2) {
    for (std::int64_t l = 0; l < width; ++l) partial[l] += partial[l + width];
  }
  return sum + partial[0];
}

double dot(const double* a, std::int64_t sa, const double* b, std::int64_t sb, std::int64_t n) {
  if (sa == 1 && sb == 1) return dot(a, b, n);
  double even = 0, odd = 0;
  std::int64_t i = 0;
  for (; i + 1 < n; i += 2) {
    even += a[i * sa] * b[i * sb];
    odd += a[(i + 1) * sa] * b[(i + 1) * sb];
  }
  if (i < n) even += a[i * sa] * b[i * sb];
  return even + odd;
}

double sum(const double* a, std::int64_t sa, std::int64_t n) {
  double even = 0, odd = 0;
  std::int64_t i = 0;
  for (; i + 1 < n; i += 2) {
    even += a[i * sa];
    odd += a[(i + 1) * sa];
  }
  return even + odd + (i < n ? a[i * sa] : 0.0);
}

void add_scaled(double scale, const double* __restrict a, std::int64_t sa, double* __restrict out, std::int64_t so, std::int64_t n) {
  if (sa == 1 && so == 1) {
    for (std::int64_t i = 0; i < n; ++i) out[i] += scale * a[i];
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i * so] += scale * a[i * sa];
  }
}

void add_product(double scale, const double* __restrict a, std::int64_t sa, const double* __restrict b, std::int64_t sb, double* __restrict out,
                 std::int64_t so, std::int64_t n) {
  if (sa == 1 && sb == 1 && so == 1) {
    for (std::int64_t i = 0; i < n; ++i) out[i] += scale * a[i] * b[i];
  } else {
    for (std::int64_t i = 0; i < n; ++i) out[i * so] += scale * a[i * sa] * b[i * sb];
  }
}

void inner_general(std::int64_t n, const std::int64_t* s, std::size_t m, const Pointers& p, double* out, double coefficient) {
  for (std::int64_t i = 0; i < n; ++i) {
    double product = coefficient;
    for (std::size_t v = 0; v < m; ++v) product *= p[v][i * s[v]];
    out[i * s[m]] += product;
  }
}

// The two innermost loops; what the inner one does is decided once for the outer one.
class TwoLoops {
 public:
  TwoLoops(std::int64_t outer_extent, const std::int64_t* outer_strides, std::int64_t inner_extent, const std::int64_t* inner_strides,
           std::size_t inputs, double coefficient)
      : outer_(outer_extent), step_(outer_strides), n_(inner_extent), s_(inner_strides), m_(inputs), c_(coefficient) {}

  void run(const Pointers& p, double* out) const {
    if (m_ == 1) {
      one(p, out);
    } else if (m_ == 2) {
      two(p, out);
    } else {
      each<Step::max_inputs>(p, out, [&](const Pointers& at, double* to) { inner_general(n_, s_, m_, at, to, c_); });
    }
  }

 private:
  template <std::size_t most, class Inner>
  void each(Pointers p, double* out, Inner inner) const {
    for (std::int64_t i = 0; i < outer_; ++i) {
      inner(p, out);
      for (std::size_t v = 0; v < std::min(most, m_); ++v) p[v] += step_[v];
      out += step_[m_];
    }
  }

  void one(const Pointers& p, double* out) const {
    if (s_[1] == 0) {
      each<1>(p, out, [&](const Pointers& at, double* to) { *to += c_ * sum(at[0], s_[0], n_); });
    } else {
      each<1>(p, out, [&](const Pointers& at, double* to) { add_scaled(c_, at[0], s_[0], to, s_[1], n_); });
    }
  }

  void two(const Pointers& p, double* out) const {
    if (s_[2] == 0) {
      each<2>(p, out, [&](const Pointers& at, double* to) { *to += c_ * dot(at[0], s_[0], at[1], s_[1], n_); });
    } else if (s_[0] == 0) {
      each<2>(p, out, [&](const Pointers& at, double* to) { add_scaled(c_ * *at[0], at[1], s_[1], to, s_[2], n_); });
    } else if (s_[1] == 0) {
      each<2>(p, out, [&](const Pointers& at, double* to) { add_scaled(c_ * *at[1], at[0], s_[0], to, s_[2], n_); });
    } else {
      each<2>(p, out, [&](const Pointers& at, double* to) { add_product(c_, at[0], s_[0], at[1], s_[1], to, s_[2], n_); });
    }
  }

  std::int64_t outer_;
  const std::int64_t* step_;
  std::int64_t n_;
  const std::int64_t* s_;
  std::size_t m_;
  double c_;
};

void loop(const Step& step, std::size_t level, const Pointers& pointers, double* out) {
  const std::size_t m = step.inputs.size();
  const std::int64_t* s = step.strides.data() + level * (m + 1);
  const std::int64_t n = step.extents[level];
  if (level + 2 == step.extents.size()) return TwoLoops(n, s, step.extents[level + 1], s + m + 1, m, step.coefficient).run(pointers, out);
  if (level + 1 == step.extents.size()) return TwoLoops(1, s, n, s, m, step.coefficient).run(pointers, out);
  Pointers p = pointers;
  for (std::int64_t i = 0; i < n; ++i) {
    loop(step, level + 1, p, out);
    for (std::size_t v = 0; v < m; ++v) p[v] += s[v];
    out += s[m];
  }
}

void run_step(const Step& step, std::span<const double* const> inputs, double* output, double* scratch) {
  Pointers pointers{};
  for (std::size_t v = 0; v < step.inputs.size(); ++v) {
    const Step::Input& input = step.inputs[v];
    pointers[v] = (input.buffer < 0 ? scratch : inputs[static_cast<std::size_t>(input.buffer)]) + input.base;
  }
  double* out = (step.to_scratch ? scratch : output) + step.output_base;
  std::fill_n(out, step.clear, 0.0);
  if (!step.extents.empty()) {
    loop(step, 0, pointers, out);
    return;
  }
  double product = step.coefficient;
  for (std::size_t v = 0; v < step.inputs.size(); ++v) product *= *pointers[v];
  *out += product;
}

}  // namespace

Contraction::Contraction(const ContractionSpec& spec) {
  ContractionSpec dense = spec;
  std::int64_t used = 0;
  const auto in_scratch = [&](int buffer, Affine& at, const Table& table) {
    Gather gather{buffer, used, table};
    at.base += used;
    used += static_cast<std::int64_t>(table->size());
    return gather;
  };
  for (View& view : dense.inputs) {
    if (!view.table) continue;
    gathers_.push_back(in_scratch(view.buffer, view.at, view.table));
    view.buffer = -1;
  }
  if (spec.output_table) scatter_ = in_scratch(-1, dense.output, spec.output_table);
  Compiler compiler(dense, used, scatter_.has_value());
  compiler.compile();
  steps_ = std::move(compiler.steps);
  scratch_size_ = compiler.scratch_size;
  cost_ = compiler.cost + static_cast<double>(used);
}

void Contraction::run(std::span<const double* const> inputs, double* output, double* scratch) const {
  for (const Gather& gather : gathers_) {
    const double* from = inputs[static_cast<std::size_t>(gather.buffer)];
    double* to = scratch + gather.base;
    for (const std::int32_t at : *gather.table) *to++ = at < 0 ? 0.0 : from[at];
  }
  if (scatter_) std::fill_n(scratch + scatter_->base, scatter_->table->size(), 0.0);
  for (const Step& step : steps_) run_step(step, inputs, output, scratch);
  if (!scatter_) return;
  const double* from = scratch + scatter_->base;
  for (const std::int32_t at : *scatter_->table) {
    if (at >= 0) output[at] += *from;
    ++from;
  }
}

}  // namespace jensen::plan
