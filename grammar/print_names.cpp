#include "print_names.hpp"

namespace jensen::grammar {

std::string_view spelling(BinaryOp op) {
  switch (op) {
    case BinaryOp::pipe:
      return "|>";
    case BinaryOp::logical_or:
      return "or";
    case BinaryOp::logical_and:
      return "and";
    case BinaryOp::equal:
      return "==";
    case BinaryOp::not_equal:
      return "!=";
    case BinaryOp::less:
      return "<";
    case BinaryOp::less_equal:
      return "<=";
    case BinaryOp::greater:
      return ">";
    case BinaryOp::greater_equal:
      return ">=";
    case BinaryOp::add:
      return "+";
    case BinaryOp::subtract:
      return "-";
    case BinaryOp::multiply:
      return "*";
    case BinaryOp::divide:
      return "/";
    case BinaryOp::elementwise_multiply:
      return ".*";
    case BinaryOp::elementwise_divide:
      return "./";
    case BinaryOp::power:
      return "^";
  }
  return {};
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

}  // namespace jensen::grammar
