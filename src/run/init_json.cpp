#include "run/init_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/npy.hpp"
#include "run/messages.hpp"
#include "run/names.hpp"

namespace jensen::run {
namespace {

using Json = nlohmann::json;

std::size_t product(const std::vector<std::size_t>& shape) {
  std::size_t n = 1;
  for (const std::size_t e : shape) n *= e;
  return n;
}

class Reader {
 public:
  Reader(const std::string& directory, const model::ModelGraph& graph, const derive::Derivation& derivation, const plan::Plan& plan)
      : directory_(directory), graph_(graph), derivation_(derivation), plan_(plan) {
    for (std::size_t b = 0; b < plan.blocks.size(); ++b) {
      for (const plan::PlannedComponent& c : plan.blocks[b].components) known_.push_back(graph.variables[c.variable].name);
    }
  }

  Given read(const Json& root) {
    const bool of_fit = root.contains("variables") && root.contains("blocks");
    const Json& variables = of_fit ? root.at("variables") : root;
    if (!variables.is_object()) throw Failure(init_not_json("an object of variables was expected"));
    if (of_fit) read_blocks(root.at("blocks"));
    for (const auto& [name, entry] : variables.items()) read_variable(name, entry, of_fit);
    return std::move(given_);
  }

 private:
  struct Target {
    int block = 0;
    std::size_t component = 0;
  };

  std::optional<Target> find(const std::string& name) const {
    for (std::size_t b = 0; b < plan_.blocks.size(); ++b) {
      for (std::size_t c = 0; c < plan_.blocks[b].components.size(); ++c) {
        if (graph_.variables[plan_.blocks[b].components[c].variable].name == name) return Target{static_cast<int>(b), c};
      }
    }
    return std::nullopt;
  }

  using Pattern = std::vector<std::vector<std::int32_t>>;

  // A fit holds the natural parameters of its blocks: exactly its q. A block of other variables than here is left to their means and sds.
  void read_blocks(const Json& blocks) {
    if (!blocks.is_array()) return;
    for (const Json& block : blocks) {
      if (!block.is_object() || !block.contains("natural") || !block.contains("variables") || block.at("variables").empty()) continue;
      const auto names = block.at("variables").get<std::vector<std::string>>();
      const auto target = find(names.front());
      if (!target) continue;
      const plan::PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(target->block)];
      const auto order = positions(planned, names);
      if (planned.swept || planned.point || !order || !can_reorder(planned, *order)) continue;
      if (!planned.pattern.empty() && (!block.contains("pattern") || block.at("pattern").get<Pattern>() != planned.pattern)) continue;
      const std::vector<std::size_t> shape{static_cast<std::size_t>(planned.count), planned.family->size()};
      const std::vector<double> natural = numbers(known_at(*target), "natural", block.at("natural"), shape);
      given_.natural[target->block] = in_order(*order) ? natural : reordered(natural, *order);
    }
  }

  // Where each value of the file's block stands in the planned block, whose variables are the same, maybe in another order.
  std::optional<std::vector<std::size_t>> positions(const plan::PlannedBlock& block, const std::vector<std::string>& names) const {
    if (names.size() != block.components.size()) return std::nullopt;
    std::vector<std::size_t> order;
    for (const std::string& name : names) {
      const auto found = std::find_if(block.components.begin(), block.components.end(),
                                      [&](const plan::PlannedComponent& c) { return graph_.variables[c.variable].name == name; });
      if (found == block.components.end()) return std::nullopt;
      std::size_t values = 1;
      for (const std::int64_t extent : found->inner) values *= static_cast<std::size_t>(extent);
      for (std::size_t i = 0; i < values; ++i) order.push_back(found->offset + i);
    }
    return std::is_sorted(order.begin(), order.end()) || block.batch.size() < 2 ? std::optional(order) : std::nullopt;
  }

  static bool in_order(const std::vector<std::size_t>& order) {
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (order[i] != i) return false;
    }
    return true;
  }

  // Where only some pairs are statistics, another order of the variables gives them other places.
  static bool can_reorder(const plan::PlannedBlock& block, const std::vector<std::size_t>& order) {
    return in_order(order) || block.family->size() == order.size() + order.size() * order.size();
  }

  // Of a joint Gaussian: D linear entries, then D x D pairs.
  static std::vector<double> reordered(const std::vector<double>& natural, const std::vector<std::size_t>& order) {
    const std::size_t d = order.size(), size = d + d * d;
    std::vector<double> out(natural.size());
    for (std::size_t first = 0; first < natural.size(); first += size) {
      for (std::size_t i = 0; i < d; ++i) {
        out[first + order[i]] = natural[first + i];
        for (std::size_t j = 0; j < d; ++j) out[first + d + order[i] * d + order[j]] = natural[first + d + i * d + j];
      }
    }
    return out;
  }

  std::string known_at(const Target& target) const {
    return graph_.variables[plan_.blocks[static_cast<std::size_t>(target.block)].components[target.component].variable].name;
  }

  void read_variable(const std::string& name, const Json& entry, bool of_fit) {
    const auto target = find(name);
    if (!target) {
      if (of_fit) return;  // a derived or predicted quantity
      throw Failure(init_unknown_variable(name, known_));
    }
    if (!entry.is_object()) throw Failure(init_not_json(fmt::format("`{}` is no object", name)));
    const plan::PlannedBlock& block = plan_.blocks[static_cast<std::size_t>(target->block)];
    if (of_fit && given_.natural.count(target->block) > 0) return;
    if (block.point) {
      read_value(*target, name, entry);
    } else if (block.discrete) {
      read_responsibility(*target, name, entry, of_fit);
    } else if (!block.swept) {
      read_q(*target, name, entry, of_fit);
    } else if (!of_fit) {
      throw Failure(init_unknown_variable(name, known_));
    }
  }

  // Keys that a fit's own output has beside the values.
  static bool is_description(const std::string& key) { return key == "role" || key == "family" || key == "shape" || key == "levels" || key == "se"; }

  void check_keys(const std::string& name, const Json& entry, const std::vector<std::string>& known) const {
    for (const auto& [key, value] : entry.items()) {
      if (!is_description(key) && std::find(known.begin(), known.end(), key) == known.end()) throw Failure(init_unknown_key(name, key, known));
    }
  }

  void read_value(const Target& target, const std::string& name, const Json& entry) {
    check_keys(name, entry, {"value"});
    if (!entry.contains("value")) return;
    scatter(target, name, "value", entry.at("value"), whole(target.block, given_.value[target.block]));
  }

  void read_responsibility(const Target& target, const std::string& name, const Json& entry, bool of_fit) {
    check_keys(name, entry, {"responsibility", "mean"});
    const char* key = entry.contains("responsibility") ? "responsibility" : "mean";
    if (!entry.contains(key)) return;
    const plan::PlannedBlock& block = plan_.blocks[static_cast<std::size_t>(target.block)];
    if (of_fit && block.swept) return;  // follows from the stored blocks
    const std::size_t levels = block.family->size();
    std::vector<double> values = numbers(name, key, entry.at(key), {static_cast<std::size_t>(block.count), levels});
    for (std::size_t row = 0; row < static_cast<std::size_t>(block.count); ++row) normalise(name, {values.data() + row * levels, levels});
    if (block.swept) {
      given_.responsibility[target.block] = std::move(values);
    } else {
      for (double& v : values) v = std::log(std::max(v, 1e-300));
      given_.natural[target.block] = std::move(values);
    }
  }

  static void normalise(const std::string& name, std::span<double> row) {
    double total = 0;
    for (const double v : row) {
      if (v < 0) throw Failure(init_improper(name, "a responsibility is negative"));
      total += v;
    }
    if (!(std::abs(total - 1) < 1e-3)) throw Failure(init_improper(name, fmt::format("the responsibilities of a row sum to {}", total)));
    for (double& v : row) v /= total;
  }

  void read_q(const Target& target, const std::string& name, const Json& entry, bool of_fit) {
    const plan::PlannedBlock& block = plan_.blocks[static_cast<std::size_t>(target.block)];
    const auto usual = block.family->usual_parameters();
    const bool single = block.components.size() == 1, point = block.components[target.component].point;
    const std::string key = point ? "value" : "mean";  // a param beside latents has no spread
    std::vector<std::string> known{key};
    if (!point) known.emplace_back("sd");
    if (single) {
      known.emplace_back("natural");
      for (const auto& parameter : usual) known.push_back(parameter.name);
    }
    if (!of_fit) check_keys(name, entry, known);
    const auto count = static_cast<std::size_t>(block.count);
    const std::size_t size = block.family->size();
    if (single && entry.contains("natural")) {
      given_.natural[target.block] = numbers(name, "natural", entry.at("natural"), {count, size});
    } else if (single && has_usual(entry, usual)) {
      given_.natural[target.block] = from_usual(target, name, entry, usual);
    } else if (entry.contains(key)) {
      from_moments(target, name, entry, key);
    } else if (!of_fit && !entry.empty()) {
      throw Failure(init_incomplete(name, known));
    }
  }

  static bool has_usual(const Json& entry, const std::vector<family::Family::UsualParameter>& usual) {
    return std::all_of(usual.begin(), usual.end(), [&](const auto& p) { return entry.contains(p.name); });
  }

  std::vector<double> from_usual(const Target& target, const std::string& name, const Json& entry,
                                 const std::vector<family::Family::UsualParameter>& usual) {
    const plan::PlannedBlock& block = plan_.blocks[static_cast<std::size_t>(target.block)];
    const auto count = static_cast<std::size_t>(block.count);
    std::vector<std::vector<double>> parts(count);
    for (const auto& parameter : usual) {
      const std::size_t n = product(parameter.shape);
      const std::vector<double> values = numbers(name, parameter.name, entry.at(parameter.name), {count, n});
      for (std::size_t e = 0; e < count; ++e)
        parts[e].insert(parts[e].end(), values.begin() + static_cast<std::ptrdiff_t>(e * n),
                        values.begin() + static_cast<std::ptrdiff_t>((e + 1) * n));
    }
    std::vector<double> natural(count * block.family->size());
    for (std::size_t e = 0; e < count; ++e) {
      if (!block.family->from_usual(parts[e], {natural.data() + e * block.family->size(), block.family->size()})) {
        throw Failure(init_improper(element_name(graph_, block, static_cast<std::int64_t>(e)), "no proper distribution has these parameters"));
      }
    }
    return natural;
  }

  void from_moments(const Target& target, const std::string& name, const Json& entry, const std::string& key) {
    const plan::PlannedBlock& block = plan_.blocks[static_cast<std::size_t>(target.block)];
    std::vector<double>& mean = whole(target.block, means_[target.block]);
    scatter(target, name, key, entry.at(key), mean);
    std::vector<double>& sd = sds_[target.block];
    if (entry.contains("sd")) {
      if (sd.empty()) sd.assign(mean.size(), 1.0);
      scatter(target, name, "sd", entry.at("sd"), sd);
    }
    const std::size_t values = block.family->value_size(), size = block.family->size();
    std::vector<double>& natural = given_.natural[target.block];
    natural.resize(static_cast<std::size_t>(block.count) * size);
    for (std::size_t e = 0; e < static_cast<std::size_t>(block.count); ++e) {
      const std::span<const double> spread = sd.empty() ? std::span<const double>() : std::span<const double>(sd).subspan(e * values, values);
      if (!block.family->natural_from_moments(std::span<const double>(mean).subspan(e * values, values), spread,
                                              std::span<double>(natural).subspan(e * size, size))) {
        throw Failure(init_improper(element_name(graph_, block, static_cast<std::int64_t>(e)), "no proper distribution has this mean"));
      }
    }
  }

  std::vector<double>& whole(int b, std::vector<double>& values) const {
    const plan::PlannedBlock& block = plan_.blocks[static_cast<std::size_t>(b)];
    if (values.empty()) values.assign(static_cast<std::size_t>(block.count) * block.family->value_size(), 0.0);
    return values;
  }

  // Puts an array in the order of the variable's own dimensions among the values of its block.
  void scatter(const Target& target, const std::string& name, const std::string& key, const Json& json, std::vector<double>& values) const {
    const plan::PlannedBlock& block = plan_.blocks[static_cast<std::size_t>(target.block)];
    const derive::Component& component = derivation_.blocks[block.id].components[target.component];
    const plan::PlannedComponent& planned = block.components[target.component];
    std::vector<std::size_t> shape(component.batch_slots.size() + component.inner_slots.size()), strides(shape.size());
    std::size_t stride = block.family->value_size();
    for (std::size_t b = block.batch.size(); b-- > 0; stride *= static_cast<std::size_t>(block.batch[b])) {
      shape[component.batch_slots[b]] = static_cast<std::size_t>(block.batch[b]);
      strides[component.batch_slots[b]] = stride;
    }
    stride = 1;
    for (std::size_t i = planned.inner.size(); i-- > 0; stride *= static_cast<std::size_t>(planned.inner[i])) {
      shape[component.inner_slots[i]] = static_cast<std::size_t>(planned.inner[i]);
      strides[component.inner_slots[i]] = stride;
    }
    const std::vector<double> given = numbers(name, key, json, shape);
    for (std::size_t flat = 0; flat < given.size(); ++flat) {
      std::size_t rest = flat, at = planned.offset;
      for (std::size_t d = shape.size(); d-- > 0; rest /= shape[d]) at += rest % shape[d] * strides[d];
      values[at] = given[flat];
    }
  }

  // All numbers of a nested array or a .npy file, row-major. The total must be that of the shape, and so must the first extent of what is nested.
  std::vector<double> numbers(const std::string& name, const std::string& key, const Json& json, const std::vector<std::size_t>& shape) const {
    std::vector<double> out;
    if (json.is_string()) {
      auto array = data::read_npy(resolve(json.get<std::string>()));
      if (!array.ok()) throw Failure(array.diagnostics().front());
      out = std::move(array->values);
    } else {
      flatten(name, key, json, out);
    }
    for (const double v : out) {
      if (!std::isfinite(v)) throw Failure(init_not_a_number(name, key));
    }
    if (out.size() != product(shape)) {
      throw Failure(
          init_wrong_size(name, key, fmt::format("{} numbers", out.size()), fmt::format("{} ({})", product(shape), fmt::join(shape, " x "))));
    }
    return out;
  }

  std::string resolve(const std::string& path) const { return path.empty() || path[0] == '/' || directory_.empty() ? path : directory_ + "/" + path; }

  static void flatten(const std::string& name, const std::string& key, const Json& json, std::vector<double>& out) {
    if (json.is_number()) {
      out.push_back(json.get<double>());
    } else if (json.is_array()) {
      for (const Json& item : json) flatten(name, key, item, out);
    } else {
      throw Failure(init_not_a_number(name, key));
    }
  }

  const std::string& directory_;
  const model::ModelGraph& graph_;
  const derive::Derivation& derivation_;
  const plan::Plan& plan_;
  std::vector<std::string> known_;
  Given given_;
  std::map<int, std::vector<double>> means_, sds_;
};

}  // namespace

Result<Given> read_init(const std::string& json, const std::string& directory, const model::ModelGraph& graph, const derive::Derivation& derivation,
                        const plan::Plan& plan) {
  const Json root = Json::parse(json, nullptr, false);
  if (root.is_discarded() || !root.is_object()) return init_not_json("the text does not parse as a JSON object");
  try {
    return Reader(directory, graph, derivation, plan).read(root);
  } catch (const Failure& failure) {
    return failure.diagnostic();
  } catch (const Json::exception& error) {
    return init_not_json(error.what());
  }
}

}  // namespace jensen::run
