// The mistakes people make, each with what to write instead. One function per mistake; the first that applies speaks.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "diagnostics/suggest.hpp"
#include "x3/expected.hpp"
#include "x3/recover.hpp"
#include "x3/situation.hpp"

namespace jensen::grammar {
namespace {

using MaybeDiagnostic = std::optional<Diagnostic>;

Diagnostic error_at(std::string_view code, std::string message, SourceSpan span, std::vector<Note> notes = {}) {
  return {.code = std::string(code), .message = std::move(message), .span = span, .notes = std::move(notes)};
}

Note help(std::string message) { return {Note::Kind::help, std::move(message)}; }

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool expects_closing(const Situation& s) { return contains(s.expected, "`)`") || contains(s.expected, "`]`"); }

bool expects_name(const Situation& s) {
  return s.expected == "a name" || s.expected == "an index name" || s.expected == "a type" || s.expected == "a parameter" ||
         s.expected == "a module name or a file name in quotes";
}

bool expects_expression(const Situation& s) {
  return s.expected == "an expression" || s.expected == "an index" || s.expected == "an extent" || s.expected == "an argument" ||
         s.expected == "a range" || s.expected == "an argument or `)`" || s.expected == "an element or `]`";
}

MaybeDiagnostic number_slip(const Situation& s) {
  const char* end = s.where;
  while (end != s.state.last && (is_name_part(*end) || *end == '.')) ++end;
  if (s.expected == expected::digits_after_point) {
    return error_at("number-format", "a number has digits on both sides of its point", s.state.span(s.where, s.where + 1),
                    {help("write `1.0` for a number, `1..N` for a range")});
  }
  if (s.expected == expected::exponent_digits) {
    return error_at("number-format", "the exponent of this number has no digits", s.state.span(s.where, s.where + 1), {help("write `1e3`")});
  }
  if (s.expected == expected::number_boundary) {
    return error_at("number-format",
                    fmt::format("{} is neither a number nor a name", in_backticks({s.where, static_cast<std::size_t>(end - s.where)})),
                    s.state.span(s.where, end), {help("a name begins with a letter; a product needs `*`, as in `2 * x`")});
  }
  const bool point_first = s.found == "." && s.where + 1 != s.state.last && is_digit(s.where[1]);
  if (!point_first) return std::nullopt;
  return error_at("number-format", "a number has digits on both sides of its point", s.state.span(s.where, end),
                  {help(fmt::format("write `0{}`", std::string_view(s.where, static_cast<std::size_t>(end - s.where))))});
}

MaybeDiagnostic string_slip(const Situation& s) {
  if (s.expected == expected::closing_quote) {
    return error_at("unclosed-string", "this string is not closed on its line", s.state.span(s.where, s.where + 1), {help("end it with `\"`")});
  }
  if (s.expected == expected::string_escape) {
    return error_at("string-escape", fmt::format("`\\{}` is no escape", s.where[1]), s.state.span(s.where, s.where + 2),
                    {help("in a string write `\\\"` for a quote and `\\\\` for a backslash")});
  }
  if (s.found != "'") return std::nullopt;
  return error_at("syntax-error", "`'` does not begin a string", span_of(s, s.found),
                  {help("strings stand in double quotes; a transpose is `transpose(m)`")});
}

MaybeDiagnostic long_name(const Situation& s) {
  if (s.expected != expected::short_name) return std::nullopt;
  return error_at("name-too-long", "a name has at most 256 characters", span_of(s, s.found));
}

struct Spelling {
  std::string_view foreign;
  std::string_view advice;
};

constexpr std::array<Spelling, 21> foreign_operators = {{
    {"<-", "write `=` for a definition, `~` for a distribution"},
    {":=", "write `=`"},
    {"**", "write `^` for a power"},
    {"&&", "write `and`"},
    {"&", "write `and`"},
    {"||", "write `or`"},
    {"|", "write `or`"},
    {"!", "write `not`"},
    {"+=", "every `~` statement adds to the log density; a density of your own is a `distribution` with a `logpdf`"},
    {"-=", "write `x = ...` once for each name"},
    {"*=", "write `x = ...` once for each name"},
    {"/=", "write `x = ...` once for each name"},
    {"++", "write `+`"},
    {"->", "write `if` and `else`, or `c ? a : b`"},
    {"=>", "write `>=` for a comparison"},
    {"::", "a range is written `1..N`"},
    {"%%", "comments start with `#`"},
    {"@", "write `*` for a matrix product"},
    {"$", "a field is written `x.name`"},
    {"\\", "an expression goes on over the line by itself"},
    {"`", "names stand without quotes; a column is named in double quotes: `column(\"a b\")`"},
}};

MaybeDiagnostic foreign_operator(const Situation& s) {
  const std::string_view token = s.straddled() ? s.previous : s.found;
  for (const Spelling& spelling : foreign_operators) {
    if (spelling.foreign != token) continue;
    return error_at("foreign-operator", fmt::format("{} is not part of the language", in_backticks(token)), span_of(s, token),
                    {help(std::string(spelling.advice))});
  }
  return std::nullopt;
}

MaybeDiagnostic foreign_comment(const Situation& s) {
  const std::string_view token = s.straddled() ? s.previous : s.found;
  const bool block_comment = s.found == "*" && !s.previous.empty() && s.previous == "/";
  if (token != "//" && token != "%" && !block_comment) return std::nullopt;
  const SourceSpan span = block_comment ? s.state.span(s.previous.data(), s.where + 1) : span_of(s, token);
  const std::string_view shown = block_comment ? "/*" : token;
  return error_at("foreign-comment", fmt::format("`{}` does not begin a comment", shown), span,
                  {help("comments begin with `#` and end with the line")});
}

struct Lookalike {
  std::string_view character;
  std::string_view advice;
};

constexpr std::array<Lookalike, 34> lookalikes = {{
    {"\u2212", "write `-`"},
    {"\u2013", "write `-`"},
    {"\u2014", "write `-`"},
    {"\u00D7", "write `*`"},
    {"\u22C5", "write `*`"},
    {"\u00B7", "write `*`"},
    {"\u00F7", "write `/`"},
    {"\u223C", "write `~`"},
    {"\u02DC", "write `~`"},
    {"\u2264", "write `<=`"},
    {"\u2265", "write `>=`"},
    {"\u2260", "write `!=`"},
    {"\u2026", "write `..`"},
    {"\u2190", "write `=` or `~`"},
    {"\u201C", "write `\"`"},
    {"\u201D", "write `\"`"},
    {"\u2018", "write `\"`"},
    {"\u2019", "write `\"`"},
    {"\u00A0", "write a plain space"},
    {"\u200B", "remove it"},
    {"\uFEFF", "remove it"},
    {"\u2208", "write `in`"},
    {"\u2211", "write `sum(i in 1..N)`"},
    {"\u00B2", "write `^2`"},
    {"\u03B1", "write `alpha`"},
    {"\u03B2", "write `beta`"},
    {"\u03B3", "write `gamma`"},
    {"\u03B8", "write `theta`"},
    {"\u03BB", "write `lambda`"},
    {"\u03BC", "write `mu`"},
    {"\u03C0", "write `pi`"},
    {"\u03C3", "write `sigma`"},
    {"\u03C4", "write `tau`"},
    {"\u03C6", "write `phi`"},
}};

MaybeDiagnostic unknown_character(const Situation& s) {
  if (s.at_end()) return std::nullopt;
  const char c = s.found.front();
  if (is_ascii(c) && c >= ' ' && c != '\x7F') return std::nullopt;
  std::vector<Note> notes = {help("letters outside ASCII may stand in comments and strings; names have `a-z A-Z 0-9 _`")};
  const auto* known = std::find_if(lookalikes.begin(), lookalikes.end(), [&](const Lookalike& l) { return l.character == s.found; });
  if (known != lookalikes.end()) notes = {help(std::string(known->advice))};
  return error_at("unknown-character", fmt::format("the character {} is not part of the language", in_backticks(s.found)), span_of(s, s.found),
                  std::move(notes));
}

MaybeDiagnostic colon_range(const Situation& s) {
  if (s.found != ":" || expects_expression(s) || expects_name(s) || s.expected == "a statement" || contains(s.expected, "`~`")) return std::nullopt;
  return error_at("foreign-operator", "a range is not written with `:`", span_of(s, s.found), {help("write `1..N`")});
}

Diagnostic reserved_word(const Situation& s, std::string_view word) {
  if (is_operator_word(word)) return error_at("reserved-word", fmt::format("`{}` is an operator and cannot be a name", word), span_of(s, word));
  return error_at("reserved-word", fmt::format("`{}` is a reserved word and cannot be a name", word), span_of(s, word),
                  {help("choose another name; a data column of this name is bound by `= column(\"" + std::string(word) + "\")`")});
}

// A reserved word on a new line begins the next statement: then something is missing before it, rather than the word wrong.
MaybeDiagnostic reserved_name(const Situation& s) {
  const bool word = is_reserved(s.found) || is_operator_word(s.found);
  if (word && !s.new_line && (expects_name(s) || (expects_expression(s) && s.found != "in"))) return reserved_word(s, s.found);
  const bool as_target = s.found == "~" || s.found == "=" || s.found == "[";
  if (as_target && is_reserved(s.previous) && expects_name(s)) return reserved_word(s, s.previous);
  if (s.expected != "a statement" || !word) return std::nullopt;
  if (s.found != "else") return reserved_word(s, s.found);
  return error_at("syntax-error", "`else` does not follow the block of an `if`", span_of(s, s.found));
}

MaybeDiagnostic trailing_comma(const Situation& s) {
  if (s.previous != "," || s.straddled() || (s.found != ")" && s.found != "]")) return std::nullopt;
  return error_at("trailing-comma", fmt::format("a comma before {}", in_backticks(s.found)), span_of(s, s.previous),
                  {help("remove the comma, or write what should follow it")});
}

MaybeDiagnostic unclosed_bracket(const Situation& s) {
  if (!expects_closing(s)) return std::nullopt;
  const std::vector<const char*> open = open_brackets(s.statement, s.where);
  if (open.empty() || closing_bracket(s.where, s.state.last, std::string(1, *open.back())) != nullptr) return std::nullopt;
  const std::string_view bracket(open.back(), 1);
  return error_at("unclosed-bracket", fmt::format("{} is not closed: expected {}, found {}", in_backticks(bracket), s.expected, found_words(s)),
                  place_of(s), {{Note::Kind::note, fmt::format("{} opens here", in_backticks(bracket)), span_of(s, bracket)}});
}

MaybeDiagnostic missing_comma(const Situation& s) {
  if (!contains(s.expected, "`,`") || s.at_end() || !(is_name_part(s.found.front()) || s.found.front() == '"')) return std::nullopt;
  return error_at("missing-comma", fmt::format("expected {}, found {}", s.expected, in_backticks(s.found)), place_of(s),
                  {help("separate arguments by commas")});
}

struct OpenBlock {
  const char* brace;
  std::ptrdiff_t indent;  // of its line
};

// What opened the block that is still open at the end: a block whose `}` stands further left than its own line was probably the one.
std::string_view unclosed_block_start(const ParseState& state) {
  std::vector<OpenBlock> open;
  std::ptrdiff_t indent = 0;
  const char* previous = state.first;
  for (const char* p = skip_blanks(state.first, state.last); p != state.last; p = skip_blanks(previous, state.last)) {
    const std::size_t line_end = std::string_view(previous, static_cast<std::size_t>(p - previous)).rfind('\n');
    const bool first_on_line = line_end != std::string_view::npos;
    if (first_on_line) indent = p - (previous + line_end + 1);
    if (*p == '{') open.push_back({p, indent});
    if (*p == '}' && !open.empty()) {
      if (first_on_line && indent < open.back().indent) return {open.back().brace, 1};
      open.pop_back();
    }
    previous = token_end(p, state.last);
  }
  return open.empty() ? std::string_view() : std::string_view(open.back().brace, 1);
}

MaybeDiagnostic unclosed_block(const Situation& s) {
  if (!s.at_end() || !contains(s.expected, "`}`")) return std::nullopt;
  const char* end = trim_blanks(s.state.first, s.state.last, s.state.comments);
  Diagnostic diagnostic = error_at("unclosed-block", "expected `}`, found the end of the file", s.state.span(end, end));
  const std::string_view open = unclosed_block_start(s.state);
  if (!open.empty()) diagnostic.notes = {{Note::Kind::note, "this block is not closed", span_of(s, open)}};
  return diagnostic;
}

MaybeDiagnostic for_header(const Situation& s) {
  const bool parenthesis = s.expected == "an index name" && s.found == "(";
  const bool equals = s.expected == "`in`" && (s.found == "=" || s.found == ":");
  if (!parenthesis && !equals) return std::nullopt;
  return error_at("syntax-error", fmt::format("expected {}, found {}", s.expected, in_backticks(s.found)), span_of(s, s.found),
                  {help("write `for n in 1..N { ... }`, without parentheses")});
}

MaybeDiagnostic block_start(const Situation& s) {
  if (!contains(s.expected, "`{`") || contains(s.expected, "`=`") || s.at_end()) return std::nullopt;
  const char* advice = s.found == "=" ? "`==` compares" : "the body stands in braces, also where it is a single statement";
  return error_at("syntax-error", fmt::format("expected {}, found {}", s.expected, found_words(s)), place_of(s), {help(advice)});
}

constexpr std::array<std::string_view, 9> statement_words = {"const",        "data",     "param",   "guide", "network",
                                                             "distribution", "function", "predict", "use"};

std::string definition_advice(const Situation& s) {
  if (s.found == "==") return "`=` defines, `==` compares";
  if (s.found == "(") return fmt::format("a function is defined by `function {}(x) = ...`", s.previous);
  if (s.found == ":") return fmt::format("declare it: `data {0}: type` or `param {0}: type`", s.previous);
  if (s.found == "," || s.found == ".") return "one name stands on the left of `~` and `=`";
  const std::vector<std::string> words(statement_words.begin(), statement_words.end());
  const std::vector<std::string> near = suggest(s.previous, words);
  return near.empty() || s.new_line ? "" : fmt::format("did you mean `{}`?", near.front());
}

MaybeDiagnostic bad_definition(const Situation& s) {
  if (s.expected != "`~` or `=`" || s.at_end()) return std::nullopt;
  const std::string advice = definition_advice(s);
  if (advice.empty()) return std::nullopt;
  return error_at("syntax-error", fmt::format("expected {} after {}, found {}", s.expected, in_backticks(s.previous), in_backticks(s.found)),
                  place_of(s), {help(advice)});
}

MaybeDiagnostic bad_distribution(const Situation& s) {
  if (!s.expected.starts_with("a distribution call") && !(s.expected == "`(`" && s.new_line)) return std::nullopt;
  return error_at("syntax-error", fmt::format("expected {} after {}", s.expected, in_backticks(s.previous)), place_of(s),
                  {help("on the right of `~` stands a distribution with its arguments in parentheses: `x ~ normal(0, 1)`")});
}

// The start of the target `name` or `name[...]` that ends at `end`; `end` if there is none.
const char* target_start(const char* first, const char* end) {
  const char* p = end;
  for (int open = 0; p != first && (open > 0 || p[-1] == ']');) {
    --p;
    open += (*p == ']') - (*p == '[');
  }
  while (p != first && is_name_part(p[-1])) --p;
  return p;
}

// `x =` and on the next line `y = 3`: y was taken for the value of x.
MaybeDiagnostic missing_value(const Situation& s) {
  if (s.expected != "a statement" || (s.found != "=" && s.found != "~")) return std::nullopt;
  const char* target = target_start(s.state.first, trim_blanks(s.state.first, s.where, s.state.comments));
  const char* end = trim_blanks(s.state.first, target, s.state.comments);
  const std::string_view between(end, static_cast<std::size_t>(target - end));
  if (end == s.state.first || !contains(between, "\n") || !contains("=~+-*/^<>?:", std::string_view(end - 1, 1))) return std::nullopt;
  return error_at("syntax-error", fmt::format("expected an expression after `{}` on this line", end[-1]), s.state.span(end, end));
}

MaybeDiagnostic bad_statement(const Situation& s) {
  if (s.expected != "a statement" || s.at_end()) return std::nullopt;
  if (s.found == ")" || s.found == "]") {
    return error_at("unmatched-bracket", fmt::format("{} closes nothing: no bracket is open here", in_backticks(s.found)), span_of(s, s.found));
  }
  const char c = s.found.front();
  std::string advice = "a statement begins with a name or one of the words `const data param for if guide network distribution function predict use`";
  if (contains("+-*/^.<>=!?|", std::string_view(&c, 1)))
    advice = "on the right of `~` stands one distribution call; arithmetic goes into its arguments";
  return error_at("syntax-error", fmt::format("expected a statement, found {}", in_backticks(s.found)), span_of(s, s.found), {help(advice)});
}

constexpr std::array slips = {number_slip,    string_slip, long_name,      foreign_comment,  foreign_operator, unknown_character,
                              for_header,     colon_range, reserved_name,  trailing_comma,   unclosed_bracket, missing_comma,
                              unclosed_block, block_start, bad_definition, bad_distribution, missing_value,    bad_statement};

}  // namespace

std::optional<Diagnostic> find_slip(const Situation& situation) {
  for (const auto& slip : slips) {
    if (MaybeDiagnostic diagnostic = slip(situation)) return diagnostic;
  }
  return std::nullopt;
}

}  // namespace jensen::grammar
