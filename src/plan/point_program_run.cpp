// Running: the values of the steps forwards, their adjoints backwards.
#include <Eigen/Cholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "plan/point_program.hpp"

namespace jensen::plan {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

PointProgram::Workspace PointProgram::workspace() const {
  Workspace out{std::vector<double>(buffer_), std::vector<double>(buffer_), std::vector<double>(scratch_ + 1), {}};
  for (const Step& step : steps_) out.inputs.push_back(step.kind == Kind::constant ? step.grid.values : out.values.data() + step.offset);
  return out;
}

const double* PointProgram::cells_of(int step, const Workspace& space) const { return space.inputs[static_cast<std::size_t>(step)]; }

void PointProgram::run(std::span<const double> value, Workspace& space, std::span<double> out) const {
  for (const Step& step : steps_) run_step(step, value, space);
  std::size_t at = 0;
  for (std::size_t o = 0; o < outputs_.size(); ++o) {
    const auto& [step, places] = outputs_[o];
    const double* cells = cells_of(step, space);
    const std::size_t n = places.empty() ? steps_[static_cast<std::size_t>(step)].cells : places.size();
    for (std::size_t i = 0; i < n; ++i) out[at++] = cells[places.empty() ? i : static_cast<std::size_t>(places[i])];
  }
}

void PointProgram::run_step(const Step& step, std::span<const double> value, Workspace& space) const {
  double* own = space.values.data() + step.offset;
  switch (step.kind) {
    case Kind::constant:
      return;
    case Kind::parameter:
      for (std::size_t c = 0; c < step.cells; ++c) own[c] = value[static_cast<std::size_t>(step.places[c])];
      return;
    case Kind::function: {
      std::array<double, 3> args{};
      std::array<const double*, 3> from{};
      for (std::size_t a = 0; a < step.args.size(); ++a) from[a] = cells_of(step.args[a].step, space);
      for (std::size_t c = 0; c < step.cells; ++c) {
        for (std::size_t a = 0; a < step.args.size(); ++a) {
          const auto& places = step.args[a].places;
          args[a] = from[a][places.empty() ? c : static_cast<std::size_t>(places[c])];
        }
        own[c] = step.function(args.data());
      }
      return;
    }
    case Kind::product_sum:
      std::fill_n(own, step.cells, 0.0);
      step.forward->run(space.inputs, own, space.scratch.data());
      return;
    case Kind::log_sum_exp: {
      const double* from = cells_of(step.args[0].step, space);
      const std::int32_t* place = step.args[0].places.data();
      for (std::size_t c = 0; c < step.cells; ++c, place += step.inner) {
        double peak = -std::numeric_limits<double>::infinity(), total = 0;
        for (std::size_t i = 0; i < step.inner; ++i) peak = std::max(peak, from[place[i]]);
        for (std::size_t i = 0; i < step.inner; ++i) total += std::exp(from[place[i]] - peak);
        own[c] = peak + std::log(total);
      }
      return;
    }
    case Kind::log_det:
    case Kind::inverse: {
      const double* from = cells_of(step.args[0].step, space);
      const std::int32_t* place = step.args[0].places.data();
      const std::size_t d = step.inner, matrices = step.args[0].places.size() / (d * d);
      Matrix m(d, d);
      for (std::size_t k = 0; k < matrices; ++k, place += d * d) {
        for (std::size_t i = 0; i < d * d; ++i) m.data()[i] = from[place[i]];
        const Eigen::LLT<Matrix> factor(m);
        const bool definite = factor.info() == Eigen::Success;
        if (step.kind == Kind::log_det) {
          own[k] = definite ? 2 * factor.matrixLLT().diagonal().array().log().sum() : not_a_number;
        } else if (definite) {
          Eigen::Map<Matrix>(own + k * d * d, static_cast<Eigen::Index>(d), static_cast<Eigen::Index>(d)) =
              factor.solve(Matrix::Identity(static_cast<Eigen::Index>(d), static_cast<Eigen::Index>(d)));
        } else {
          std::fill_n(own + k * d * d, d * d, not_a_number);
        }
      }
      return;
    }
  }
}

void PointProgram::add_gradient(std::span<const double> weight, Workspace& space, std::span<double> gradient) const {
  std::fill(space.adjoints.begin(), space.adjoints.end(), 0.0);
  std::size_t at = 0;
  for (const auto& [step, places] : outputs_) {
    const Step& source = steps_[static_cast<std::size_t>(step)];
    const std::size_t n = places.empty() ? source.cells : places.size();
    if (source.kind == Kind::constant) {
      at += n;
      continue;
    }
    double* adjoint = space.adjoints.data() + source.offset;
    for (std::size_t i = 0; i < n; ++i) adjoint[places.empty() ? i : static_cast<std::size_t>(places[i])] += weight[at++];
  }
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) pull_back(*step, space, gradient);
}

void PointProgram::pull_back(const Step& step, Workspace& space, std::span<double> gradient) const {
  const double* adjoint = space.adjoints.data() + step.offset;
  switch (step.kind) {
    case Kind::constant:
      return;
    case Kind::parameter:
      for (std::size_t c = 0; c < step.cells; ++c) gradient[static_cast<std::size_t>(step.places[c])] += adjoint[c];
      return;
    case Kind::function:
      pull_back_function(step, space);
      return;
    case Kind::product_sum: {
      const auto self = static_cast<std::size_t>(&step - steps_.data());
      const double* const own = std::exchange(space.inputs[self], adjoint);
      for (const auto& [factor, contraction] : step.backward) {
        contraction.run(space.inputs, space.adjoints.data() + steps_[static_cast<std::size_t>(factor)].offset, space.scratch.data());
      }
      space.inputs[self] = own;
      return;
    }
    case Kind::log_sum_exp:
      pull_back_log_sum_exp(step, space);
      return;
    case Kind::log_det:
    case Kind::inverse:
      pull_back_matrix(step, space);
      return;
  }
}

void PointProgram::pull_back_function(const Step& step, Workspace& space) const {
  const double* adjoint = space.adjoints.data() + step.offset;
  const double* own = space.values.data() + step.offset;
  std::array<double, 3> args{};
  std::array<const double*, 3> from{};
  for (std::size_t a = 0; a < step.args.size(); ++a) from[a] = cells_of(step.args[a].step, space);
  for (std::size_t target = 0; target < step.args.size(); ++target) {
    const Step& source = steps_[static_cast<std::size_t>(step.args[target].step)];
    const Partial partial = partial_of(step.op, target);
    if (source.kind == Kind::constant || partial == nullptr) continue;
    double* to = space.adjoints.data() + source.offset;
    for (std::size_t c = 0; c < step.cells; ++c) {
      if (adjoint[c] == 0) continue;
      for (std::size_t a = 0; a < step.args.size(); ++a) {
        const auto& places = step.args[a].places;
        args[a] = from[a][places.empty() ? c : static_cast<std::size_t>(places[c])];
      }
      const auto& places = step.args[target].places;
      to[places.empty() ? c : static_cast<std::size_t>(places[c])] += adjoint[c] * partial(args.data(), own[c]);
    }
  }
}

// ∂ log Σ exp x / ∂x_i = exp(x_i − log Σ exp x).
void PointProgram::pull_back_log_sum_exp(const Step& step, Workspace& space) const {
  const Step& source = steps_[static_cast<std::size_t>(step.args[0].step)];
  const double* adjoint = space.adjoints.data() + step.offset;
  const double* own = space.values.data() + step.offset;
  const double* from = cells_of(step.args[0].step, space);
  double* to = space.adjoints.data() + source.offset;
  const std::int32_t* place = step.args[0].places.data();
  for (std::size_t c = 0; c < step.cells; ++c, place += step.inner) {
    for (std::size_t i = 0; i < step.inner; ++i) to[place[i]] += adjoint[c] * std::exp(from[place[i]] - own[c]);
  }
}

// ∂ log|M| = tr(M^-1 ∂M) and ∂M^-1 = −M^-1 ∂M M^-1 (Petersen and Pedersen 2012, 43 and 59).
void PointProgram::pull_back_matrix(const Step& step, Workspace& space) const {
  const Step& source = steps_[static_cast<std::size_t>(step.args[0].step)];
  const double* adjoint = space.adjoints.data() + step.offset;
  const double* own = space.values.data() + step.offset;
  const double* from = cells_of(step.args[0].step, space);
  double* to = space.adjoints.data() + source.offset;
  const std::int32_t* place = step.args[0].places.data();
  const auto d = static_cast<Eigen::Index>(step.inner);
  const std::size_t n = step.inner * step.inner;
  Matrix change(d, d);
  for (std::size_t k = 0; k < step.args[0].places.size() / n; ++k, place += n) {
    if (step.kind == Kind::log_det) {
      for (std::size_t i = 0; i < n; ++i) change.data()[i] = from[place[i]];
      change = (adjoint[k] * Eigen::LLT<Matrix>(change).solve(Matrix::Identity(d, d))).eval();
    } else {
      const Eigen::Map<const Matrix> inverse(own + k * n, d, d), weight(adjoint + k * n, d, d);
      change = -inverse.transpose() * weight * inverse.transpose();
    }
    for (std::size_t i = 0; i < n; ++i) to[place[i]] += change.data()[i];
  }
}

}  // namespace jensen::plan
