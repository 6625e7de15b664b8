#include <fstream>
#include <iterator>
#include <random>

#include "catch.hpp"
#include "diagnostics/render.hpp"
#include "generate/ebnf.hpp"
#include "unit/grammar/parsing.hpp"

namespace {

using namespace jensen;

// Any bytes are a tree that prints to itself, or diagnostics in order whose places lie inside the text.
void check_any(const std::string& text) {
  Sources sources;
  const SourceId id = sources.add(Source("any.model", text));
  const Result<grammar::Program> program = grammar::parse(sources[id], id);
  if (program) {
    const std::string printed = grammar::to_text(*program);
    const Result<grammar::Program> again = grammar::parse(Source("again", printed), id);
    INFO(printed);
    REQUIRE(again.ok());
    REQUIRE(grammar::to_outline(*again) == grammar::to_outline(*program));
    return;
  }
  REQUIRE_FALSE(program.diagnostics().empty());
  std::uint32_t last = 0;
  for (const Diagnostic& diagnostic : program.diagnostics()) {
    INFO(diagnostic.code << ": " << diagnostic.message);
    REQUIRE(diagnostic.span.begin >= last);
    REQUIRE(diagnostic.span.end >= diagnostic.span.begin);
    REQUIRE(diagnostic.span.end <= text.size());
    REQUIRE(diagnostic.message.find("boost") == std::string::npos);
    REQUIRE_FALSE(diagnostic.code.empty());
    last = diagnostic.span.begin;
  }
  REQUIRE_FALSE(render_text(program.diagnostics(), sources, true).empty());
  REQUIRE_FALSE(render_json(program.diagnostics(), sources).empty());
}

std::string sample_model() {
  std::ifstream stream(std::string(JENSEN_SOURCE_DIR) + "/tests/golden/parse/everything.model", std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

constexpr std::string_view odd_bytes = "(){}[]~=.,:;#\"\\<>+-*/^|?!&%'$@\n\r\t \0\x01\x7F\x80\xC3\xA9\xE2\xFF";

std::string mutated(std::string text, std::mt19937_64& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (std::size_t edits = 1 + below(4); edits > 0 && !text.empty(); --edits) {
    const std::size_t at = below(text.size());
    switch (below(5)) {
      case 0:
        text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text[at] = odd_bytes[below(odd_bytes.size())];
        break;
      case 2:
        text.insert(at, 1, odd_bytes[below(odd_bytes.size())]);
        break;
      case 3:
        text.erase(at, 1 + below(8));
        break;
      default:
        text.insert(at, text.substr(below(text.size()), 1 + below(30)));
        break;
    }
  }
  return text;
}

}  // namespace

TEST_CASE("models with random bytes changed are parsed or refused, never worse", "[grammar]") {
  const std::string model = sample_model();
  REQUIRE(tests::errors_of(model).empty());
  std::mt19937_64 random(11);
  for (int i = 0; i < 4000; ++i) {
    const std::string text = mutated(model, random);
    INFO(text);
    check_any(text);
  }
}

TEST_CASE("every prefix of a model is parsed or refused", "[grammar]") {
  const std::string model = sample_model();
  for (std::size_t length = 0; length <= model.size(); ++length) check_any(model.substr(0, length));
}

TEST_CASE("bytes above 127 stand in comments and texts, elsewhere they are an error with a place", "[grammar]") {
  for (int byte = 0x80; byte <= 0xFF; ++byte) {
    const std::string c(1, static_cast<char>(byte));
    INFO(byte);
    CHECK(tests::errors_of("x = 1 # " + c + "\ny = \"" + c + "\"").empty());
    for (const std::string& text : {c, "x" + c + " = 1", "x = " + c, "x = 1" + c, "x = 1." + c, "x ~ f(" + c + ")", "x[" + c, "for " + c}) {
      check_any(text);
      CHECK_FALSE(tests::errors_of(text).empty());
    }
  }
}

TEST_CASE("zero bytes are characters like others", "[grammar]") {
  check_any(std::string("x = 1\0y = 2", 11));
  check_any(std::string(100, '\0'));
}
