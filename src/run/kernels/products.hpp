// The two matrix products of a sweep. Features are products of two columns of the tile, formed in registers and never stored.
#pragma once

#include <cstdint>
#include <vector>

namespace jensen::run {

// feature f = column a[f] × column b[f] of a tile of `rows` rows (a multiple of the machine vectors' length), columns `rows` apart.
struct FeaturePairs {
  std::vector<std::int32_t> a, b;
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(a.size()); }
};

// η[s · rows + r] = Σ_f feature_f(r) · G[f · levels + s].
void predict(const FeaturePairs& features, const double* columns, std::int64_t rows, const double* g, std::int64_t levels, double* eta);

// Lane by lane, Σ_r feature_f(r) · m[s · rows + r] onto sums[(f · levels + s) · lanes ...]; `add_lanes` adds the lanes up in the end.
void accumulate(const FeaturePairs& features, const double* columns, std::int64_t rows, const double* mean, std::int64_t levels, double* sums);
void add_lanes(const std::vector<double>& sums, double* out);

}  // namespace jensen::run
