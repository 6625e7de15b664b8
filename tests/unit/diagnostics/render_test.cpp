#include "diagnostics/render.hpp"

#include <nlohmann/json.hpp>

#include "catch.hpp"

using namespace jensen;

namespace {

struct Rendered {
  Sources sources;
  SourceId id;

  explicit Rendered(const std::string& text) : id(sources.add(Source("a.model", text))) {}
  [[nodiscard]] SourceSpan span(std::uint32_t begin, std::uint32_t end) const { return {id, begin, end}; }
  [[nodiscard]] std::string text(const Diagnostic& diagnostic, bool colour = false) const { return render_text({diagnostic}, sources, colour); }
};

}  // namespace

TEST_CASE("an error shows its place, its line, a caret, its notes", "[diagnostics]") {
  const Rendered r("x ~ normal(0 1)\ny = 2\n");
  const Diagnostic error{.code = "missing-comma",
                         .message = "expected `,`",
                         .span = r.span(13, 14),
                         .label = "here",
                         .notes = {{Note::Kind::note, "the `(` opened here", r.span(10, 11)}, {Note::Kind::help, "separate by commas"}}};
  CHECK(r.text(error) ==
        "a.model:1:14: error: expected `,` [missing-comma]\n"
        "    1 | x ~ normal(0 1)\n"
        "      |              ^ here\n"
        "a.model:1:11: note: the `(` opened here\n"
        "    1 | x ~ normal(0 1)\n"
        "      |           ^\n"
        "help: separate by commas\n");
}

TEST_CASE("a message without a place has no excerpt", "[diagnostics]") {
  const Rendered r("");
  CHECK(r.text({.severity = Severity::warning, .code = "c", .message = "m"}) == "warning: m [c]\n");
  CHECK(r.text({.code = "c", .message = "m", .span = {SourceId(7), 0, 1}}) == "error: m [c]\n");
}

TEST_CASE("carets stand below their columns behind tabs, wide letters and odd bytes", "[diagnostics]") {
  const Rendered r("\tx = \xC3\xA9 \xFF y\n");
  CHECK(r.text({.code = "c", .message = "m", .span = r.span(10, 11)}) ==
        "a.model:1:17: error: m [c]\n"
        "    1 | \tx = \xC3\xA9 \\xFF y\n"
        "      | \t           ^\n");
  CHECK(r.text({.code = "c", .message = "m", .span = r.span(8, 9)}) ==
        "a.model:1:15: error: m [c]\n"
        "    1 | \tx = \xC3\xA9 \\xFF y\n"
        "      | \t      ^^^^\n");
}

TEST_CASE("a span over several lines shows the first, an empty one a caret", "[diagnostics]") {
  const Rendered r("for n {\n x\n}\n");
  CHECK(r.text({.code = "c", .message = "m", .span = r.span(4, 11)}) ==
        "a.model:1:5: error: m [c]\n"
        "    1 | for n {\n"
        "      |     ^^^\n");
  CHECK(r.text({.code = "c", .message = "m", .span = r.span(7, 7)}) ==
        "a.model:1:8: error: m [c]\n"
        "    1 | for n {\n"
        "      |        ^\n");
  CHECK(r.text({.code = "c", .message = "m", .span = r.span(13, 13)}) ==
        "a.model:4:1: error: m [c]\n"
        "    4 | \n"
        "      | ^\n");
}

TEST_CASE("a long line is cut around the caret", "[diagnostics]") {
  const Rendered r(std::string(5000000, 'a') + "!" + std::string(5000000, 'b'));
  const std::string text = r.text({.code = "c", .message = "m", .span = r.span(5000000, 5000001)});
  const std::size_t line = text.find('\n') + 1;
  const std::size_t below = text.find('\n', line) + 1;
  CHECK(text.size() < 400);
  CHECK(text.substr(line, 11) == "    1 | ...");
  CHECK(text.substr(below - 4, 4) == "...\n");
  CHECK(text.find('!', line) - line == text.find('^', below) - below);
}

TEST_CASE("colour is asked for", "[diagnostics]") {
  const Rendered r("x");
  const Diagnostic error{.code = "c", .message = "m", .span = r.span(0, 1)};
  CHECK(r.text(error, true).find("\x1b[1;31merror:\x1b[0m m [c]") != std::string::npos);
  CHECK(r.text(error, false).find('\x1b') == std::string::npos);
}

TEST_CASE("JSON has the same facts and no nulls", "[diagnostics]") {
  const Rendered r("x ~\ny\n");
  const Diagnostic error{
      .code = "c", .message = "m \xFF", .span = r.span(2, 5), .notes = {{Note::Kind::help, "h"}, {Note::Kind::note, "n", r.span(0, 1)}}};
  const auto json = nlohmann::json::parse(render_json({error, {.severity = Severity::warning, .code = "w", .message = "k"}}, r.sources));
  CHECK(json == nlohmann::json::parse(R"([
    {"file": "a.model", "line": 1, "column": 3, "endLine": 2, "endColumn": 2, "severity": "error", "code": "c", "message": "m \\xFF",
     "notes": [{"kind": "help", "message": "h"},
               {"kind": "note", "message": "n", "file": "a.model", "line": 1, "column": 1, "endLine": 1, "endColumn": 2}]},
    {"severity": "warning", "code": "w", "message": "k", "notes": []}])"));
  CHECK(render_json({}, r.sources) == "[]");
}
