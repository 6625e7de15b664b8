#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "report/report.hpp"

namespace jensen::report {

namespace {

std::vector<std::size_t> indices_of(std::size_t flat, const std::vector<std::size_t>& shape) {
  std::vector<std::size_t> out(shape.size());
  for (std::size_t d = shape.size(); d-- > 0; flat /= shape[d]) out[d] = flat % shape[d] + 1;
  return out;
}

std::string cell(const std::vector<double>& numbers, std::size_t at) { return at < numbers.size() ? fmt::format("{}", numbers[at]) : std::string(); }

}  // namespace

std::string to_csv(const Prediction& prediction) {
  std::string text = "name,index,mean,sd,q5,q95\n";
  for (const run::FittedVariable& v : prediction.variables) {
    for (std::size_t e = 0; e < v.mean.size(); ++e) {
      text += fmt::format("{},{},{},{},{},{}\n", v.name, fmt::join(indices_of(e, v.shape), " "), cell(v.mean, e), cell(v.sd, e), cell(v.q5, e),
                          cell(v.q95, e));
    }
  }
  return text;
}

std::string draws_csv(const Prediction& prediction, const std::vector<std::vector<std::vector<double>>>& draws) {
  std::string text = "draw";
  std::size_t most = 0;
  for (std::size_t v = 0; v < draws.size(); ++v) {
    most = std::max(most, draws[v].size());
    const std::size_t elements = draws[v].empty() ? 0 : draws[v][0].size();
    std::vector<std::size_t> shape = prediction.variables[v].shape;
    std::size_t total = 1;
    for (const std::size_t extent : shape) total *= extent;
    if (total != elements && !shape.empty()) shape.pop_back();  // the levels of a discrete quantity, which a draw is one of
    for (std::size_t e = 0; e < elements; ++e) {
      text += ',' + prediction.variables[v].name;
      for (const std::size_t index : indices_of(e, shape)) text += fmt::format("_{}", index);
    }
  }
  text += '\n';
  for (std::size_t d = 0; d < most; ++d) {
    text += fmt::format("{}", d + 1);
    for (const auto& of_variable : draws) {
      for (const double value : of_variable[std::min(d, of_variable.size() - 1)]) text += fmt::format(",{}", value);
    }
    text += '\n';
  }
  return text;
}

}  // namespace jensen::report
