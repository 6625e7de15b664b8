// Start values of a file: the JSON of a fit, or {NAME: {"value" | "mean" [+ "sd"] | "natural" | "responsibility" | a usual parameter: array}}.
// An array may be nested, or the path of a .npy file.
#pragma once

#include "run/initialise.hpp"

namespace jensen::run {

Result<Given> read_init(const std::string& json, const std::string& directory, const model::ModelGraph& graph, const derive::Derivation& derivation,
                        const plan::Plan& plan);

}  // namespace jensen::run
