// Log joints written term by term, so that planning and running are tested without the stages before them.
#pragma once

#include <string>
#include <vector>

#include "derive/blocks.hpp"
#include "family/stream.hpp"
#include "model/bound_data.hpp"
#include "model/graph.hpp"

namespace jensen::test {

struct JointBuilder {
  model::ModelGraph graph;
  derive::Derivation derivation;
  model::BoundData data;

  IndexId index(const std::string& name, std::int64_t high, std::int64_t low = 1) {
    return derivation.log_joint.indices.add({name, {model::Size(low), model::Size(high)}});
  }

  VariableId variable(const std::string& name, model::Role role, SupportKind support, const std::vector<std::int64_t>& dims, std::size_t rank,
                      bool data_sized = false) {
    model::Variable v;
    v.name = name;
    v.role = role;
    v.type.support.kind = support;
    for (const std::int64_t d : dims) v.dims.emplace_back(d);
    v.array_rank = rank;
    v.data_sized = data_sized;
    derivation.block_of.emplace_back();
    return graph.variables.add(v);
  }

  // `values` row by row.
  VariableId data_variable(const std::string& name, const std::vector<std::int64_t>& dims, const std::vector<double>& values) {
    const VariableId id = variable(name, model::Role::data, SupportKind::real, dims, dims.size(), true);
    model::BoundArray array{std::vector<std::size_t>(dims.begin(), dims.end()), std::vector<double>(values.size()), {}};
    const std::vector<std::int64_t> strides = array.strides();
    for (std::size_t flat = 0; flat < values.size(); ++flat) {
      std::size_t rest = flat, at = 0;
      for (std::size_t d = dims.size(); d-- > 0; rest /= array.dims[d]) at += rest % array.dims[d] * static_cast<std::size_t>(strides[d]);
      array.values[at] = values[flat];
    }
    data.arrays[id] = std::move(array);
    return id;
  }

  static derive::IndexUse at(IndexId index, std::int64_t offset = 0) { return {index, model::Size(offset)}; }

  DataExprId element(VariableId variable, const std::vector<IndexId>& indices) {
    derive::DataNode node;
    node.op = derive::DataOp::element;
    node.variable = variable;
    for (const IndexId i : indices) node.indices.emplace_back(at(i));
    return derivation.log_joint.data.add(node);
  }

  DataExprId one_hot(DataExprId column, IndexId index) {
    derive::DataNode node;
    node.op = derive::DataOp::one_hot;
    node.indices = {at(index)};
    node.args = {column};
    return derivation.log_joint.data.add(node);
  }

  DataExprId number(double value) {
    derive::DataNode node;
    node.number = value;
    return derivation.log_joint.data.add(node);
  }

  static derive::Atom atom(VariableId variable, const Statistic& statistic, const std::vector<IndexId>& indices) {
    derive::Atom a{variable, statistic, {}};
    for (const IndexId i : indices) a.indices.push_back(at(i));
    return a;
  }

  TermId term(double coefficient, const std::vector<DataExprId>& factors, const std::vector<derive::Atom>& atoms, const std::vector<IndexId>& sums) {
    derive::Term t;
    t.coefficient = coefficient;
    t.data = factors;
    t.atoms = atoms;
    t.sums = sums;
    t.weight = weight;
    return derivation.log_joint.terms.add(t);
  }

  // One component whose first `batch` slots are batch dimensions.
  BlockId block(derive::BlockKind kind, family::FamilyKind family, bool point, VariableId variable, std::size_t batch, std::int64_t levels = 0) {
    derive::Block b;
    b.kind = kind;
    b.point = point;
    b.family = family;
    derive::Component c{variable, {}, {}};
    const auto& dims = graph.variables[variable].dims;
    for (std::size_t s = 0; s < dims.size(); ++s) (s < batch ? c.batch_slots : c.inner_slots).push_back(s);
    for (std::size_t s = 0; s < batch; ++s) b.batch.push_back(dims[s]);
    b.components.push_back(c);
    b.levels = model::Size(levels);
    const BlockId id = derivation.blocks.add(b);
    derivation.block_of.at(static_cast<std::size_t>(variable.value)) = id;
    return id;
  }

  std::optional<DataExprId> weight;  // of the terms added next
};

inline constexpr Statistic value_of{StatisticKind::power, 1};
inline constexpr Statistic log_of{StatisticKind::log, 1};
inline constexpr Statistic indicator_of{StatisticKind::indicator, 1};
inline constexpr Statistic log_det_of{StatisticKind::log_det, 1};
inline constexpr Statistic inverse_of{StatisticKind::inverse, 1};

using Kind = family::FamilyKind::Kind;

// A mixture of Gaussians by maximum likelihood: x[n] ~ mvnormal(mu[z[n]], covariance = S[z[n]]), z[n] ~ categorical(w).
inline JointBuilder mixture_by_likelihood(std::int64_t n, std::int64_t d, std::int64_t k, std::vector<double> rows) {
  JointBuilder b;
  const IndexId row = b.index("n", n), level = b.index("k", k), i = b.index("i", d), j = b.index("j", d);
  const VariableId x = b.data_variable("x", {n, d}, std::move(rows));
  const VariableId w = b.variable("w", model::Role::param, SupportKind::simplex, {k}, 0);
  const VariableId mu = b.variable("mu", model::Role::param, SupportKind::real, {k, d}, 1);
  const VariableId s = b.variable("S", model::Role::param, SupportKind::covariance, {k, d, d}, 1);
  const VariableId z = b.variable("z", model::Role::latent, SupportKind::category, {n}, 1, true);
  const auto pick = b.atom(z, indicator_of, {row, level});
  const auto precision = b.atom(s, inverse_of, {level, i, j});
  const auto xi = b.element(x, {row, i}), xj = b.element(x, {row, j});
  b.term(1, {}, {b.atom(w, log_of, {level}), pick}, {row, level});
  b.term(-0.5 * static_cast<double>(d) * 1.8378770664093454836, {}, {pick}, {row, level});
  b.term(-0.5, {}, {b.atom(s, log_det_of, {level}), pick}, {row, level});
  b.term(-0.5, {xi, xj}, {precision, pick}, {row, level, i, j});
  b.term(0.5, {xi}, {b.atom(mu, value_of, {level, j}), precision, pick}, {row, level, i, j});
  b.term(0.5, {xj}, {b.atom(mu, value_of, {level, i}), precision, pick}, {row, level, i, j});
  b.term(-0.5, {}, {b.atom(mu, value_of, {level, i}), b.atom(mu, value_of, {level, j}), precision, pick}, {row, level, i, j});
  b.block(derive::BlockKind::family, {.kind = Kind::dirichlet}, true, w, 0);
  b.block(derive::BlockKind::gaussian, {.kind = Kind::gaussian, .multivariate = true}, true, mu, 1);
  b.block(derive::BlockKind::family, {.kind = Kind::inverse_wishart}, true, s, 1);
  b.block(derive::BlockKind::discrete, {.kind = Kind::categorical}, false, z, 1, k);
  b.derivation.exact = true;
  return b;
}

inline std::vector<double> random_rows(std::int64_t n, std::int64_t d, std::int64_t clusters, std::uint64_t seed) {
  family::Stream stream(seed, family::Purpose::test, 0);
  std::vector<double> rows;
  for (std::int64_t r = 0; r < n; ++r) {
    for (std::int64_t c = 0; c < d; ++c) rows.push_back(stream.normal() + 3.0 * static_cast<double>((r % clusters + c) % clusters));
  }
  return rows;
}

}  // namespace jensen::test
