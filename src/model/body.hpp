// One use of a distribution by construction: its body with the use's names and arguments in place of its own.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ast.hpp"

namespace jensen::model {

// The names that a body gives by `~` and `=`, in text order, each once.
std::vector<grammar::Identifier> given_names(const grammar::Statements& statements);

struct BodyNames {
  std::map<std::string, grammar::Expr> values;     // of parameters and of the sizes that argument types bind
  std::map<std::string, grammar::Target> targets;  // of the variate and of local quantities: name and leading indices in the model
  std::string variate;
  std::set<std::string> hidden;  // names of the language, such as `pi`, that the model uses for something of its own
  std::set<std::string> taken;   // indices of the enclosing plates
};

// Index variables of the body are renamed where they would capture a name of the arguments. A name that is none of the body's is an error.
// Statements get the span `use`; what stands inside them keeps the place where it was written.
grammar::Statements instantiated(const grammar::DistributionStatement& distribution, const BodyNames& names, SourceSpan use);

}  // namespace jensen::model
