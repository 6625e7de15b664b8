// The plated factor graph for people and programs.
#pragma once

#include <string>

#include "model/graph.hpp"

namespace jensen::model {

std::string to_text(const ModelGraph& graph);
std::string to_dot(const ModelGraph& graph);  // Graphviz: variables, factors, nested plates as clusters
std::string to_mermaid(const ModelGraph& graph);
std::string to_json(const ModelGraph& graph);

}  // namespace jensen::model
