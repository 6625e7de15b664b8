// Columns to dense arrays, and extents read off them.
#pragma once

#include <vector>

#include "data/table.hpp"
#include "model/bound_data.hpp"
#include "model/graph.hpp"

namespace jensen::model {

// Every data variable of the graph gets its array. A value that its type or distribution does not allow is an error that names file, row, column and
// value. Columns are released as soon as they are copied, so that the peak is the data and one column.
Result<BoundData> bind_data(const ModelGraph& graph, std::vector<data::Table> tables);

}  // namespace jensen::model
