// What `fit --json` wrote, read back: the blocks of q and the text of the model.
#pragma once

#include <string>

#include "diagnostics/diagnostic.hpp"
#include "run/fit.hpp"

namespace jensen::report {

// `model`, `method`, `blocks` and `source` alone.
Result<run::Fit> read_fit(const std::string& json);

}  // namespace jensen::report
