// Sums over rows that are made of data alone, computed once before the first iteration.
#pragma once

#include <atomic>
#include <vector>

#include "plan/plan.hpp"

namespace jensen::run {

// The sums of a pass without a swept block, in the layout of plan::Pass.
std::vector<double> sum_data(const plan::Plan& plan, const plan::Pass& pass, int threads, const std::atomic<bool>* cancel);

}  // namespace jensen::run
