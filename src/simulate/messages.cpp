#include "simulate/messages.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "diagnostics/suggest.hpp"

namespace jensen::simulate {

Diagnostic not_drawable(const std::string& distribution, const std::string& reason, SourceSpan span) {
  return {.code = "cannot-draw",
          .message = fmt::format("cannot draw from `{}`: {}", distribution, reason),
          .span = span,
          .status = ExitStatus::unsupported};
}

Diagnostic improper_draw(const std::string& element, const std::string& distribution, const std::string& reason, SourceSpan span) {
  return {.code = "cannot-draw",
          .message = fmt::format("cannot draw `{}` from `{}`, which is no proper distribution there: {}", element, distribution, reason),
          .span = span};
}

Diagnostic covariates_without_data(const std::vector<std::string>& names) {
  return {.code = "no-data",
          .message = fmt::format("`{}` {} no distribution to be drawn from, and no data file is given", fmt::join(names, "`, `"),
                                 names.size() == 1 ? "has" : "have"),
          .notes = {{Note::Kind::help, "name a CSV file after the model"}}};
}

Diagnostic params_without_value(const std::vector<std::string>& names) {
  const bool one = names.size() == 1;
  return {
      .code = "param-without-value",
      .message = fmt::format("the param{} `{}` {} no distribution to be drawn from", one ? "" : "s", fmt::join(names, "`, `"), one ? "has" : "have"),
      .notes = {{Note::Kind::help, fmt::format("give {} by `--params FILE.json`, or add a `~` statement", one ? "its value" : "their values")}}};
}

Diagnostic element_without_value(const std::string& element, SourceSpan span) {
  return {.code = "element-without-value",
          .message = fmt::format("`{}` has no distribution, and no data give its value", element),
          .span = span,
          .notes = {{Note::Kind::help, "give it a `~` statement of its own, or a data file that holds it"}}};
}

Diagnostic adds_to_density(const std::string& name, SourceSpan span) {
  return {.code = "cannot-draw",
          .message = fmt::format("cannot draw `{}`: this statement adds to the density of elements that have another one", name),
          .span = span,
          .notes = {{Note::Kind::help, fmt::format("give the values of `{}` by `--params FILE.json`", name)}},
          .status = ExitStatus::unsupported};
}

Diagnostic unknown_extent(const std::string& extent, SourceSpan span) {
  return {.code = "unknown-size",
          .message = fmt::format("nothing tells how large `{}` is", extent),
          .span = span,
          .notes = {{Note::Kind::help, "give it by `--set`"}}};
}

Diagnostic wrong_values(const std::string& what) {
  return {.code = "values-json", .message = fmt::format("the values are no JSON object of names and numbers: {}", what)};
}

Diagnostic wrong_value_count(const std::string& name, std::size_t found, std::size_t expected) {
  return {.code = "values-json", .message = fmt::format("`{}` has {} numbers here, but the model needs {}", name, found, expected)};
}

Diagnostic unknown_value(const std::string& name, const std::vector<std::string>& known) {
  return {.code = "values-json", .message = fmt::format("the model has no latent variable or param `{}`{}", name, did_you_mean(name, known))};
}

}  // namespace jensen::simulate
