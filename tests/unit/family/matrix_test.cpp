#include "family/matrix.hpp"

#include <Eigen/QR>
#include "catch.hpp"

#include "family/stream.hpp"

namespace jensen::family {
namespace {

using Catch::Matchers::ContainsSubstring;

Eigen::MatrixXd random_matrix(Eigen::Index rows, Eigen::Index columns) {
  Stream stream(3, Purpose::test, static_cast<std::uint64_t>(rows));
  Eigen::MatrixXd m(rows, columns);
  for (Eigen::Index j = 0; j < columns; ++j)
    for (Eigen::Index i = 0; i < rows; ++i) m(i, j) = stream.normal();
  return m;
}

}  // namespace

TEST_CASE("Cholesky, determinant and inverse agree on both sides of the switch of algorithms", "[family][matrix]") {
  for (const Eigen::Index side : {1, 2, 7, 64, 65, 130}) {
    CAPTURE(side);
    const Eigen::MatrixXd x = random_matrix(side, 2 * side), m = x * x.transpose();
    Eigen::MatrixXd factor = m;
    REQUIRE(!cholesky(factor, "matrix"));
    const Eigen::MatrixXd lower = factor.triangularView<Eigen::Lower>();
    CHECK((lower * lower.transpose() - m).norm() <= 1e-14 * static_cast<double>(side) * m.norm());
    invert(factor);
    CHECK((factor * m - Eigen::MatrixXd::Identity(side, side)).norm() < 1e-10);
    CHECK(factor == factor.transpose());
  }
}

TEST_CASE("a matrix that is not positive definite is named with its pivot", "[family][matrix]") {
  Eigen::MatrixXd indefinite(2, 2);
  indefinite << 1, 2, 2, 3.5;
  const auto reason = cholesky(indefinite, "precision");
  REQUIRE(reason);
  CHECK(reason->reason == "the precision is not positive definite (pivot 2 of 2 is -0.5)");
  Eigen::MatrixXd negative = Eigen::MatrixXd::Constant(1, 1, -0.25);
  CHECK(cholesky(negative, "scale")->reason == "the scale is not positive definite (-0.25)");
  Eigen::MatrixXd empty = Eigen::MatrixXd::Zero(3, 3);
  CHECK(cholesky(empty, "scale")->reason == "the scale is not positive definite (pivot 1 of 3 is 0)");
}

TEST_CASE("a rank-deficient scatter matrix is singular whatever rounding leaves of it", "[family][matrix]") {
  for (const Eigen::Index side : {2, 5, 30, 100}) {
    CAPTURE(side);
    const Eigen::MatrixXd x = random_matrix(side, side - 1);
    Eigen::MatrixXd scatter = x * x.transpose();
    const auto reason = cholesky(scatter, "scale");
    REQUIRE(reason);
    CHECK_THAT(reason->reason, ContainsSubstring("zero to rounding"));
  }
}

TEST_CASE("a matrix of condition 1e12 is positive definite, also when that is a matter of scale alone", "[family][matrix]") {
  const Eigen::MatrixXd orthogonal = random_matrix(6, 6).householderQr().householderQ();
  Eigen::VectorXd eigenvalues(6);
  eigenvalues << 1, 1e-2, 1e-4, 1e-6, 1e-9, 1e-12;
  Eigen::MatrixXd m = orthogonal * eigenvalues.asDiagonal() * orthogonal.transpose();
  CHECK(!cholesky(m, "matrix"));
  Eigen::MatrixXd scaled = Eigen::Vector3d(1e150, 1, 1e-150).asDiagonal();
  CHECK(!cholesky(scaled, "matrix"));
}

}  // namespace jensen::family
