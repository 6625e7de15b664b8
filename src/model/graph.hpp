// The plated factor graph: what the model says after names are resolved. An array is one variable; nothing is unrolled.
//
// Invariants (checked by verify):
//  * every element of a latent, param with a `~`, or observed variable has at most one factor in each branch; of a latent exactly one, or none where
//  its
//    conditions do not hold;
//  * expressions are those of the text (with spans); names in them are variables, sizes, constants, plate indices in scope, or functions;
//  * a variable's dims are its array extents followed by the dimensions of its type: vector(2)[K] has dims {K, 2} and array_rank 1;
//  * a latent of missing cells and its mask come after all variables of the text, have names with a dot (no text can write them) and are in no
//    factor: the factors of the data variable speak of its cells, known or not.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ast.hpp"
#include "base/ids.hpp"
#include "family/statistic.hpp"
#include "model/size.hpp"

namespace jensen::model {

enum class Role { data, latent, param, derived, predict };
std::string to_text(Role role);

struct Type {
  Support support;         // of each entry
  std::vector<Size> dims;  // of one value: {} scalar, {D} vector, {R, C} matrix
  Size levels;             // category: K; bounded count: n + 1; boolean: 2
  bool operator==(const Type&) const = default;
};

// Where a data variable's values come from.
struct Binding {
  enum class Kind { column, columns, literal };
  Kind kind = Kind::column;
  std::vector<std::string> columns;  // names; columns(p0..p63) is already expanded
  std::optional<grammar::Expr> literal;
  std::optional<std::string> file;  // from "faithful.csv"
};

// A condition on a latent variable: a branch holds where variable[indices] is one of the levels, or where it is none of them. Of a bool there is one
// level, 0 or 1, which it is.
struct Gate {
  VariableId variable;
  std::vector<grammar::Expr> indices;
  std::vector<grammar::Expr> levels;
  bool equal = true;
  SourceSpan span;
};

struct Variable {
  std::string name;
  Role role = Role::latent;
  Type type;
  std::vector<Size> dims;
  std::size_t array_rank = 0;
  SourceSpan span;
  std::optional<Binding> binding;        // data
  std::vector<FactorId> factors;         // its own `~` statements
  std::vector<std::size_t> definitions;  // derived: indices into ModelGraph::definitions
  std::vector<std::size_t> predictions;  // predict: indices into ModelGraph::predictions
  bool observed = false;                 // data with a `~`
  bool data_sized = false;               // lies in a plate whose extent is read off the data
  VariableId missing;                    // of data with missing cells: the latent that stands for them
  VariableId missing_mask;               // of such data: the data variable that is 1 where a cell is missing, else 0
  VariableId missing_of;                 // of such a latent: the data variable
  bool auxiliary = false;                // a local quantity of a distribution by construction
  // Of a latent inside branches, outermost first, in the plate indices of its `~` statements: it exists where all of them hold. Those of each of its
  // factors are the same, and every use lies under the same ones.
  std::vector<grammar::Expr> conditions;
  std::vector<Gate> gates;
};

struct Plate {
  std::string index;
  Range range;
  std::optional<grammar::Expr> weight;
  PlateId parent;
  SourceSpan span;
  bool data_sized = false;
};

// One `~` statement.
struct Factor {
  VariableId variable;
  std::vector<grammar::Expr> indices;  // left-side subscripts as written
  std::vector<PlateId> plates;         // outermost first
  grammar::CallExpr call;
  std::optional<grammar::TypeExpr> on;  // the support as written, of a distribution on any support
  DistributionId distribution;
  Type support;                           // of what the distribution draws
  std::vector<grammar::Expr> conditions;  // of enclosing `if`s on data
  std::vector<Gate> gates;                // of enclosing `if`s on latent variables, outermost first
  SourceSpan span;
  SourceSpan distribution_span;
  // The element that data name on the left, b[to[e]], has this density besides what the statements say that cover the elements once each. Such a
  // factor is none of the variable's own.
  bool adds = false;
};

// One `=` statement.
struct Definition {
  VariableId variable;
  std::vector<grammar::Expr> indices;
  std::vector<PlateId> plates;
  grammar::Expr value;
  SourceSpan span;
};

// One `predict` statement: a `~` or a `=` that is no part of the fit.
struct Prediction {
  VariableId variable;
  std::optional<Factor> factor;
  std::optional<Definition> definition;
  [[nodiscard]] const std::vector<grammar::Expr>& indices() const { return factor ? factor->indices : definition->indices; }
  [[nodiscard]] const std::vector<PlateId>& plates() const { return factor ? factor->plates : definition->plates; }
  [[nodiscard]] SourceSpan span() const { return factor ? factor->span : definition->span; }
};

// A distribution statement of the stdlib or of a model.
struct Distribution {
  std::string name;
  grammar::DistributionStatement statement;
  std::string module;  // "user" for those of the model file
};

struct Function {
  std::string name;
  grammar::FunctionStatement statement;
};

// Two extents that the text uses as one and that only the data can show to be equal.
struct SizeCheck {
  Size a;
  Size b;
  SourceSpan span;
  std::string what;      // "`mean` and the variate"
  bool at_most = false;  // a <= b is enough
};

// A statement that parses and resolves but whose inference is not there yet.
struct Unsupported {
  std::string what;  // "networks", "guides", ...
  SourceSpan span;
};

struct ModelGraph {
  std::string name;
  IdVector<VariableId, Variable> variables;
  IdVector<PlateId, Plate> plates;
  IdVector<FactorId, Factor> factors;
  IdVector<DistributionId, Distribution> distributions;  // all definitions in scope; overloads are neighbours in text order
  std::vector<Definition> definitions;
  std::vector<Prediction> predictions;
  std::map<std::string, Function> functions;
  std::map<std::string, grammar::Expr> constants;      // const statements, after --set
  std::map<std::string, std::int64_t> constant_sizes;  // those of them that are integers
  std::vector<std::string> size_symbols;               // extents to be read off the data, in order of appearance
  std::set<std::string> row_symbols;                   // those that count rows rather than levels or columns
  std::set<std::string> networks;
  std::vector<SizeCheck> size_checks;
  std::map<std::string, std::int64_t> set_sizes;  // extents given by --set
  std::vector<Unsupported> unsupported;

  [[nodiscard]] VariableId find(const std::string& name) const;
  // What people call a variable: a latent of missing cells has the name of its column.
  [[nodiscard]] const std::string& shown_name(VariableId id) const;
};

}  // namespace jensen::model
