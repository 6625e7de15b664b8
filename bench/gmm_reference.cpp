// W1 full by hand: EM of a mixture of normals with full covariances on one thread. Features of a row: 1, x_i, x_i x_j for i <= j.
#include <cstdio>
#include <exception>

#include "mixture_tile.hpp"

namespace {

using namespace jensen::bench;
using Eigen::Index;

struct Parameters {
  Eigen::VectorXd weights;
  Eigen::MatrixXd means;  // K x D, relative to the data's mean: x_i x_j sums cancel badly otherwise
  std::vector<Eigen::MatrixXd> covariances;
};

Parameters start(const std::string& folder, const Eigen::RowVectorXd& centre) {
  const Matrix means = read_npy(folder + "/init_means.npy"), variances = read_npy(folder + "/init_variances.npy");
  const auto components = static_cast<Index>(means.rows), dimension = static_cast<Index>(means.columns);
  const Eigen::Map<const Eigen::VectorXd> diagonal(variances.values.data(), dimension);
  Parameters parameters;
  parameters.weights = Eigen::VectorXd::Constant(components, 1.0 / static_cast<double>(components));
  parameters.means = DataRows(means.values.data(), components, dimension).rowwise() - centre;
  parameters.covariances.assign(means.rows, Eigen::MatrixXd(diagonal.asDiagonal()));
  return parameters;
}

// log w + log N(x | μ, Σ) = log w − ½(μᵀPμ + D log 2π + log|Σ|) + (Pμ)·x − Σ_i ½P_ii x_i² − Σ_{i<j} P_ij x_i x_j,  P = Σ⁻¹
Eigen::VectorXd component_coefficients(double weight, const Eigen::VectorXd& mean, const Eigen::MatrixXd& covariance) {
  const Index dimension = mean.size();
  const Eigen::LLT<Eigen::MatrixXd> factor(covariance);
  const Eigen::MatrixXd precision = factor.solve(Eigen::MatrixXd::Identity(dimension, dimension));
  const Eigen::VectorXd linear = precision * mean;
  const double log_det = 2 * factor.matrixLLT().diagonal().array().log().sum();
  Eigen::VectorXd coefficients(1 + dimension + dimension * (dimension + 1) / 2);
  coefficients(0) = std::log(weight) - 0.5 * (linear.dot(mean) + static_cast<double>(dimension) * log_two_pi + log_det);
  coefficients.segment(1, dimension) = linear;
  Index at = 1 + dimension;
  for (Index i = 0; i < dimension; ++i) {
    for (Index j = i; j < dimension; ++j) coefficients(at++) = i == j ? -0.5 * precision(i, i) : -precision(i, j);
  }
  return coefficients;
}

Eigen::MatrixXd coefficients_of(const Parameters& parameters) {
  const Index components = parameters.weights.size(), dimension = parameters.means.cols();
  Eigen::MatrixXd coefficients(1 + dimension + dimension * (dimension + 1) / 2, components);
  for (Index k = 0; k < components; ++k) {
    coefficients.col(k) = component_coefficients(parameters.weights(k), parameters.means.row(k), parameters.covariances[static_cast<std::size_t>(k)]);
  }
  return coefficients;
}

Parameters maximise(const Eigen::MatrixXd& moments, Index dimension) {
  Parameters parameters;
  const Eigen::VectorXd counts = moments.col(0);
  parameters.weights = counts / counts.sum();
  parameters.means = counts.cwiseInverse().asDiagonal() * moments.middleCols(1, dimension);
  for (Index k = 0; k < counts.size(); ++k) {
    Eigen::MatrixXd covariance(dimension, dimension);
    Index at = 1 + dimension;
    for (Index i = 0; i < dimension; ++i) {
      for (Index j = i; j < dimension; ++j) covariance(i, j) = covariance(j, i) = moments(k, at++) / counts(k);
    }
    parameters.covariances.push_back(covariance - parameters.means.row(k).transpose() * parameters.means.row(k));
  }
  return parameters;
}

void run(const Options& options) {
  const Matrix file = read_npy(options.folder + "/x.npy");
  const DataRows data(file.values.data(), static_cast<Index>(file.rows), static_cast<Index>(file.columns));
  const Eigen::RowVectorXd centre = data.colwise().mean();
  const Index dimension = data.cols();
  const auto fill = [&](auto& features, const auto& rows) {
    features.col(0).setOnes();
    for (Index i = 0; i < dimension; ++i) features.col(1 + i) = rows.col(i).array() - centre(i);
    Index at = 1 + dimension;
    for (Index i = 0; i < dimension; ++i) {
      for (Index j = i; j < dimension; ++j) features.col(at++) = features.col(1 + i).cwiseProduct(features.col(1 + j));
    }
  };
  Parameters parameters = start(options.folder, centre);
  const Eigen::MatrixXd first = coefficients_of(parameters);
  const double flops = 4.0 * static_cast<double>(data.rows() * first.size());
  const auto step = [&] { parameters = maximise(sweep(data, coefficients_of(parameters), options.tile_rows, fill).moments, dimension); };
  const auto evaluate = [&] { return sweep(data, coefficients_of(parameters), options.tile_rows, fill).log_likelihood; };
  run_and_report("reference", options, flops, step, evaluate);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(read_options(argc, argv, 256));  // the fastest of 64 to 1024 where the README's figures were taken
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
