// Decides which blocks are swept, and splits every term into sums over rows (moments) and what remains (a reduced term).
#pragma once

#include <map>
#include <set>
#include <vector>

#include "plan/resolve.hpp"

namespace jensen::plan {

// Marks the swept blocks of the plan and says of the other blocks in data-sized plates why they are stored.
void choose_swept(const model::ModelGraph& graph, const derive::Derivation& derivation, const std::vector<ResolvedTerm>& terms, Plan& plan);

class Splitter {
 public:
  Splitter(Resolver& resolver, Plan& plan) : resolver_(resolver), plan_(plan) {}
  void split(ResolvedTerm term);

 private:
  struct RowFactor {  // data factors and lookups that one pass sums, and the index roles
    std::vector<DataFactor> data;
    std::vector<LookupFactor> lookups;
    std::vector<std::size_t> rows;  // indices of the row dimensions
    std::optional<DataFactor> weight;
    const StatisticUse* swept = nullptr;
  };
  // A table while the sizes of patterned families are not known: an element of the batch and a position in it.
  struct OpenTable {
    int block = 0;
    std::vector<std::pair<std::int64_t, std::int32_t>> entries;
  };

  void split_swept(ResolvedTerm& term, const StatisticUse& use);
  void split_data(ResolvedTerm& term);
  void combine_lookups(ResolvedTerm& term, RowFactor& factor);
  void gather_arrays(ResolvedTerm& term);
  Operand statistic_operand(const ResolvedTerm& term, const StatisticUse& use);
  void densify_lookups(ResolvedTerm& term, const std::vector<bool>& rows);
  Operand add_moment(const ResolvedTerm& term, const RowFactor& factor);
  int pass_of(const ResolvedTerm& term, const RowFactor& factor);
  int column_of(Pass& pass, const ResolvedTerm& term, const RowFactor& factor, const DataFactor& data, std::int64_t offset);
  std::size_t group_of(Pass& pass, const ResolvedTerm& term, const RowFactor& factor);
  void add_reduced(const ResolvedTerm& term, std::vector<Operand> moments, const std::vector<bool>& summed, bool swept);

  Resolver& resolver_;
  Plan& plan_;
  std::map<std::pair<std::vector<std::int64_t>, std::pair<int, std::vector<std::int64_t>>>, int> data_passes_;  // extents, weight -> pass
  std::map<std::pair<int, bool>, int> swept_passes_;                                                            // block, of links -> pass
  std::vector<std::map<Column, int>> column_ids_;                                                               // by pass
  std::vector<std::vector<std::map<std::vector<int>, int>>> feature_ids_;                                       // by pass and group
  // Cells are kept as (group, l, f, s) until all features of a pass are known.
  struct Cell {
    std::int32_t group = 0, l = 0, feature = 0, statistic = 0;
    auto operator<=>(const Cell&) const = default;
  };
  std::map<std::pair<std::vector<std::int32_t>, std::size_t>, int> combined_ids_;  // positions by row, number of lookups
  std::vector<OpenTable> open_tables_;                                             // by table of the plan
  std::vector<std::vector<Cell>> moment_cells_;
  std::map<std::pair<int, std::vector<Cell>>, int> moment_ids_;

 public:
  // To be called once after the last term: lays the sums of each pass out.
  void finish();
};

}  // namespace jensen::plan
