// Terms with every index, extent and address known: data factors, lookups and statistics of blocks over the term's own indices.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "plan/evaluate.hpp"
#include "plan/pattern.hpp"
#include "plan/plan.hpp"

namespace jensen::plan {

struct DataFactor {
  int array = 0;
  Affine at;
};

// [position(at) = counter of `target`].
struct LookupFactor {
  DataExprId one_hot;
  int lookup = 0;
  Affine at;
  std::size_t target = 0;
};

// One atom of a patterned block: the positions of its number (or discrete variable) and of its level.
struct ElementUse {
  Affine position;
  Affine level;
};

struct StatisticUse {
  int block = 0;
  Affine at;                         // into the block's mean parameters, count × size; of a patterned block the element, 0..count-1
  std::vector<int> batch;            // per batch dimension the index that runs over all of it; -1 where none does
  std::vector<ElementUse> elements;  // of a patterned block
  // Of a block by row: `at` is into the statistics of one row or link, and counter 0 of batch index b is row starts[b].
  std::vector<std::int64_t> starts;
  bool of_link = false;
  std::optional<std::size_t> hung_on;  // the index that a lookup puts in the place of the row hung on
};

// A block that cannot go row by row; planning starts again without that.
struct NotByRow {
  int block = 0;
};

// Several lookups of a term as one: index `index` runs over the tuples of targets that occur, whose counters are values[target][c].
struct Combined {
  std::size_t index = 0;
  std::vector<std::size_t> targets;
  std::vector<std::vector<std::int32_t>> values;
};

struct ResolvedTerm {
  TermId id;
  double coefficient = 1;
  std::vector<IndexId> indices;
  std::vector<std::int64_t> extents;
  std::vector<DataFactor> data;
  std::vector<LookupFactor> lookups;
  std::optional<DataFactor> weight;
  std::optional<DataExprId> weight_id;
  std::vector<StatisticUse> statistics;
  std::optional<Combined> combined;
  bool of_discrete = false;  // has an indicator: minus infinity is the log probability of a level that cannot be
};

// The position of an index among the term's own.
std::size_t local(const ResolvedTerm& term, IndexId index);

// Sums data that a lookup assigns to the rows of a block by row over their own indices, which no statistic has. `known`: sums made before.
void gather_rows(Plan& plan, ResolvedTerm& term, std::map<std::vector<std::int64_t>, int>& known);

// Makes the batch indices of uses by row run over all rows, with lookups that say which rows the term has; of links that a lookup names, the
// lookup becomes `parents`: by block, the row along the chain that each row hangs on.
void align_rows(Plan& plan, ResolvedTerm& term, std::map<int, std::vector<std::int32_t>>& parents);

// The links of a block's pass, and its pass over links reduced to those that differ.
Link make_link(Plan& plan, int links, std::int64_t shift, const std::vector<std::int32_t>* parents);

// The pattern of a block before any term has used it.
Pattern empty_pattern(const PlannedBlock& block);

class Resolver {
 public:
  Resolver(const model::ModelGraph& graph, const derive::Derivation& derivation, const model::BoundData& data, Plan& plan);

  void resolve_blocks();
  ResolvedTerm resolve(TermId id);
  // The pattern of a block that has one; null for the others.
  Pattern* pattern(int block) {
    const auto found = patterns_.find(block);
    return found == patterns_.end() ? nullptr : &found->second;
  }
  // Makes the families of patterned blocks from the statistics of an earlier plan, by block, in place of those that terms would register.
  void use_patterns(const std::map<int, std::vector<std::vector<std::int32_t>>>& statistics);
  // Makes the families of patterned blocks; to be called when all terms have been split.
  void finish();
  // The lookup as a plain factor of zeros and ones.
  DataFactor densify(const ResolvedTerm& term, const LookupFactor& lookup);
  // The weight of a block as an array over its batch, given a term whose weight it is.
  void resolve_weight(PlannedBlock& block, const ResolvedTerm& term, const StatisticUse& use);

 private:
  void add_data(ResolvedTerm& term, DataExprId id);
  bool add_composite(ResolvedTerm& term, DataExprId id);
  void add_lookup(ResolvedTerm& term, DataExprId id);
  void add_grid(ResolvedTerm& term, DataExprId id);
  void check_lookups(const ResolvedTerm& term);
  DataFactor factor(const ResolvedTerm& term, const Grid& grid, const std::string& text);
  Affine affine(const ResolvedTerm& term, const Grid& grid) const;
  int array(const Grid& grid, const std::string& text);
  void add_statistics(ResolvedTerm& term, const derive::Term& source);
  StatisticUse statistic_use(ResolvedTerm& term, int block, const std::vector<const derive::Atom*>& atoms);
  void row_use(const ResolvedTerm& term, StatisticUse& use, const derive::Block& block, const std::vector<const derive::Atom*>& atoms);
  void patterned_use(const ResolvedTerm& term, StatisticUse& use, const derive::Block& block, const std::vector<const derive::Atom*>& atoms);
  void joint_use(ResolvedTerm& term, StatisticUse& use, const derive::Block& block, const std::vector<const derive::Atom*>& atoms);
  void add_function_indices(const ResolvedTerm& term, StatisticUse& use, const derive::Block& block, const derive::Atom& atom);
  void make_family(PlannedBlock& planned, const derive::Block& block);
  void make_scalar(PlannedBlock& planned, const derive::Block& block);
  void make_optimised(PlannedBlock& planned, const derive::Block& block);
  void check_cost(const PlannedBlock& planned, const Pattern& pattern) const;
  void check_weight(DataExprId id, const Grid& grid);
  std::vector<std::int64_t> open_levels(const derive::Gate& gate, std::int64_t first, std::int64_t count) const;
  PlannedGate planned_gate(const PlannedBlock& planned, const derive::Gate& gate);
  std::optional<std::vector<std::uint8_t>> presence_of(const derive::Component& component);
  void set_present(PlannedBlock& planned, const derive::Block& block);
  void add_batch(const ResolvedTerm& term, StatisticUse& use, const derive::Component& component, const derive::Atom& atom);
  Affine inner_position(const ResolvedTerm& term, const derive::Block& block, std::size_t component, const derive::Atom& atom) const;
  void add_use(const ResolvedTerm& term, Affine& at, const derive::IndexUse& use, std::int64_t first, std::int64_t extent, std::int64_t stride,
               VariableId variable) const;

  const model::ModelGraph& graph_;
  const derive::Derivation& derivation_;
  Plan& plan_;
  Evaluator evaluator_;
  const model::BoundData& data_;
  std::map<int, Pattern> patterns_;  // by block
  std::map<const double*, int> array_ids_;
  std::map<std::tuple<DataExprId, std::int64_t, std::int64_t>, int> lookup_ids_;
  std::set<DataExprId> checked_weights_;
};

}  // namespace jensen::plan
