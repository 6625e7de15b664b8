// W1 diagonal by hand: EM of a mixture of normals with diagonal covariances on one thread. Features of a row: 1, x_i, x_i².
#include <cstdio>
#include <exception>

#include "mixture_tile.hpp"

namespace {

using namespace jensen::bench;
using Eigen::Index;

struct Parameters {
  Eigen::VectorXd weights;
  Eigen::MatrixXd means, variances;  // K x D; means relative to the data's mean
};

Parameters start(const std::string& folder, const Eigen::RowVectorXd& centre) {
  const Matrix means = read_npy(folder + "/init_means.npy"), variances = read_npy(folder + "/init_variances.npy");
  const auto components = static_cast<Index>(means.rows), dimension = static_cast<Index>(means.columns);
  const Eigen::Map<const Eigen::RowVectorXd> diagonal(variances.values.data(), dimension);
  return {Eigen::VectorXd::Constant(components, 1.0 / static_cast<double>(components)),
          DataRows(means.values.data(), components, dimension).rowwise() - centre, diagonal.replicate(components, 1)};
}

// log w + Σ_i log N(x_i | μ_i, v_i) = log w − ½ Σ_i (μ_i²/v_i + log 2π v_i) + Σ_i (μ_i/v_i) x_i − Σ_i ½ x_i²/v_i
Eigen::MatrixXd coefficients_of(const Parameters& parameters) {
  const Index dimension = parameters.means.cols();
  const Eigen::ArrayXXd means = parameters.means.array(), variances = parameters.variances.array();
  Eigen::MatrixXd coefficients(1 + 2 * dimension, parameters.weights.size());
  const Eigen::ArrayXd halves = 0.5 * (means.square() / variances + variances.log() + log_two_pi).rowwise().sum();
  coefficients.row(0) = (parameters.weights.array().log() - halves).transpose();
  coefficients.middleRows(1, dimension) = (means / variances).transpose();
  coefficients.bottomRows(dimension) = (-0.5 * variances.inverse()).transpose();
  return coefficients;
}

Parameters maximise(const Eigen::MatrixXd& moments, Index dimension) {
  const Eigen::VectorXd counts = moments.col(0);
  const Eigen::MatrixXd means = counts.cwiseInverse().asDiagonal() * moments.middleCols(1, dimension);
  const Eigen::MatrixXd squares = counts.cwiseInverse().asDiagonal() * moments.rightCols(dimension);
  return {counts / counts.sum(), means, squares - means.cwiseAbs2()};
}

void run(const Options& options) {
  const Matrix file = read_npy(options.folder + "/x.npy");
  const DataRows data(file.values.data(), static_cast<Index>(file.rows), static_cast<Index>(file.columns));
  const Eigen::RowVectorXd centre = data.colwise().mean();
  const Index dimension = data.cols();
  const auto fill = [&](auto& features, const auto& rows) {
    features.col(0).setOnes();
    for (Index i = 0; i < dimension; ++i) {
      features.col(1 + i) = rows.col(i).array() - centre(i);
      features.col(1 + dimension + i) = features.col(1 + i).cwiseAbs2();
    }
  };
  Parameters parameters = start(options.folder, centre);
  const double flops = 4.0 * static_cast<double>(data.rows() * coefficients_of(parameters).size());
  const auto step = [&] { parameters = maximise(sweep(data, coefficients_of(parameters), options.tile_rows, fill).moments, dimension); };
  const auto evaluate = [&] { return sweep(data, coefficients_of(parameters), options.tile_rows, fill).log_likelihood; };
  run_and_report("reference", options, flops, step, evaluate);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(read_options(argc, argv, 64));  // the fastest of 64 to 1024 where the README's figures were taken
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
