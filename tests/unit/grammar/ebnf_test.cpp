#include "generate/ebnf.hpp"

#include <fstream>
#include <iterator>

#include "catch.hpp"
#include "unit/grammar/parsing.hpp"

namespace {

using namespace jensen;

const tests::Ebnf& jensen_ebnf() {
  static const tests::Ebnf ebnf = [] {
    std::ifstream stream(std::string(JENSEN_SOURCE_DIR) + "/grammar/jensen.ebnf", std::ios::binary);
    return tests::read_ebnf(std::string(std::istreambuf_iterator<char>(stream), {}));
  }();
  return ebnf;
}

std::vector<std::string> alternatives(const std::string& rule) {
  std::vector<std::string> words;
  for (const tests::EbnfNode& part : jensen_ebnf().rules.at(rule).parts) words.push_back(part.parts.at(0).text);
  return words;
}

}  // namespace

TEST_CASE("every sentence of the EBNF parses, prints and parses to the same tree", "[grammar]") {
  tests::SentenceGenerator generator(jensen_ebnf(), 20240229);
  std::size_t bytes = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = generator.sentence(6 + i % 34);
    bytes += text.size();
    const Result<grammar::Program> program = grammar::parse(Source("sentence", text), SourceId(0));
    INFO(text);
    if (!program) FAIL(program.diagnostics().front().message);
    const std::string printed = grammar::to_text(*program);
    const Result<grammar::Program> again = grammar::parse(Source("printed", printed), SourceId(0));
    INFO(printed);
    if (!again) FAIL(again.diagnostics().front().message);
    REQUIRE(grammar::to_outline(*again) == grammar::to_outline(*program));
    REQUIRE(grammar::to_text(*again) == printed);
  }
  CHECK(bytes > 100000);
}

TEST_CASE("sentences reach every rule of the EBNF", "[grammar]") {
  tests::SentenceGenerator generator(jensen_ebnf(), 7);
  std::string all;
  for (int i = 0; i < 3000; ++i) all += generator.sentence(24);
  for (const std::string word : {"const ",
                                 "data ",
                                 "param ",
                                 "for ",
                                 "else",
                                 "guide",
                                 "network ",
                                 "distribution ",
                                 "function ",
                                 "predict",
                                 "use",
                                 "logpdf",
                                 "weight",
                                 "jointly",
                                 "independently",
                                 " on",
                                 "from",
                                 "|>",
                                 "./",
                                 ".*",
                                 "!=",
                                 "<=",
                                 "?",
                                 "..",
                                 "not "}) {
    INFO(word);
    CHECK(all.find(word) != std::string::npos);
  }
}

TEST_CASE("the words that the EBNF reserves cannot be names, and all others can", "[grammar]") {
  for (const std::string& word : alternatives("RESERVED")) {
    INFO(word);
    CHECK(tests::errors_of(word + " = 1").size() == 1);
    CHECK(tests::errors_of("param " + word + ": real").front().code == "reserved-word");
    CHECK(tests::errors_of("x = f(" + word + ")").size() == 1);
    CHECK(tests::errors_of(word + "s = 1").empty());
  }
}

TEST_CASE("a broken EBNF is refused with its line", "[grammar]") {
  CHECK_THROWS_WITH(tests::read_ebnf("a = \"x\" ;\nb = ( \"y\" ;"), "line 2: expected )");
  CHECK_THROWS_WITH(tests::read_ebnf("a = b ;"), "no rule b");
}
