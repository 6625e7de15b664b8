// The contract with programs: key names and their order do not change once shipped.
#include <algorithm>
#include <cmath>
#include <optional>
#include <span>

#include "report/json_writer.hpp"
#include "report/report.hpp"

namespace jensen::report {

namespace {

using Shape = std::vector<std::size_t>;

void optional_member(JsonWriter& json, std::string_view name, const std::optional<double>& number) {
  if (number && !std::isnan(*number)) json.member(name, *number);
}

void array_member(JsonWriter& json, std::string_view name, const std::vector<double>& numbers, const Shape& shape) {
  const bool no_elements = std::find(shape.begin(), shape.end(), 0U) != shape.end();
  if ((numbers.empty() && !no_elements) || all_nan(numbers)) return;
  json.key(name);
  json.nested(numbers, shape);
}

void write_shape(JsonWriter& json, const Shape& shape) {
  json.key("shape");
  json.begin_array();
  for (const std::size_t extent : shape) json.value(extent);
  json.end_array();
}

// A block's covariance is one d x d matrix per batch element: its shape is that of the natural parameters with the last extent replaced.
Shape covariance_shape(const run::FittedBlock& block) {
  Shape shape = block.shape;
  if (!shape.empty()) shape.pop_back();
  std::size_t batch = 1;
  for (const std::size_t extent : shape) batch *= extent;
  const auto side = static_cast<std::size_t>(std::lround(std::sqrt(static_cast<double>(block.covariance.size()) / static_cast<double>(batch))));
  shape.insert(shape.end(), {side, side});
  return shape;
}

template <class Number>
void write_lists(JsonWriter& json, const std::vector<std::vector<Number>>& lists) {
  json.begin_array();
  for (const std::vector<Number>& list : lists) {
    json.begin_array();
    for (const Number number : list) json.value(static_cast<std::size_t>(number));
    json.end_array();
  }
  json.end_array();
}

void write_block(JsonWriter& json, const run::FittedBlock& block) {
  json.begin_object(true);
  json.key("variables");
  json.list(block.variables);
  json.member("kind", block.kind);
  if (!block.family.empty()) json.member("family", block.family);
  array_member(json, block.kind == "point" ? "value" : "natural", block.natural, block.shape);
  if (!block.pattern.empty()) {
    json.key("pattern");
    write_lists(json, block.pattern);
  }
  if (!block.covariance.empty()) array_member(json, "cov", block.covariance, covariance_shape(block));
  json.end_object();
}

// "cells": [[5], [25]]
void write_cells(JsonWriter& json, const std::vector<std::vector<std::size_t>>& cells) {
  json.key("cells");
  write_lists(json, cells);
}

void write_variable(JsonWriter& json, const run::FittedVariable& variable) {
  json.key(variable.name);
  json.begin_object(true);
  json.member("role", variable.role);
  if (!variable.family.empty()) json.member("family", variable.family);
  write_shape(json, variable.shape);
  if (variable.cells) write_cells(json, *variable.cells);
  if (!variable.levels.empty()) {
    json.key("levels");
    json.list(variable.levels);
  }
  if (variable.role == "param" || variable.role == "map") {
    array_member(json, "value", variable.value, variable.shape);
    if (!variable.se.empty()) array_member(json, "se", variable.se, variable.shape);
  } else {
    array_member(json, "mean", variable.mean, variable.shape);
    if (!variable.sd.empty()) array_member(json, "sd", variable.sd, variable.shape);
    if (!variable.q5.empty()) array_member(json, "q5", variable.q5, variable.shape);
    if (!variable.q95.empty()) array_member(json, "q95", variable.q95, variable.shape);
  }
  json.end_object();
}

void write_variables(JsonWriter& json, const std::vector<run::FittedVariable>& variables) {
  json.key("variables");
  json.begin_object();
  for (const run::FittedVariable& variable : variables) write_variable(json, variable);
  json.end_object();
}

void write_source(JsonWriter& json, const run::FitSource& source) {
  json.key("source");
  json.begin_object(true);
  json.member("path", source.path);
  json.member("text", source.text);
  json.key("sets");
  json.list(source.sets);
  json.key("sizes");
  json.begin_object(true);
  for (const auto& [name, size] : source.sizes) json.member(name, size);
  json.end_object();
  json.key("levels");
  json.begin_object(true);
  for (const auto& [name, levels] : source.levels) {
    json.key(name);
    json.list(levels);
  }
  json.end_object();
  json.end_object();
}

void write_timings(JsonWriter& json, const run::Fit& fit) {
  json.key("timings");
  json.begin_object(true);
  json.member("read", fit.timings.read);
  json.member("derive", fit.timings.derive);
  json.member("plan", fit.timings.plan);
  json.member("first_pass", fit.timings.first_pass);
  json.member("iterations", fit.timings.iterations);
  json.end_object();
}

void write_run(JsonWriter& json, const run::Fit& fit) {
  json.member("model", fit.model);
  json.member("method", fit.method);
  json.member("converged", fit.converged);
  json.member("iterations", fit.iterations);
  json.member("seed", fit.seed);
  json.member("elbo", fit.elbo);
  json.key("elbo_trace");
  json.list(fit.elbo_trace);
  optional_member(json, "log_likelihood", fit.log_likelihood);
  optional_member(json, "log_prior", fit.log_prior);
  json.member("discarded_restarts", fit.discarded_restarts);
  json.member("seconds", fit.seconds);
}

}  // namespace

std::string to_json(const run::Fit& fit, const JsonOptions& options) {
  JsonWriter json;
  json.begin_object();
  write_run(json, fit);
  if (options.timings) write_timings(json, fit);
  json.key("blocks");
  json.begin_array(false);
  for (const run::FittedBlock& block : fit.blocks) write_block(json, block);
  json.end_array();
  write_variables(json, fit.variables);
  if (fit.source) write_source(json, *fit.source);
  json.end_object();
  return json.take();
}

std::string to_json(const Prediction& prediction) {
  JsonWriter json;
  json.begin_object();
  json.member("model", prediction.model);
  json.member("draws", prediction.draws);
  json.member("seed", prediction.seed);
  write_variables(json, prediction.variables);
  json.end_object();
  return json.take();
}

}  // namespace jensen::report
