// The operations of data expressions as functions of numbers.
#pragma once

#include "derive/log_joint.hpp"

namespace jensen::plan {

// Takes the values of the arguments in order.
using Function = double (*)(const double*);

// Null for operations that are not a function of their arguments' values alone: elements, literals, sums, matrix functions.
Function function_of(derive::DataOp op);

}  // namespace jensen::plan
