// Formulas of the derivation, as plain text or LaTeX.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "derive/blocks.hpp"

namespace jensen::derive {

enum class Style { text, latex };

// The family whose formulas stand for all sizes: two entries, or the one number of a scalar normal.
std::unique_ptr<const family::Family> printed_family(const Block& block);

class Notation {
 public:
  Notation(const model::ModelGraph& graph, const Derivation& derivation, Style style) : graph_(graph), derivation_(derivation), style_(style) {}

  [[nodiscard]] std::string coefficient(double value, bool first) const;  // with its sign; empty for 1
  [[nodiscard]] std::string data(DataExprId id) const;
  [[nodiscard]] std::string atom(const Atom& atom) const;
  // coefficient × data × atoms; with `expected`, statistics of blocks with a q stand in E[...]. Sums over `sums`.
  [[nodiscard]] std::string product(double value, const std::vector<DataExprId>& data, const std::vector<Atom>& atoms,
                                    const std::vector<IndexId>& sums, const std::optional<DataExprId>& weight, bool expected, bool first) const;
  [[nodiscard]] std::string term(const Term& term, bool expected, bool first) const;
  [[nodiscard]] std::string q(const Block& block) const;          // q(mu[k])
  [[nodiscard]] std::string q_product(const Block& block) const;  // Π_k q(mu[k])
  [[nodiscard]] std::string index(IndexId id) const { return derivation_.log_joint.indices[id].name; }
  // [z[n] = 1] for each gate of a block, with a blank after it; empty where there is none.
  [[nodiscard]] std::string gates(const Block& block) const;
  // A name for the batch dimension b of a block, from the terms in which the block appears.
  [[nodiscard]] std::string batch_name(const Block& block, std::size_t b) const;
  [[nodiscard]] std::string name(const std::string& word) const;

 private:
  [[nodiscard]] std::string use(const IndexUse& use) const;
  [[nodiscard]] std::string indexed(const std::string& name, const std::vector<std::string>& indices) const;
  [[nodiscard]] std::string data(DataExprId id, const std::set<IndexId>& elided, int precedence) const;
  [[nodiscard]] std::string elements(const DataNode& node, const std::set<IndexId>& elided, std::size_t most_shown) const;
  [[nodiscard]] std::string literal(const DataNode& node, const std::set<IndexId>& elided) const;
  [[nodiscard]] std::string infix(const DataNode& node, const std::set<IndexId>& elided, int outer) const;
  [[nodiscard]] std::string call(const std::string& function, const DataNode& node, const std::set<IndexId>& elided) const;
  [[nodiscard]] std::string expectation(std::string statistics) const;
  [[nodiscard]] std::string function(const Statistic& statistic, const std::string& element) const;
  [[nodiscard]] std::string sum_sign(const std::string& indices) const;

  const model::ModelGraph& graph_;
  const Derivation& derivation_;
  Style style_;
  std::string variate_ = "x";  // what DataOp::variate prints as
};

}  // namespace jensen::derive
