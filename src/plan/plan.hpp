// A plan: what a fit computes, as passes over rows and contractions over small arrays, with every size known and nothing symbolic left.
//
//  * Blocks are *stored* (their mean parameters are kept) or *swept* (a q per row of a data plate, never kept).
//  * A *pass* goes over the rows of a plate and sums features of the data, for a swept block times its mean parameters:
//        S[l, f, s] = Σ_rows [lookups = l] · feature_f(row) · weight(row) · m_s(row),     m = 1 in a pass over data alone.
//    A feature is a product of data columns, stored once however often and in whatever order the terms use it.
//  * A *moment* T is the dense array of those sums that a term needs; after that the term is *reduced*: coefficient × data × T × stored statistics.
//  * The derivative of the reduced terms in a block's mean parameters is its natural parameter; their derivative in the moments of a swept block
//    gives G, and the rows' natural parameters are η[row, s] = Σ_{l, f} [lookups = l] · feature_f(row) · G[l, f, s].
//
// Arrays point into the BoundData the plan was made from, which must outlive it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "derive/blocks.hpp"
#include "diagnostics/diagnostic.hpp"
#include "family/family.hpp"
#include "model/bound_data.hpp"
#include "model/graph.hpp"
#include "plan/contraction.hpp"

namespace jensen::plan {

struct ConstantArray {
  const double* values = nullptr;
  std::shared_ptr<const std::vector<double>> owned;  // null for bound data
  std::string text;                                  // for people
};

// row -> position, -1 where the value is none of the positions.
struct LookupArray {
  std::vector<std::int32_t> positions;
  std::int64_t extent = 0;
  std::string text;
};

struct PlannedComponent {
  VariableId variable;
  std::size_t offset = 0;           // of its first value in the block's value
  std::vector<std::int64_t> inner;  // extents of its inner slots
  bool point = false;               // a param in a block with a q
  std::int64_t levels = 0;          // of a discrete variable
};

// How many numbers, or discrete variables, one element of the block has of this component.
[[nodiscard]] inline std::int64_t variables_of(const PlannedComponent& component) {
  std::int64_t out = 1;
  for (const std::int64_t extent : component.inner) out *= extent;
  return out;
}

// Where a gate's probability lies in the mean parameters of its block: for each element of the gated block, those of the levels that open it.
struct PlannedGate {
  int block = 0;
  std::size_t levels = 1;
  std::vector<std::int32_t> addresses = {};

  [[nodiscard]] std::span<const std::int32_t> of(std::int64_t element) const {
    return std::span(addresses).subspan(static_cast<std::size_t>(element) * levels, levels);
  }
};

struct PlannedBlock {
  BlockId id;
  std::string names;  // of its variables
  bool point = false;
  bool swept = false;
  std::string stored_because;  // why a block of a data-sized plate is stored
  std::shared_ptr<const family::Family> family;
  std::vector<std::shared_ptr<const family::Family>> families;  // by element, where statistics differ between elements; else empty
  std::vector<PlannedComponent> components;
  std::vector<std::int64_t> batch;  // extents
  std::int64_t count = 1;           // product of `batch`
  std::optional<int> weight;        // array of `count` values, row-major over the batch
  bool discrete = false;            // one discrete variable: its mean parameters are its probabilities
  bool network = false;             // several: their probabilities come first, variable by variable
  bool scalar = false;              // one number without a native family
  bool by_row = false;              // one q of all elements along the last batch dimension, each the marginal of a row; the family is that of a row
  std::vector<PlannedGate> gates;
  // Of a family that has only the statistics that occur: pairs of numbers, or sets of discrete variables, in the order of its layout.
  std::vector<std::vector<std::int32_t>> pattern;
  // 1 where a number of a value is latent, 0 where it is not there: count × value size. Empty: all are.
  std::vector<std::uint8_t> present;

  [[nodiscard]] const family::Family& family_of(std::int64_t element) const {
    return families.empty() ? *family : *families[static_cast<std::size_t>(element)];
  }
};

// A column of data along the rows of a pass: strides by row dimension.
struct Column {
  int array = 0;
  Affine at;
  auto operator<=>(const Column&) const = default;
};

struct RowLookup {
  int lookup = 0;
  Affine at;
  auto operator<=>(const RowLookup&) const = default;
};

// The features that go with one set of lookups; `features[f]` lists the columns multiplied (none: the constant 1).
struct FeatureGroup {
  std::vector<int> lookups;                  // into Pass::lookups
  std::vector<std::int64_t> lookup_strides;  // l = Σ stride · position
  std::int64_t cells = 1;                    // number of values of l
  std::vector<std::vector<int>> features;
  std::int64_t offset = 0;  // of its sums: offset + (l · |features| + f) · S + s
};

// The rows of a swept block that hang on each other. Positions are rows in an order in which a row comes after the one that it hangs on.
struct Link {
  int pass = 0;                        // its rows are the links that differ, its statistics products of two rows' (of the row hung on first)
  std::vector<std::int32_t> order;     // row at each position; empty: the same
  std::vector<std::int32_t> previous;  // position hung on, by position; -1: none
  std::vector<std::int32_t> kind;      // row of `pass`, by position; -1: none
};

struct Pass {
  std::vector<std::int64_t> extents;  // of the row dimensions; a row is their row-major position
  std::int64_t rows = 0;
  std::optional<int> block;  // the swept block; none: data alone
  bool of_links = false;     // of the links between rows of the block's pass
  std::optional<Link> link;
  std::int64_t statistics = 1;  // S
  std::vector<Column> columns;
  std::optional<int> weight;  // into columns
  std::vector<RowLookup> lookups;
  std::vector<FeatureGroup> groups;  // the first has no lookups (and may be empty)
  std::int64_t sums = 0;             // length of the array of sums
};

struct Moment {
  int pass = 0;
  std::vector<std::int64_t> shape;
  std::vector<std::int32_t> cells;  // T[e] = sums[cells[e]], or 0 where that is negative
};

enum class OperandKind { array, statistic, moment };

struct Operand {
  OperandKind kind = OperandKind::array;
  int id = 0;
  Affine at;
  int table = -1;  // into Plan::tables: the address is table[at]
};

struct ReducedTerm {
  TermId term;
  double coefficient = 1;
  std::vector<std::int64_t> extents;
  std::vector<Operand> operands;
  bool swept = false;                  // has a moment of a swept block
  std::vector<FactorId> factors = {};  // whose densities it is part of
};

// A contraction compiled from terms[term].
struct TermProgram {
  std::size_t term = 0;
  Contraction contraction;
};

// The messages to a Gaussian block whose elements' precisions are multiples of one: η₂[e] = scale[e] · common. One factor then serves all elements.
struct SharedPrecision {
  std::size_t dimension = 0;
  std::optional<Contraction> scale;    // by element; none: 1 for all
  std::vector<Contraction> common;     // into dimension² numbers
  std::vector<std::size_t> of_linear;  // which messages to the block go to η₁
};

struct Plan {
  std::vector<PlannedBlock> blocks;  // by BlockId
  std::vector<ConstantArray> arrays;
  std::vector<LookupArray> lookups;
  std::vector<Table> tables;
  std::vector<Pass> passes;
  std::vector<Moment> moments;
  std::vector<ReducedTerm> terms;
  // Compiled from the terms. Inputs are numbered arrays first, then statistics by block, then moments.
  std::vector<std::vector<TermProgram>> messages;                 // by block: derivative in its mean parameters (count × size)
  std::vector<std::optional<SharedPrecision>> shared_precisions;  // by block
  std::vector<std::vector<TermProgram>> moment_messages;          // by moment; empty for those of data alone
  std::vector<TermProgram> energies;                              // E[term], of terms without swept moment

  [[nodiscard]] std::size_t input_of(OperandKind kind, int id) const {
    const auto at = static_cast<std::size_t>(id);
    if (kind == OperandKind::array) return at;
    return arrays.size() + at + (kind == OperandKind::moment ? blocks.size() : 0);
  }
  [[nodiscard]] std::size_t inputs() const { return arrays.size() + blocks.size() + moments.size(); }
};

// E[term] as a sum of products of the plan's inputs, and its derivative in one of the operands, in the layout of that operand.
ContractionSpec spec_of(const Plan& plan, const ReducedTerm& term);
ContractionSpec derivative_spec(const Plan& plan, const ReducedTerm& term, std::size_t operand);

// The dimension of a stored or swept block whose statistics are v and all products v_i v_j, every element with all of its numbers; else 0.
std::size_t gaussian_dimension(const PlannedBlock& block);

// Found from the terms: every message to the block's products is the same up to factors that depend on the element alone, and those are the same in
// all of them.
std::optional<SharedPrecision> find_shared_precision(const Plan& plan, int block);

Result<Plan> make_plan(const model::ModelGraph& graph, const derive::Derivation& derivation, const model::BoundData& data);

std::string to_text(const Plan& plan);
std::string to_json(const Plan& plan);

}  // namespace jensen::plan
