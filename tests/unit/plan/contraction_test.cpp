#include "plan/contraction.hpp"

#include "catch.hpp"
#include "family/stream.hpp"

using namespace jensen;
using Catch::Matchers::WithinAbs;
using plan::Contraction;
using plan::ContractionSpec;

namespace {

// Σ over all index tuples, one at a time.
std::vector<double> joint_sum(const ContractionSpec& spec, const std::vector<std::vector<double>>& arrays, std::size_t size) {
  std::vector<double> out(size, 0.0);
  std::int64_t total = 1;
  for (const std::int64_t e : spec.extents) total *= e;
  for (std::int64_t flat = 0; flat < total; ++flat) {
    std::vector<std::int64_t> at(spec.extents.size());
    std::int64_t rest = flat;
    for (std::size_t i = spec.extents.size(); i-- > 0; rest /= spec.extents[i]) at[i] = rest % spec.extents[i];
    const auto address = [&](const plan::Affine& a) {
      std::int64_t offset = a.base;
      for (std::size_t i = 0; i < at.size(); ++i) offset += a.strides[i] * at[i];
      return static_cast<std::size_t>(offset);
    };
    double product = spec.coefficient;
    for (const plan::View& v : spec.inputs) product *= arrays[static_cast<std::size_t>(v.buffer)][address(v.at)];
    out[address(spec.output)] += product;
  }
  return out;
}

// A dense array over a random subset of the indices, in random order of strides.
plan::Affine random_affine(const std::vector<std::int64_t>& extents, family::Stream& stream, std::size_t& size) {
  plan::Affine out{static_cast<std::int64_t>(stream.below(3)), std::vector<std::int64_t>(extents.size(), 0)};
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    if (stream.uniform() < 0.5) order.insert(order.begin() + static_cast<std::ptrdiff_t>(stream.below(order.size() + 1)), i);
  }
  std::int64_t stride = 1;
  for (const std::size_t i : order) {
    out.strides[i] = stride;
    stride *= extents[i];
  }
  size = static_cast<std::size_t>(out.base + stride);
  return out;
}

}  // namespace

TEST_CASE("a contraction equals the joint sum on random programs", "[plan]") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    family::Stream stream(seed, family::Purpose::test, 1);
    ContractionSpec spec;
    spec.coefficient = stream.normal();
    for (std::uint64_t i = 0, n = stream.below(6); i < n; ++i) spec.extents.push_back(static_cast<std::int64_t>(1 + stream.below(5)));
    std::vector<std::vector<double>> arrays;
    for (std::uint64_t v = 0, n = stream.below(8); v < n; ++v) {
      std::size_t size = 0;
      spec.inputs.push_back({static_cast<int>(v), random_affine(spec.extents, stream, size)});
      arrays.emplace_back();
      for (std::size_t i = 0; i < size; ++i) arrays.back().push_back(stream.normal());
    }
    std::size_t size = 0;
    spec.output = random_affine(spec.extents, stream, size);
    const Contraction contraction(spec);
    std::vector<const double*> inputs;
    for (const auto& a : arrays) inputs.push_back(a.data());
    std::vector<double> out(size, 0.0), scratch(static_cast<std::size_t>(contraction.scratch_size()) + 1, 7.0);
    contraction.run(inputs, out.data(), scratch.data());
    const std::vector<double> expected = joint_sum(spec, arrays, size);
    for (std::size_t i = 0; i < size; ++i) REQUIRE_THAT(out[i], WithinAbs(expected[i], 1e-10 * (1 + std::abs(expected[i]))));
  }
}

TEST_CASE("an empty range contributes nothing", "[plan]") {
  const ContractionSpec spec{2.0, {3, 0}, {{0, {0, {1, 0}}}}, {0, {0, 0}}};
  const std::vector<double> a{1, 2, 3};
  const std::vector<const double*> inputs{a.data()};
  double out = 0;
  Contraction(spec).run(inputs, &out, nullptr);
  REQUIRE(out == 0);
}

TEST_CASE("a product over four indices is contracted in pairs where that is cheaper", "[plan]") {
  // Σ_kijl a_ki b_ij c_jl d_lk: jointly K·D³, in pairs of order D³ + K·D².
  const std::int64_t k = 16, d = 16;
  const ContractionSpec spec{
      1.0, {k, d, d, d}, {{0, {0, {d, 1, 0, 0}}}, {1, {0, {0, d, 1, 0}}}, {2, {0, {0, 0, d, 1}}}, {3, {0, {1, 0, 0, k}}}}, {0, {0, 0, 0, 0}}};
  const Contraction contraction(spec);
  REQUIRE(contraction.steps() > 1);
  REQUIRE(contraction.cost() < 5.0 * static_cast<double>(d * d * d));
}
