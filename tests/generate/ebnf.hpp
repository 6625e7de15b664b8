// Reads the notation of grammar/jensen.ebnf and draws random sentences from it.
#pragma once

#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace jensen::tests {

struct EbnfNode {
  enum class Kind { literal, byte_range, reference, sequence, choice, optional, repetition, exception };
  Kind kind = Kind::literal;
  std::string text;  // a literal, or the name of a rule
  unsigned char low = 0;
  unsigned char high = 0;
  std::vector<EbnfNode> parts;
};

struct Ebnf {
  std::string start;
  std::map<std::string, EbnfNode> rules;
};

// Throws std::runtime_error with the line where the notation is broken, or names a rule that is used and not defined.
Ebnf read_ebnf(std::string_view text);

class SentenceGenerator {
 public:
  SentenceGenerator(const Ebnf& grammar, std::uint64_t seed);

  // A sentence of the start rule whose derivation is at most about `depth` rules deep, with random white space and comments.
  std::string sentence(int depth);

 private:
  void syntax(const EbnfNode& node, int budget, std::vector<std::string>& tokens);
  std::string token(const EbnfNode& node, int budget);
  const EbnfNode& choose(const EbnfNode& choice, int budget);
  std::string joined(const std::vector<std::string>& tokens);
  std::string blanks(bool needed);
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  int least_depth(const EbnfNode& node) const;
  bool matches(const EbnfNode& node, const std::string& text) const;

  const Ebnf& grammar_;
  std::map<std::string, int> least_depths_;
  std::mt19937_64 random_;
};

}  // namespace jensen::tests
