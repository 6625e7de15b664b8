// Partial derivatives of the operations of data expressions.
#pragma once

#include "derive/log_joint.hpp"

namespace jensen::plan {

// ∂op/∂argument at the values of the arguments, given the operation's own value.
using Partial = double (*)(const double* args, double value);

// Null where the derivative is 0 almost everywhere (comparisons), or where the operation is no function of numbers.
Partial partial_of(derive::DataOp op, std::size_t argument);

}  // namespace jensen::plan
