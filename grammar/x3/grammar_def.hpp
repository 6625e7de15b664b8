// The rules. `jensen.ebnf` is the normative text; the names follow it. Rule names and `called` words appear in messages.
#pragma once

#include "x3/config.hpp"
#include "x3/parse_tree_adapted.hpp"
#include "x3/recover.hpp"
#include "x3/tokens.hpp"

namespace jensen::grammar::rules {

using x3::lit;

// Writes the byte range of what was parsed.
struct Placed {
  template <class Attribute, class Context>
  void on_success(const Iterator& begin, const Iterator& end, Attribute& attribute, const Context& context) {
    if constexpr (std::is_base_of_v<tree::Place, Attribute>) {
      const ParseState& state = state_of(context);
      static_cast<tree::Place&>(attribute) = place_of(context, begin, trim_blanks(begin, end, state.comments));
    }
  }
};

struct statement_id;
struct primary_id : Placed {};
struct suffix_id : Placed {};
struct argument_id : Placed {};
struct call_id : Placed {};
struct type_id : Placed {};
struct target_id : Placed {};
struct branch_id : Placed {};

inline constexpr x3::rule<struct expression_id, tree::Expression> expression{"an expression"};
inline constexpr x3::rule<struct operation_id, tree::Operation> operation{"an expression"};
inline constexpr x3::rule<struct product_id, tree::Operation> product{"an expression"};
inline constexpr x3::rule<struct choice_id, tree::Choice> choice{"`?`"};
inline constexpr x3::rule<struct tail_id, tree::Tail> tail{"an operator"};
inline constexpr x3::rule<struct product_tail_id, tree::Tail> product_tail{"an operator"};
inline constexpr x3::rule<struct operand_id, tree::Operand> operand{"an expression"};
inline constexpr x3::rule<primary_id, tree::Primary> primary{"an expression"};
inline constexpr x3::rule<suffix_id, tree::Suffix> suffix{"`[`"};
inline constexpr x3::rule<struct name_or_call_id, tree::NameOrCall> name_or_call{"a name"};
inline constexpr x3::rule<struct sum_id, tree::Sum> sum{"a sum"};
inline constexpr x3::rule<struct array_id, tree::Expressions> array{"an array"};
inline constexpr x3::rule<struct range_item_id, tree::RangeItem> range_item{"an expression"};
inline constexpr x3::rule<struct full_range_id, tree::RangeItem> full_range{"a range"};
inline constexpr x3::rule<struct index_list_id, tree::RangeItems> index_list{"`[`"};
inline constexpr x3::rule<struct type_arguments_id, tree::Expressions> type_arguments{"`(`"};
inline constexpr x3::rule<struct extents_id, tree::Expressions> extents{"`[`"};
inline constexpr x3::rule<struct names_id, std::vector<tree::Name>> names{"a name"};
inline constexpr x3::rule<argument_id, tree::Argument> argument{"an argument"};
inline constexpr x3::rule<struct argument_list_id, tree::Arguments> argument_list{"`(`"};
inline constexpr x3::rule<call_id, tree::Call> call{"a distribution call such as `normal(0, 1)`"};

inline constexpr x3::rule<type_id, tree::Type> type{"a type"};
inline constexpr x3::rule<struct parameter_id, tree::Parameter> parameter{"a parameter"};
inline constexpr x3::rule<struct parameter_list_id, std::vector<tree::Parameter>> parameter_list{"`(`"};
inline constexpr x3::rule<struct support_range_id, tree::RangeItem> support_range{"a range"};
inline constexpr x3::rule<struct support_id, tree::Support> support{"a support: a type or a range"};
inline constexpr x3::rule<target_id, tree::Target> target{"a name"};

inline constexpr x3::rule<struct block_id, tree::Block> block{"`{`"};
inline constexpr x3::rule<struct statements_id, tree::Block> statements{"statements"};
inline constexpr x3::rule<statement_id, tree::Statement> statement{"a statement"};
inline constexpr x3::rule<struct const_id, tree::Const> const_statement{"a statement"};
inline constexpr x3::rule<struct data_id, tree::Data> data_statement{"a statement"};
inline constexpr x3::rule<struct param_id, tree::Param> param_statement{"a statement"};
inline constexpr x3::rule<struct for_id, tree::For> for_statement{"a statement"};
inline constexpr x3::rule<branch_id, tree::Branch> branch{"a statement"};
inline constexpr x3::rule<struct branches_id, std::vector<tree::Branch>> branches{"a statement"};
inline constexpr x3::rule<struct if_id, tree::If> if_statement{"a statement"};
inline constexpr x3::rule<struct draw_id, tree::Draw> draw{"a distribution call such as `normal(0, 1)`"};
inline constexpr x3::rule<struct definition_id, tree::Definition> definition{"a statement"};
inline constexpr x3::rule<struct logpdf_id, tree::LogPdf> log_density{"a statement"};
inline constexpr x3::rule<struct distribution_id, tree::Distribution> distribution_statement{"a statement"};
inline constexpr x3::rule<struct function_id, tree::Function> function_statement{"a statement"};
inline constexpr x3::rule<struct network_id, tree::Network> network_statement{"a statement"};
inline constexpr x3::rule<struct guide_group_id, tree::GuideGroup> guide_group{"a group of names"};
inline constexpr x3::rule<struct guide_id, tree::Guide> guide_statement{"a statement"};
inline constexpr x3::rule<struct predict_id, tree::Predict> predict_statement{"a statement"};
inline constexpr x3::rule<struct use_id, tree::Use> use_statement{"a statement"};

// Tokens

inline constexpr WordParser word(std::string_view text) { return WordParser(text); }
inline constexpr KeywordParser keyword(std::string_view text) { return KeywordParser(text); }

inline constexpr auto name = called("a name")[NameParser{}];
inline constexpr auto equals = called("`=`")[EqualsParser{}];
inline constexpr auto colon = called("`:` and a type")[lit(':')];
inline constexpr auto close_call = called("`,` or `)`")[lit(')')];
inline constexpr auto close_index = called("`,` or `]`")[lit(']')];
inline constexpr auto close_parenthesis = called("`)`")[lit(')')];
inline constexpr auto close_block = called("a statement or `}`")[lit('}')];
inline constexpr auto dots = called("`..`")[lit("..")];

inline constexpr OperatorParser<tree::Operator, BinaryOp, 16> binary_operator{binary_operators};
inline constexpr OperatorParser<tree::Operator, BinaryOp, 5> multiplicative_operator{multiplicative_operators};
inline constexpr OperatorParser<tree::Prefix, UnaryOp, 2> unary_operator{unary_operators};

// Expressions: operators stay a flat list, so that long sums and chains of signs need no recursion; `to_ast` gives them precedence.

inline constexpr auto expression_def = limited(expression_cost)[operation >> *choice];
inline constexpr auto choice_def = lit('?') > expression > called("`:`")[lit(':')] > operation;
inline constexpr auto operation_def = operand >> *tail;
inline constexpr auto tail_def = binary_operator > operand;
inline constexpr auto product_def = limited(expression_cost)[operand >> *product_tail];
inline constexpr auto product_tail_def = multiplicative_operator > operand;
inline constexpr auto operand_def = *unary_operator >> primary >> *suffix;
inline constexpr auto primary_def = NumberParser{} | StringParser{} | sum | name_or_call | array | (lit('(') > expression > close_parenthesis);
inline constexpr auto sum_def = (word("sum") >> lit('(') >> name >> word("in")) > full_range > close_parenthesis > product;
inline constexpr auto name_or_call_def = name >> -argument_list;
inline constexpr auto array_def = lit('[') > -(expression >> *(lit(',') > expression)) > close_index;
inline constexpr auto suffix_def = index_list | FieldParser{};
inline constexpr auto index_list_def = lit('[') > called("an index")[range_item >> *(lit(',') > range_item)] > close_index;
inline constexpr auto range_item_def = expression >> -(lit("..") > expression);
inline constexpr auto full_range_def = expression > dots > expression;
inline constexpr auto argument_list_def = lit('(') > -(argument >> *(lit(',') > argument)) > close_call;
inline constexpr auto argument_def = -(LabelParser('=') >> equals) >> range_item;
inline constexpr auto call_def = name > argument_list;

// Declarations

inline constexpr auto names_def = name >> *(lit(',') > name);
inline constexpr auto type_arguments_def = lit('(') > called("an expression")[expression >> *(lit(',') > expression)] > close_call;
inline constexpr auto extents_def = lit('[') > called("an extent")[expression >> *(lit(',') > expression)] > close_index;
inline constexpr auto type_def = name >> -type_arguments >> -extents;
inline constexpr auto parameter_def = name >> -(lit(':') > type);
inline constexpr auto parameter_list_def = lit('(') > -(parameter >> *(lit(',') > parameter)) > close_call;
inline constexpr auto support_def = -(LabelParser(':') >> lit(':')) >> (support_range | type);
inline constexpr auto support_range_def = (expression >> lit("..")) > expression;
inline constexpr auto target_def = name >> -index_list;

// Statements

inline constexpr auto const_statement_def = word("const") > name > equals > expression;
inline constexpr auto data_statement_def = word("data") > names > colon > type > -(equals > expression) >
                                           -((word("from") >> &lit('"')) > StringParser{});
inline constexpr auto param_statement_def = word("param") > names > colon > type;
inline constexpr auto for_statement_def = word("for") > called("an index name")[name] > called("`in`")[word("in")] > range_item >
                                          -(word("weight") > expression) > block;
inline constexpr auto branch_def = word("if") > expression > block;
inline constexpr auto branches_def = branch >> *(word("else") >> &word("if") >> branch);
inline constexpr auto if_statement_def = branches >> -(word("else") > called("`{` or `if`")[block]);
// A statement may begin with a variable of the name `on`: a type follows the word only here.
inline constexpr auto draw_def = call >> -((word("on") >> &NameParser{}) > type);
inline constexpr auto definition_def = target > called("`~` or `=`")[(lit('~') > draw) | (equals > expression)];
inline constexpr auto log_density_def = (word("logpdf") >> lit('(')) > name > close_parenthesis > equals > expression;
inline constexpr auto distribution_statement_def = word("distribution") > name > parameter_list > -(word("on") > support) > block;
inline constexpr auto function_statement_def = word("function") > name > parameter_list > equals > expression;
inline constexpr auto network_statement_def = word("network") > name > parameter_list > called("`=` or `{`")[(equals > expression) | block];
inline constexpr auto guide_group_def = ((keyword("jointly") | keyword("independently")) >> lit('(')) > names > close_call;
inline constexpr auto guide_statement_def = keyword("guide") > called("a statement")[guide_group | limited(block_cost)[statement]];
inline constexpr auto predict_statement_def = keyword("predict") > called("a statement")[limited(block_cost)[statement]];
inline constexpr auto use_statement_def = keyword("use") > called("a module name or a file name in quotes")[name | StringParser{}];

inline constexpr auto statement_def =
    (!(lit('}') | x3::eoi)) >
    called("a statement")[const_statement | data_statement | param_statement | for_statement | if_statement | distribution_statement |
                          function_statement | network_statement | guide_statement | predict_statement | use_statement | log_density | definition];
inline constexpr auto statements_def = *lit(';') >> *(statement >> *lit(';'));
inline constexpr auto block_def = limited(block_cost)[lit('{') > statements > close_block];

// The only error handler: notes what is wrong, goes to the next statement and lets the parse go on there. The statement keeps an unset place.
struct statement_id : Placed {
  template <class Exception, class Context>
  x3::error_handler_result on_error(Iterator& first, const Iterator& last, const Exception& failure, const Context& context) {
    ParseState& state = state_of(context);
    Recovery recovery(state, skip_blanks(first, last), failure.where(), failure.which());
    while (recovery.stopped_at_block()) {
      Iterator p = recovery.position();
      tree::Block ignored;
      block.parse(p, last, context, x3::unused, ignored);
      recovery.go_on_after_block(p);
    }
    first = recovery.position();
    return x3::error_handler_result::accept;
  }
};

BOOST_SPIRIT_DEFINE(expression, choice, operation, tail, product, product_tail, operand, primary, suffix, name_or_call, sum, array)
BOOST_SPIRIT_DEFINE(range_item, full_range, index_list, argument, argument_list, call)
BOOST_SPIRIT_DEFINE(names, type_arguments, extents, type, parameter, parameter_list, support, support_range, target)
BOOST_SPIRIT_DEFINE(block, statements, statement, const_statement, data_statement, param_statement, for_statement, branch, branches, if_statement)
BOOST_SPIRIT_DEFINE(draw, definition, log_density, distribution_statement, function_statement, network_statement)
BOOST_SPIRIT_DEFINE(guide_group, guide_statement, predict_statement, use_statement)

}  // namespace jensen::grammar::rules
