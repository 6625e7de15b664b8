// Of a latent that stands for the missing cells of a data column, the elements that are missing.
#pragma once

#include "model/bound_data.hpp"
#include "run/fit.hpp"

namespace jensen::run {

// From numbers for every element of the array to those of its missing cells. `array` is that of the data variable.
void keep_missing_cells(const model::BoundArray& array, FittedVariable& variable);

}  // namespace jensen::run
