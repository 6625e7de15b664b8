// Params that are points inside a Gaussian block: the mode of their marginal, and its covariance.
#pragma once

#include <Eigen/Core>
#include <map>
#include <vector>

#include "run/engine.hpp"

namespace jensen::run {

// Their values, block by block, element by element, number by number.
std::vector<double> inner_points(const Engine& engine);

// Adds the standard errors of these blocks' numbers, NaN for those that are latent. With b the points inside, θ the others and S = −∂²/∂θ² of the
// likelihood maximised over b, the inverse of the whole information has at b
//
//     Var b = (Q⁻¹)_bb + J S⁻¹ J',     J = ∂b/∂θ, one row for each of `inner_points`,
//
// with Q the joint precision of b and the latents of its block: the Schur complement of the latents is the information of b at fixed θ.
void add_inner_points(const Engine& engine, const Eigen::MatrixXd& jacobian, const Eigen::MatrixXd& covariance,
                      std::map<int, std::vector<double>>& out);

}  // namespace jensen::run
