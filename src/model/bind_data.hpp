// Columns to dense arrays, and extents read off them.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "data/table.hpp"
#include "model/bound_data.hpp"
#include "model/graph.hpp"

namespace jensen::model {

struct BindOptions {
  std::map<std::string, std::size_t> tables;               // by the file after `from`: the table that its names are read from; of others any
  std::set<VariableId> left_out;                           // not bound, though there may be columns for them
  std::set<VariableId> optional;                           // bound where the tables have all their columns
  Sizes defaults;                                          // extents that nothing bound tells
  std::map<std::string, std::vector<std::string>> levels;  // names of levels that are known before, by `level_key`
};

// Variables that share the name of a level count share their levels: this is the name of the set.
std::string level_key(const Variable& variable);

// The data that only predictions need: they may be absent.
std::set<VariableId> data_of_predictions(const ModelGraph& graph);

// Every data variable of the graph gets its array. A value that its type or distribution does not allow is an error that names file, row, column and
// value. Columns are released as soon as they are copied, so that the peak is the data and one column.
Result<BoundData> bind_data(const ModelGraph& graph, std::vector<data::Table> tables);
Result<BoundData> bind_data(const ModelGraph& graph, std::vector<data::Table> tables, const BindOptions& options);

}  // namespace jensen::model
