#include "generate/ebnf.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

namespace jensen::tests {
namespace {

using Kind = EbnfNode::Kind;

constexpr int unreachable = 1000000;

bool is_token_rule(const std::string& name) { return std::isupper(static_cast<unsigned char>(name.front())) != 0; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Ebnf grammar() {
    Ebnf result;
    for (skip(); at_ < text_.size(); skip()) {
      const std::string name = word();
      expect('=');
      if (result.start.empty()) result.start = name;
      if (!result.rules.emplace(name, choice()).second) fail("a second rule " + name);
      expect(';');
    }
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    throw std::runtime_error("line " + std::to_string(line) + ": " + what);
  }

  void skip() {
    while (at_ < text_.size() && (std::isspace(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '#')) {
      if (text_[at_] == '#') at_ = std::min(text_.find('\n', at_), text_.size() - 1);
      ++at_;
    }
  }
  char peek() {
    skip();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(std::string_view symbol) {
    skip();
    if (text_.substr(at_, symbol.size()) != symbol) return false;
    at_ += symbol.size();
    return true;
  }
  void expect(char c) {
    if (!take(std::string_view(&c, 1))) fail(std::string("expected ") + c);
  }

  std::string word() {
    skip();
    const std::size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '_')) ++at_;
    if (begin == at_) fail("expected a rule's name");
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string literal() {
    expect('"');
    std::string result;
    for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] != '\\') {
        result += text_[at_];
      } else if (text_.at(++at_) == 'x') {
        result += static_cast<char>(std::stoi(std::string(text_.substr(at_ + 1, 2)), nullptr, 16));
        at_ += 2;
      } else {
        result += text_[at_];
      }
    }
    ++at_;
    if (result.empty()) fail("an empty literal");
    return result;
  }

  EbnfNode choice() {
    EbnfNode node{Kind::choice, {}, 0, 0, {sequence()}};
    while (take("|")) node.parts.push_back(sequence());
    return node.parts.size() == 1 ? node.parts.front() : node;
  }
  EbnfNode sequence() {
    EbnfNode node{Kind::sequence, {}, 0, 0, {}};
    while (std::string_view("\0;|)]}", 6).find(peek()) == std::string_view::npos) node.parts.push_back(factor());
    if (node.parts.empty()) fail("an empty alternative");
    return node;
  }
  EbnfNode factor() {
    EbnfNode base = primary();
    if (!take("-")) return base;
    return {Kind::exception, {}, 0, 0, {std::move(base), primary()}};
  }
  EbnfNode primary() {
    if (peek() == '"') return literal_or_range();
    if (take("[")) return closed(Kind::optional, ']');
    if (take("{")) return closed(Kind::repetition, '}');
    if (take("(")) return closed(Kind::sequence, ')');
    return {Kind::reference, word(), 0, 0, {}};
  }
  EbnfNode closed(Kind kind, char end) {
    EbnfNode node{kind, {}, 0, 0, {choice()}};
    expect(end);
    return node;
  }
  EbnfNode literal_or_range() {
    std::string low = literal();
    if (!take("..")) return {Kind::literal, std::move(low), 0, 0, {}};
    const std::string high = literal();
    return {Kind::byte_range, {}, static_cast<unsigned char>(low[0]), static_cast<unsigned char>(high[0]), {}};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void check_references(const Ebnf& grammar, const EbnfNode& node) {
  if (node.kind == Kind::reference && grammar.rules.count(node.text) == 0) throw std::runtime_error("no rule " + node.text);
  for (const EbnfNode& part : node.parts) check_references(grammar, part);
}

bool is_word_part(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool in_double_range(const std::string& number) {
  const double value = std::strtod(number.c_str(), nullptr);
  const bool written_zero = number.find_first_of("123456789") >= number.find_first_of("eE");
  return std::isfinite(value) && (value > 1e-300 || written_zero);
}

// Words that mean something only in their places, so that they are drawn often as ordinary names.
constexpr std::array<std::string_view, 16> special_words = {"weight", "jointly", "independently", "on",   "from", "sum", "logpdf", "columns",
                                                            "column", "count",   "mean",          "real", "N",    "x",   "i",      "e1"};

}  // namespace

Ebnf read_ebnf(std::string_view text) {
  Ebnf grammar = Reader(text).grammar();
  for (const auto& [name, body] : grammar.rules) check_references(grammar, body);
  return grammar;
}

SentenceGenerator::SentenceGenerator(const Ebnf& grammar, std::uint64_t seed) : grammar_(grammar), random_(seed) {
  for (const auto& [name, body] : grammar.rules) least_depths_[name] = unreachable;
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& [name, body] : grammar.rules) {
      const int depth = 1 + least_depth(body);
      if (depth < least_depths_[name]) least_depths_[name] = depth, changed = true;
    }
  }
}

int SentenceGenerator::least_depth(const EbnfNode& node) const {
  switch (node.kind) {
    case Kind::literal:
    case Kind::byte_range:
    case Kind::optional:
    case Kind::repetition:
      return 0;
    case Kind::reference:
      return least_depths_.at(node.text);
    case Kind::exception:
      return least_depth(node.parts[0]);
    case Kind::sequence:
    case Kind::choice:
      break;
  }
  int result = node.kind == Kind::choice ? unreachable : 0;
  for (const EbnfNode& part : node.parts) {
    result = node.kind == Kind::choice ? std::min(result, least_depth(part)) : std::max(result, least_depth(part));
  }
  return result;
}

const EbnfNode& SentenceGenerator::choose(const EbnfNode& choice, int budget) {
  std::vector<const EbnfNode*> possible;
  for (const EbnfNode& part : choice.parts) {
    if (least_depth(part) <= budget) possible.push_back(&part);
  }
  if (!possible.empty()) return *possible[static_cast<std::size_t>(below(static_cast<int>(possible.size())))];
  return *std::min_element(choice.parts.begin(), choice.parts.end(),
                           [this](const EbnfNode& a, const EbnfNode& b) { return least_depth(a) < least_depth(b); });
}

void SentenceGenerator::syntax(const EbnfNode& node, int budget, std::vector<std::string>& tokens) {
  switch (node.kind) {
    case Kind::literal:
      tokens.push_back(node.text);
      return;
    case Kind::reference:
      if (is_token_rule(node.text)) {
        tokens.push_back(token(node, budget));
      } else {
        syntax(grammar_.rules.at(node.text), budget - 1, tokens);
      }
      return;
    case Kind::sequence:
      for (const EbnfNode& part : node.parts) syntax(part, budget, tokens);
      return;
    case Kind::choice:
      syntax(choose(node, budget), budget, tokens);
      return;
    case Kind::optional:
      if (least_depth(node.parts[0]) <= budget && below(3) == 0) syntax(node.parts[0], budget, tokens);
      return;
    case Kind::repetition:
      while (least_depth(node.parts[0]) <= budget && below(4) == 0) syntax(node.parts[0], budget, tokens);
      return;
    case Kind::byte_range:
    case Kind::exception:
      throw std::runtime_error("a byte range or an exception outside a token rule");
  }
}

std::string SentenceGenerator::token(const EbnfNode& node, int budget) {
  switch (node.kind) {
    case Kind::literal:
      return node.text;
    case Kind::byte_range:
      return std::string(1, static_cast<char>(node.low + below(node.high - node.low + 1)));
    case Kind::reference: {
      if (node.text == "NAME" && below(3) > 0) return std::string(special_words[static_cast<std::size_t>(below(special_words.size()))]);
      std::string text = token(grammar_.rules.at(node.text), budget);
      while (node.text == "NUMBER" && !in_double_range(text)) text = token(grammar_.rules.at(node.text), budget);
      return text;
    }
    case Kind::sequence: {
      std::string text;
      for (const EbnfNode& part : node.parts) text += token(part, budget);
      return text;
    }
    case Kind::choice:
      return token(choose(node, unreachable), budget);
    case Kind::optional:
      return below(2) == 0 ? token(node.parts[0], budget) : std::string();
    case Kind::repetition: {
      std::string text;
      while (below(3) > 0) text += token(node.parts[0], budget);
      return text;
    }
    case Kind::exception: {
      std::string text = token(node.parts[0], budget);
      while (matches(node.parts[1], text)) text = token(node.parts[0], budget);
      return text;
    }
  }
  return {};
}

// For what follows a `-`: a choice of literals.
bool SentenceGenerator::matches(const EbnfNode& node, const std::string& text) const {
  if (node.kind == Kind::literal) return node.text == text;
  if (node.kind == Kind::reference) return matches(grammar_.rules.at(node.text), text);
  const auto part_matches = [&](const EbnfNode& part) { return matches(part, text); };
  if (node.kind == Kind::choice) return std::any_of(node.parts.begin(), node.parts.end(), part_matches);
  if (node.kind == Kind::sequence && node.parts.size() == 1) return part_matches(node.parts[0]);
  throw std::runtime_error("what follows `-` must be a choice of literals");
}

std::string SentenceGenerator::blanks(bool needed) {
  static constexpr std::array<std::string_view, 8> all = {" ", "\n", "\t", "  ", "\r\n", " # note = {[(\"\n", "#\xC3\xA9 \xFF\n", "\n\n\f"};
  if (!needed && below(3) > 0) return {};
  return std::string(below(3) > 0 ? " " : all[static_cast<std::size_t>(below(all.size()))]);
}

std::string SentenceGenerator::joined(const std::vector<std::string>& tokens) {
  std::string text = blanks(false);
  for (const std::string& token : tokens) {
    const bool needed = !text.empty() && is_word_part(text.back()) && is_word_part(token.front());
    text += blanks(needed) + token;
  }
  return text + blanks(false);
}

std::string SentenceGenerator::sentence(int depth) {
  std::vector<std::string> tokens;
  syntax(grammar_.rules.at(grammar_.start), depth, tokens);
  return joined(tokens);
}

}  // namespace jensen::tests
