#include "run/messages.hpp"

#include <fmt/format.h>

#include "diagnostics/suggest.hpp"

namespace jensen::run {

Diagnostic improper_q(const std::string& name, const std::string& reason) {
  return {.code = "improper-posterior",
          .message = fmt::format("`{}` has no proper distribution given the rest: {}", name, reason),
          .notes = {{.kind = Note::Kind::help,
                     .message = "a proper prior makes its posterior proper whatever the data; where numbers overflow, rescale the data, or keep what "
                                "follows from row to row from growing"}}};
}

Diagnostic elbo_decreased(const std::string& block, double before, double after, int iteration) {
  return {.code = "elbo-decreased",
          .message = fmt::format("the update of {} lowered the ELBO from {:.12g} to {:.12g} in iteration {}", block, before, after, iteration),
          .notes = {{.kind = Note::Kind::note, .message = "coordinate ascent never lowers it: please report this model and data"}},
          .status = ExitStatus::internal};
}

Diagnostic elbo_not_finite(const std::string& block, int iteration) {
  return {.code = "elbo-not-finite",
          .message = fmt::format("the ELBO is not finite after the update of {} in iteration {}", block, iteration),
          .status = ExitStatus::internal};
}

Diagnostic all_collapsed(const std::string& name, const std::string& reason, int restarts) {
  const std::string runs = restarts == 1 ? "the run" : fmt::format("each of the {} runs", restarts);
  return {
      .code = "all-restarts-collapsed",
      .message = fmt::format("{} collapsed at `{}`: {}", runs, name, reason),
      .notes = {{.kind = Note::Kind::note, .message = "the likelihood grows without bound, or the element is left without data"},
                {.kind = Note::Kind::help, .message = "try fewer components, a prior on the parameter, or more `--restarts` from another `--seed`"}}};
}

Diagnostic undetermined(const std::string& name, const std::string& reason) {
  return {.code = "no-unique-value",
          .message = fmt::format("the data do not determine `{}`: {}", name, reason),
          .notes = {{.kind = Note::Kind::note,
                     .message = "several values are equally good where no data bear on a param, or where columns of data are collinear"},
                    {.kind = Note::Kind::help, .message = "give it a distribution by `~`, or leave out what is redundant"}}};
}

Diagnostic stopped() { return {.code = "stopped", .message = "the fit was stopped before it finished", .status = ExitStatus::stopped}; }

Diagnostic init_not_json(const std::string& what) {
  return {.code = "init-not-json", .message = fmt::format("the start values are not a JSON object: {}", what)};
}

Diagnostic init_unknown_variable(const std::string& name, const std::vector<std::string>& known) {
  return {.code = "init-unknown-variable",
          .message = fmt::format("the start values name `{}`, which is no latent variable or param of the model{}", name, did_you_mean(name, known))};
}

Diagnostic init_unknown_key(const std::string& variable, const std::string& key, const std::vector<std::string>& known) {
  return {
      .code = "init-unknown-key",
      .message = fmt::format("`{}` of the start values of `{}` is none of {}{}", key, variable, fmt::join(known, ", "), did_you_mean(key, known))};
}

Diagnostic init_wrong_size(const std::string& variable, const std::string& key, const std::string& found, const std::string& expected) {
  return {.code = "init-wrong-shape", .message = fmt::format("`{}` of the start values of `{}` has {}, expected {}", key, variable, found, expected)};
}

Diagnostic init_not_a_number(const std::string& variable, const std::string& key) {
  return {.code = "init-not-a-number",
          .message = fmt::format("`{}` of the start values of `{}` holds something that is not a finite number", key, variable)};
}

Diagnostic init_incomplete(const std::string& variable, const std::vector<std::string>& known) {
  return {.code = "init-incomplete",
          .message = fmt::format("the start values of `{}` do not fix a distribution: give `mean`, `natural`, or all of its usual parameters ({})",
                                 variable, fmt::join(known, ", "))};
}

Diagnostic init_improper(const std::string& name, const std::string& reason) {
  return {.code = "init-improper", .message = fmt::format("the start values of `{}` are outside its support: {}", name, reason)};
}

Diagnostic unknown_map(const std::string& name, const std::vector<std::string>& known) {
  return {.code = "unknown-map",
          .message = fmt::format("`{}` is no latent variable whose most probable values could be reported{}", name, did_you_mean(name, known)),
          .status = ExitStatus::usage};
}

Diagnostic no_most_probable(const std::string& name, const std::string& reason) {
  return {.code = "no-most-probable-value", .message = fmt::format("`{}` has no most probable value under q: {}", name, reason)};
}

Diagnostic unknown_rows(const std::string& name, const std::vector<std::string>& known) {
  return {.code = "unknown-rows",
          .message = fmt::format("`{}` is no variable whose rows could be reported{}", name, did_you_mean(name, known)),
          .status = ExitStatus::usage};
}

}  // namespace jensen::run
