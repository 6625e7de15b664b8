#include "run/kernels/gaussian_chain.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numbers>

#include "catch.hpp"
#include "family/stream.hpp"
#include "run/rows.hpp"

using namespace jensen;
using namespace jensen::run;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::WithinAbs;
using Catch::Matchers::WithinRel;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

// Linked rows as one reads them; `own` is J.
struct Rows {
  std::int64_t d = 1;
  std::vector<std::int32_t> previous, link;
  std::vector<VectorXd> h;
  std::vector<MatrixXd> own, links;

  std::int64_t size() const { return static_cast<std::int64_t>(h.size()); }
  std::size_t place(std::int64_t p) const { return static_cast<std::size_t>(p); }
};

struct Moments {
  double log_partition = 0;
  std::vector<VectorXd> mean;
  std::vector<MatrixXd> second, links;
  GaussianChain::Work work;
  std::optional<GaussianChain::Failure> failure;
};

MatrixXd random_matrix(family::Stream& stream, std::int64_t d, double scale = 1) {
  MatrixXd m(d, d);
  for (double& x : m.reshaped()) x = scale * stream.normal();
  return m;
}

VectorXd random_vector(family::Stream& stream, std::int64_t d) {
  VectorXd v(d);
  for (double& x : v) x = stream.normal();
  return v;
}

// x_p = A x_previous + noise of precision Q, the first of precision `start`, and each row seen with precision `seen`: the terms of the log density.
struct Dynamics {
  MatrixXd a, q, start, seen;
};

void add_row(Rows& rows, const Dynamics& by, std::int32_t previous, const VectorXd& y, bool observed) {
  rows.previous.push_back(previous);
  rows.link.push_back(previous < 0 ? -1 : static_cast<std::int32_t>(rows.links.size()) - 1);
  rows.h.push_back(observed ? VectorXd(by.seen * y) : VectorXd::Zero(rows.d));
  rows.own.push_back(-0.5 * (previous < 0 ? by.start : by.q));
  if (observed) rows.own.back() -= 0.5 * by.seen;
  if (previous >= 0) rows.own[rows.place(previous)] -= 0.5 * by.a.transpose() * by.q * by.a;
}

Dynamics random_dynamics(family::Stream& stream, std::int64_t d) {
  const auto positive = [&] {
    const MatrixXd m = random_matrix(stream, d);
    return MatrixXd(m * m.transpose() + MatrixXd::Identity(d, d));
  };
  return {random_matrix(stream, d, 0.5 / std::sqrt(static_cast<double>(d))), positive(), positive(), positive()};
}

Dynamics local_level(double variance, double seen, double start) {
  const auto one = [](double x) { return MatrixXd::Constant(1, 1, x); };
  return {one(1), one(1 / variance), one(start), one(1 / seen)};
}

// A chain in which a share of the rows is not observed.
Rows make_chain(family::Stream& stream, const Dynamics& by, std::int64_t size, double missing = 0) {
  Rows rows;
  rows.d = by.a.rows();
  rows.links = {by.a.transpose() * by.q};
  for (std::int64_t p = 0; p < size; ++p)
    add_row(rows, by, static_cast<std::int32_t>(p) - 1, random_vector(stream, rows.d), p == 0 || stream.uniform() >= missing);
  return rows;
}

// Each row hangs on any before it or on none, by a link of its own or one met before, with J that need not be symmetric.
Rows random_forest(family::Stream& stream, std::int64_t size, std::int64_t d) {
  Rows rows;
  rows.d = d;
  for (std::int64_t p = 0; p < size; ++p) {
    const bool root = p == 0 || stream.uniform() < 0.2;
    if (!root && (rows.links.empty() || stream.uniform() < 0.5)) rows.links.emplace_back();
    const Dynamics by = random_dynamics(stream, d);
    if (!root && rows.links.back().size() == 0) rows.links.back() = by.a.transpose();
    add_row(rows, by, root ? -1 : static_cast<std::int32_t>(stream.below(static_cast<std::uint64_t>(p))), random_vector(stream, d), true);
    if (!root) rows.link.back() = static_cast<std::int32_t>(stream.below(rows.links.size()));
    if (!root) rows.own[rows.place(rows.previous.back())] -= MatrixXd::Identity(d, d);
    const MatrixXd skew = random_matrix(stream, d);
    rows.own.back() += skew - skew.transpose() - MatrixXd::Identity(d, d);
  }
  if (rows.links.empty()) rows.links.emplace_back(MatrixXd::Zero(d, d));
  return rows;
}

std::vector<double> flat(const std::vector<MatrixXd>& links) {
  std::vector<double> out;
  for (const MatrixXd& l : links)
    for (Eigen::Index i = 0; i < l.rows(); ++i)
      for (Eigen::Index j = 0; j < l.cols(); ++j) out.push_back(l(i, j));
  return out;
}

std::vector<double> tile_of(const Rows& rows, std::int64_t first, std::int64_t count) {
  std::vector<double> tile(static_cast<std::size_t>(tile_rows * (rows.d + rows.d * rows.d)), 7e77);  // what lies after the rows is not read
  for (std::int64_t i = 0; i < count; ++i) {
    const std::size_t p = rows.place(first + i);
    for (std::int64_t a = 0; a < rows.d; ++a) {
      tile[static_cast<std::size_t>(a * tile_rows + i)] = rows.h[p](a);
      for (std::int64_t b = 0; b < rows.d; ++b) tile[static_cast<std::size_t>((rows.d + rows.d * a + b) * tile_rows + i)] = rows.own[p](a, b);
    }
  }
  return tile;
}

void read_tile(const std::vector<double>& tile, std::int64_t count, Moments& out, std::int64_t d) {
  for (std::int64_t i = 0; i < tile_rows; ++i) {
    VectorXd m(d);
    MatrixXd s(d, d);
    for (std::int64_t a = 0; a < d; ++a) {
      m(a) = tile[static_cast<std::size_t>(a * tile_rows + i)];
      for (std::int64_t b = 0; b < d; ++b) s(a, b) = tile[static_cast<std::size_t>((d + d * a + b) * tile_rows + i)];
    }
    if (i < count) {
      out.mean.push_back(m);
      out.second.push_back(s);
      REQUIRE(((s == s.transpose()) || s.hasNaN()));
    } else {
      REQUIRE((m.isZero(0) && s.isZero(0)));
    }
  }
}

void sweep(GaussianChain& chain, const Rows& rows, std::int64_t cut, Moments& out) {
  for (std::int64_t first = rows.size() > 0 ? (rows.size() - 1) / cut * cut : -1; first >= 0; first -= cut) {
    const std::int64_t count = std::min(cut, rows.size() - first);
    chain.upward(first, count, tile_of(rows, first, count).data());
  }
  out.log_partition = chain.log_partition();
  out.failure = chain.failure();
  std::vector<double> tile(static_cast<std::size_t>(tile_rows * (rows.d + rows.d * rows.d)), 5.0);
  for (std::int64_t first = 0; first < rows.size(); first += cut) {
    const std::int64_t count = std::min(cut, rows.size() - first);
    chain.downward(first, count, tile.data());
    read_tile(tile, count, out, rows.d);
  }
  const std::vector<double>& sums = chain.link_sums();
  for (std::size_t l = 0; l < rows.links.size(); ++l)
    out.links.emplace_back(Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
        sums.data() + static_cast<std::int64_t>(l) * rows.d * rows.d, rows.d, rows.d));
  out.work = chain.work();
}

Moments moments(const Rows& rows, std::int64_t cut = tile_rows) {
  const std::vector<double> links = flat(rows.links);
  const Forest forest{rows.size(), rows.previous.data(), rows.link.data()};
  GaussianChain chain(rows.d, forest, links.data(), static_cast<std::int64_t>(rows.links.size()));
  Moments out;
  sweep(chain, rows, cut, out);
  return out;
}

// The same by one dense precision.
Moments dense(const Rows& rows) {
  const std::int64_t d = rows.d, n = rows.size() * d;
  MatrixXd precision = MatrixXd::Zero(n, n);
  VectorXd h(n);
  for (std::int64_t p = 0; p < rows.size(); ++p) {
    const std::size_t at = rows.place(p);
    h.segment(p * d, d) = rows.h[at];
    precision.block(p * d, p * d, d, d) -= rows.own[at] + rows.own[at].transpose();
    if (rows.previous[at] < 0) continue;
    const MatrixXd& link = rows.links[static_cast<std::size_t>(rows.link[at])];
    precision.block(rows.previous[at] * d, p * d, d, d) -= link;
    precision.block(p * d, rows.previous[at] * d, d, d) -= link.transpose();
  }
  const Eigen::LLT<MatrixXd> llt(precision);
  REQUIRE(llt.info() == Eigen::Success);
  const VectorXd mean = llt.solve(h);
  const MatrixXd lower = llt.matrixL();
  const MatrixXd second = llt.solve(MatrixXd::Identity(n, n)) + mean * mean.transpose();
  Moments out;
  out.log_partition = 0.5 * static_cast<double>(n) * std::log(2 * std::numbers::pi) - lower.diagonal().array().log().sum() + 0.5 * h.dot(mean);
  out.links.assign(rows.links.size(), MatrixXd::Zero(d, d));
  for (std::int64_t p = 0; p < rows.size(); ++p) {
    const std::size_t at = rows.place(p);
    out.mean.push_back(mean.segment(p * d, d));
    out.second.push_back(second.block(p * d, p * d, d, d));
    if (rows.previous[at] >= 0) out.links[static_cast<std::size_t>(rows.link[at])] += second.block(rows.previous[at] * d, p * d, d, d);
  }
  return out;
}

// The largest relative difference, entries measured by the largest of their matrix.
template <class Matrices>
double difference(const Matrices& a, const Matrices& b) {
  REQUIRE(a.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double scale = std::max(b[i].cwiseAbs().maxCoeff(), 1e-300);
    largest = std::max(largest, (a[i] - b[i]).cwiseAbs().maxCoeff() / scale);
  }
  return largest;
}

void check_same(const Moments& a, const Moments& b, double tolerance) {
  REQUIRE_FALSE(a.failure);
  CHECK_THAT(a.log_partition, WithinRel(b.log_partition, tolerance) || WithinAbs(b.log_partition, tolerance));
  CHECK(difference(a.mean, b.mean) < tolerance);
  CHECK(difference(a.second, b.second) < tolerance);
  CHECK(difference(a.links, b.links) < tolerance);
}

bool same_bits(const Moments& a, const Moments& b) {
  return a.log_partition == b.log_partition && a.mean == b.mean && a.second == b.second && a.links == b.links;
}

// No J is that of the row before it, and none differs by more than an ulp from what it was: the recursions never settle.
Rows unsettled(Rows rows) {
  for (std::size_t p = 0; p < rows.own.size(); p += 2) rows.own[p](0, 0) = std::nextafter(rows.own[p](0, 0), 0.0);
  return rows;
}

// The variances of a chain of numbers, in extended precision.
std::vector<long double> variances(const Rows& rows) {
  std::vector<long double> precision(rows.own.size()), variance;
  const long double c = rows.links[0](0, 0);
  for (std::size_t p = precision.size(); p-- > 0;) {
    precision[p] = -2 * static_cast<long double>(rows.own[p](0, 0));
    if (p + 1 < precision.size()) precision[p] -= c * c / precision[p + 1];
  }
  for (const long double q : precision) variance.push_back(1 / q + (variance.empty() ? 0 : c / q * (c / q) * variance.back()));
  return variance;
}

}  // namespace

TEST_CASE("linked Gaussian rows: random forests against dense algebra", "[kernels]") {
  family::Stream stream(11, family::Purpose::test, 1);
  for (const std::int64_t d : {1, 2, 3, 4, 5, 6, 7, 8, 9, 13}) {
    for (std::int64_t size = 1; size <= 12; ++size) {
      const Rows rows = random_forest(stream, size, d);
      INFO("d " << d << ", rows " << size);
      const Moments whole = moments(rows);
      check_same(whole, dense(rows), 1e-11);
      CHECK(same_bits(whole, moments(rows, 1)));
      CHECK(same_bits(whole, moments(rows, 5)));
    }
  }
}

TEST_CASE("linked Gaussian rows: chains, complete and with rows that are not observed, against dense algebra", "[kernels]") {
  family::Stream stream(12, family::Purpose::test, 1);
  for (const std::int64_t d : {1, 2, 3, 4, 5, 9}) {
    for (const double missing : {0.0, 0.02, 0.3}) {
      const Rows rows = make_chain(stream, random_dynamics(stream, d), 300, missing);
      INFO("d " << d << ", missing " << missing);
      const Moments whole = moments(rows);
      check_same(whole, dense(rows), 1e-12);
      if (missing == 0) CHECK(whole.work.eliminated < 60);
      if (missing == 0) CHECK(whole.work.marginals < 120);
      CHECK(same_bits(whole, moments(rows, 37)));
    }
  }
}

TEST_CASE("linked Gaussian rows: what settling changes is rounding", "[kernels]") {
  family::Stream stream(13, family::Purpose::test, 1);
  for (const std::int64_t d : {1, 2, 4, 10}) {
    const Rows rows = make_chain(stream, random_dynamics(stream, d), 2000);
    const Moments settled = moments(rows), full = moments(unsettled(rows));
    CHECK(settled.work.eliminated < 100);
    CHECK(full.work.eliminated == 2000);
    check_same(settled, full, 1e-13);
  }
}

TEST_CASE("linked Gaussian rows: small steps are not taken for rest", "[kernels]") {
  family::Stream stream(21, family::Purpose::test, 1);
  for (const double ratio : {1e-2, 1e-4, 1e-6}) {  // rates of convergence of 0.82, 0.98 and 0.998
    INFO("variance ratio " << ratio);
    Rows rows = make_chain(stream, local_level(ratio, 1, 1), 20000);
    for (VectorXd& h : rows.h) h.setZero();
    const Moments settled = moments(rows);
    CHECK(static_cast<double>(settled.work.eliminated) < 50 / std::sqrt(ratio));
    const std::vector<long double> exact = variances(rows);
    double largest = 0;
    for (std::size_t p = 0; p < exact.size(); ++p) largest = std::max(largest, std::abs(settled.second[p](0, 0) / static_cast<double>(exact[p]) - 1));
    // Of the parameters' own rounding, ε, the recursion makes about ε / ratio.
    CHECK(largest < 1e-15 / ratio);
  }
}

TEST_CASE("linked Gaussian rows: the means are the slopes of the log-partition", "[kernels]") {
  family::Stream stream(14, family::Purpose::test, 1);
  const Rows rows = random_forest(stream, 8, 3);
  const Moments at = moments(rows);
  const auto slope = [&](double step, auto&& move) {
    Rows up = rows, down = rows;
    move(up, step);
    move(down, -step);
    return (moments(up).log_partition - moments(down).log_partition) / (2 * step);
  };
  for (std::size_t p = 0; p < 8; ++p) {
    for (Eigen::Index a = 0; a < 3; ++a) {
      CHECK_THAT(slope(1e-4, [&](Rows& r, double s) { r.h[p](a) += s; }), WithinAbs(at.mean[p](a), 1e-7));
      for (Eigen::Index b = 0; b < 3; ++b)
        CHECK_THAT(slope(1e-4, [&](Rows& r, double s) { r.own[p](a, b) += s; }), WithinAbs(at.second[p](a, b), 1e-6));
    }
  }
  for (std::size_t l = 0; l < rows.links.size(); ++l)
    for (Eigen::Index i = 0; i < 9; ++i)
      CHECK_THAT(slope(1e-4, [&](Rows& r, double s) { r.links[l].reshaped()(i) += s; }), WithinAbs(at.links[l].reshaped()(i), 1e-6));
}

TEST_CASE("linked Gaussian rows: many equal series cost one", "[kernels]") {
  family::Stream stream(15, family::Purpose::test, 1);
  const Dynamics by = random_dynamics(stream, 3);
  Rows one_after_the_other, interleaved;
  for (Rows* rows : {&one_after_the_other, &interleaved}) {
    rows->d = 3;
    rows->links = {by.a.transpose() * by.q, by.a.transpose() * by.q};
    for (std::int32_t p = 0; p < 40; ++p) {
      const bool first = rows == &interleaved ? p < 8 : p % 5 == 0;
      add_row(*rows, by, first ? -1 : rows == &interleaved ? p - 8 : p - 1, random_vector(stream, 3), true);
      if (!first) rows->link.back() = p % 2;
    }
    const Moments got = moments(*rows);
    check_same(got, dense(*rows), 1e-13);
    CHECK(got.work.eliminated == 5);
    CHECK(same_bits(got, moments(*rows, 7)));
  }
}

TEST_CASE("linked Gaussian rows: none, and none linked", "[kernels]") {
  Rows rows;
  rows.d = 2;
  rows.links = {MatrixXd::Identity(2, 2)};
  const Moments none = moments(rows);
  CHECK(none.log_partition == 0);
  CHECK(none.links[0].isZero(0));
  family::Stream stream(16, family::Purpose::test, 1);
  const Dynamics by = random_dynamics(stream, 2);
  for (int p = 0; p < 600; ++p) add_row(rows, by, -1, random_vector(stream, 2), p % 3 > 0);
  const Moments apart = moments(rows);
  check_same(apart, dense(rows), 1e-12);
  CHECK(apart.work.eliminated == 2);
}

TEST_CASE("linked Gaussian rows: again with other links", "[kernels]") {
  family::Stream stream(17, family::Purpose::test, 1);
  Rows rows = random_forest(stream, 12, 3);
  const Moments first = moments(rows);
  const std::vector<double> links = flat(rows.links);
  for (MatrixXd& l : rows.links) l *= -0.5;
  const std::vector<double> other = flat(rows.links);
  const Forest forest{rows.size(), rows.previous.data(), rows.link.data()};
  GaussianChain chain(3, forest, other.data(), static_cast<std::int64_t>(rows.links.size()));
  Moments again, back;
  sweep(chain, rows, 4, again);
  check_same(again, dense(rows), 1e-12);
  chain.restart(links.data());
  sweep(chain, rows, 4, back);
  CHECK(same_bits(back, first));
}

TEST_CASE("linked Gaussian rows: ill-conditioned chains", "[kernels]") {
  family::Stream stream(18, family::Purpose::test, 1);
  for (const double ratio : {1e-8, 1e-4, 1.0, 1e4, 1e8}) {
    const Rows rows = make_chain(stream, local_level(ratio, 1, 1e-8), 300, 0.1);
    INFO("variance ratio " << ratio);
    check_same(moments(rows), dense(rows), std::max(1e-12, 1e-14 / ratio));
  }
  const Rows unstable =
      make_chain(stream, {MatrixXd::Constant(1, 1, 1.05), MatrixXd::Identity(1, 1), MatrixXd::Identity(1, 1), MatrixXd::Identity(1, 1)}, 1000);
  check_same(moments(unstable), dense(unstable), 1e-12);
}

TEST_CASE("linked Gaussian rows: a million", "[kernels]") {
  family::Stream stream(19, family::Purpose::test, 1);
  const std::int64_t size = 1000000;
  std::vector<std::int32_t> previous, link(static_cast<std::size_t>(size), 0);
  for (std::int32_t p = 0; p < size; ++p) previous.push_back(p - 1);
  const double c = 1;
  GaussianChain chain(1, {size, previous.data(), link.data()}, &c, 1);
  std::vector<double> tile(2 * tile_rows);
  for (std::int64_t first = (size - 1) / tile_rows * tile_rows; first >= 0; first -= tile_rows) {
    for (std::int64_t i = 0; i < tile_rows; ++i) tile[static_cast<std::size_t>(i)] = stream.normal();
    std::fill_n(tile.begin() + tile_rows, tile_rows, -1.5);
    chain.upward(first, std::min(tile_rows, size - first), tile.data());
  }
  REQUIRE_FALSE(chain.failure());
  CHECK(std::isfinite(chain.log_partition()));
  CHECK(chain.work().eliminated < 50);
  double product = 0, sum = 0, last = 0;
  for (std::int64_t first = 0; first < size; first += tile_rows) {
    chain.downward(first, std::min(tile_rows, size - first), tile.data());
    for (std::int64_t i = 0; i < std::min(tile_rows, size - first); ++i) {
      const double x = tile[static_cast<std::size_t>(i)];
      if (first + i > 0) product += last * x;
      sum += tile[static_cast<std::size_t>(tile_rows + i)];
      last = x;
    }
  }
  CHECK(std::isfinite(sum));
  // 3 = λ + 1/λ: far from the ends the inverse of the tridiagonal (−1, 3, −1) has λ^-|i-j| / √5.
  const double lambda = 0.5 * (3 + std::sqrt(5.0));
  CHECK_THAT(chain.link_sums()[0], WithinRel(product + static_cast<double>(size - 1) / (lambda * std::sqrt(5.0)), 1e-5));
}

TEST_CASE("linked Gaussian rows: a precision that is not positive definite", "[kernels]") {
  family::Stream stream(20, family::Purpose::test, 1);
  Rows rows = make_chain(stream, random_dynamics(stream, 2), 50);
  rows.own[31](1, 1) = 40;
  const Moments lost = moments(rows, 16);
  REQUIRE(lost.failure);
  CHECK(lost.failure->position == 31);
  CHECK_THAT(lost.failure->reason, ContainsSubstring("the precision is not positive definite (pivot 2 of 2 is -8"));
  CHECK(std::isnan(lost.log_partition));
  CHECK(lost.mean[3].hasNaN());

  // A random walk without a beginning and without observations: its level is free, to rounding.
  Rows walk = make_chain(stream, local_level(0.3, 1, 1), 20, 1.0);
  walk.own[0](0, 0) = -0.5 / 0.3;
  const Moments free = moments(walk);
  REQUIRE(free.failure);
  CHECK(free.failure->position == 0);
  CHECK_THAT(free.failure->reason, ContainsSubstring("zero to rounding beside its diagonal entry 3.33"));

  rows = make_chain(stream, random_dynamics(stream, 2), 50);
  rows.h[7](1) = std::nan("");
  const Moments nan = moments(rows, 16);
  REQUIRE(nan.failure);
  CHECK(nan.failure->position == 7);
  CHECK_THAT(nan.failure->reason, ContainsSubstring("natural parameter 2 of 6 is not finite (nan)"));

  rows = make_chain(stream, random_dynamics(stream, 2), 50);
  rows.own[9](0, 1) = std::nan("");
  CHECK(moments(rows).failure->position == 9);
}
