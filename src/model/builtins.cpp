#include "model/builtins.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/builder.hpp"

namespace jensen::model {

namespace {

using Shape = std::vector<Size>;

void require_rank(const BuiltinCall& c, std::size_t argument, std::size_t rank, const char* what) {
  if (c.types[argument].dims.size() != rank) {
    fail("shape-mismatch", fmt::format("`{}` takes {}, but this is {}", c.call.function, what, shape_text(c.types[argument].dims)),
         c.call.arguments[argument].span);
  }
}

Shape elementwise(const BuiltinCall& c) { return c.types[0].dims; }

Shape vector_to_number(const BuiltinCall& c) {
  if (c.types[0].dims.empty()) require_rank(c, 0, 1, "a vector");
  return {};
}

Shape square_to(const BuiltinCall& c, Shape result) {
  require_rank(c, 0, 2, "a square matrix");
  c.require_equal(c.types[0].dims[0], c.types[0].dims[1]);
  return result;
}

Shape given_sizes(const BuiltinCall& c) {
  Shape shape;
  for (const auto& size : c.sizes) shape.push_back(*size);
  return shape;
}

const std::vector<Builtin>& table() {
  static const std::vector<Builtin> builtins = [] {
    std::vector<Builtin> out;
    for (const char* name :
         {"exp", "log", "sqrt", "abs", "lgamma", "digamma", "logit", "expit", "softplus", "cos", "sin", "log_bessel_i0", "log_normal_cdf"}) {
      out.push_back({name, 1, 1, "one argument", false, elementwise});
    }
    out.push_back({"softmax", 1, 1, "one vector", false, [](const BuiltinCall& c) {
                     require_rank(c, 0, 1, "a vector");
                     return c.types[0].dims;
                   }});
    for (const char* name : {"sum", "mean", "log_sum_exp"}) out.push_back({name, 1, 1, "one vector", false, vector_to_number});
    out.push_back({"dot", 2, 2, "two vectors", false, [](const BuiltinCall& c) {
                     require_rank(c, 0, 1, "two vectors");
                     require_rank(c, 1, 1, "two vectors");
                     c.require_equal(c.types[0].dims[0], c.types[1].dims[0]);
                     return Shape{};
                   }});
    out.push_back({"outer", 2, 2, "two vectors", false, [](const BuiltinCall& c) {
                     require_rank(c, 0, 1, "two vectors");
                     require_rank(c, 1, 1, "two vectors");
                     return Shape{c.types[0].dims[0], c.types[1].dims[0]};
                   }});
    for (const char* name : {"trace", "log_det"})
      out.push_back({name, 1, 1, "one square matrix", false, [](const BuiltinCall& c) { return square_to(c, {}); }});
    out.push_back({"inverse", 1, 1, "one square matrix", false, [](const BuiltinCall& c) { return square_to(c, c.types[0].dims); }});
    out.push_back({"transpose", 1, 1, "one matrix", false, [](const BuiltinCall& c) {
                     require_rank(c, 0, 2, "a matrix");
                     return Shape{c.types[0].dims[1], c.types[0].dims[0]};
                   }});
    out.push_back({"diag", 1, 1, "one vector", false, [](const BuiltinCall& c) {
                     require_rank(c, 0, 1, "a vector");
                     return Shape{c.types[0].dims[0], c.types[0].dims[0]};
                   }});
    out.push_back({"zeros", 1, 3, "one to three extents", true, given_sizes});
    out.push_back({"ones", 1, 3, "one to three extents", true, given_sizes});
    out.push_back({"eye", 1, 1, "one extent", true, [](const BuiltinCall& c) { return Shape{*c.sizes[0], *c.sizes[0]}; }});
    out.push_back({"log_multivariate_gamma", 2, 2, "a number and a dimension", false, [](const BuiltinCall& c) {
                     require_rank(c, 0, 0, "a number and a dimension");
                     require_rank(c, 1, 0, "a number and a dimension");
                     return Shape{};
                   }});
    return out;
  }();
  return builtins;
}

}  // namespace

const Builtin* find_builtin(const std::string& name) {
  const auto found = std::ranges::find(table(), name, &Builtin::name);
  return found == table().end() ? nullptr : &*found;
}

std::vector<std::string> builtin_names() {
  std::vector<std::string> names;
  for (const Builtin& builtin : table()) names.push_back(builtin.name);
  return names;
}

}  // namespace jensen::model
