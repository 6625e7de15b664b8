#include <pthread.h>

#include <functional>

#include "catch.hpp"
#include "unit/grammar/parsing.hpp"

using namespace jensen;
using tests::errors_of;
using tests::places_of;

namespace {

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

// Sanitizers and builds without optimisation make frames several times larger.
#if defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer);
#elif defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif
#if defined(__OPTIMIZE__)
constexpr bool optimised = true;
#else
constexpr bool optimised = false;
#endif
constexpr std::size_t small_stack = (optimised && !sanitized ? 512u : 8192u) << 10;

void* call(void* work) {
  (*static_cast<std::function<void()>*>(work))();
  return nullptr;
}

// Catch's assertions throw: they belong outside.
void on_small_stack(std::function<void()> work) {
  pthread_attr_t attributes;
  REQUIRE(pthread_attr_init(&attributes) == 0);
  REQUIRE(pthread_attr_setstacksize(&attributes, small_stack) == 0);
  pthread_t thread{};
  REQUIRE(pthread_create(&thread, &attributes, call, &work) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

std::string codes_on_small_stack(const std::string& text) {
  std::string codes;
  on_small_stack([&] {
    for (const Diagnostic& diagnostic : errors_of(text)) codes += (codes.empty() ? "" : " ") + diagnostic.code;
  });
  return codes;
}

// What can nest, as text before and after the innermost part.
struct Nest {
  std::string before;
  std::string inside;
  std::string after;
};

const std::vector<Nest> nests = {
    {"(", "1", ")"}, {"[", "1", "]"},   {"f(", "1", ")"}, {"f(a = -", "1", "^2..3)"}, {"x[", "1", "].m"},           {"(1 + ", "1", ")^2"},
    {"-", "1", ""},  {"not ", "a", ""}, {"2^", "1", ""},  {"a ? ", "1", " : 2"},      {"sum(i in 1..2) ", "a", ""},
};

}  // namespace

TEST_CASE("a hundred thousand brackets are a message, not a crash", "[grammar]") {
  for (const Nest& nest : nests) {
    INFO(nest.before);
    CHECK(codes_on_small_stack("x = " + repeated(nest.before, 100000) + nest.inside + repeated(nest.after, 100000)) == "nested-too-deep");
  }
  for (const std::string block : {"for n in 1..N {", "if a {", "guide ", "predict ", "if a { } else { if b {", "distribution d() {"}) {
    INFO(block);
    CHECK(codes_on_small_stack(repeated(block, 100000)) == "nested-too-deep");
  }
  CHECK(codes_on_small_stack("if a { }" + repeated(" else if b { }", 100000)) == "nested-too-deep");
}

TEST_CASE("the deepest permitted tree fits into 512 KiB of stack: parsed, copied, printed, destroyed", "[grammar]") {
  for (const Nest& nest : nests) {
    const std::string text = "x = " + repeated(nest.before, 126) + nest.inside + repeated(nest.after, 126);
    INFO(text);
    std::string outline;
    std::string again;
    on_small_stack([&] {
      const Result<grammar::Program> program = grammar::parse(Source("deep", text), SourceId(0));
      if (!program) return;
      const grammar::Program copy = *program;
      outline = grammar::to_outline(copy);
      again = grammar::to_outline(*grammar::parse(Source("again", grammar::to_text(copy)), SourceId(0)));
    });
    CHECK_FALSE(outline.empty());
    CHECK(again == outline);
  }
}

TEST_CASE("nesting is counted from the place that exceeds it", "[grammar]") {
  CHECK(places_of("x = ((1))", {.nesting = 3}).empty());
  CHECK(places_of("x = ((1))", {.nesting = 2}) == std::vector<std::string>{"1:7 nested-too-deep"});
  CHECK(places_of("y = 2 3\nx = ((1))", {.nesting = 2}) == std::vector<std::string>{"1:7 syntax-error", "2:7 nested-too-deep"});
  CHECK(places_of("x = ---1", {.nesting = 2}) == std::vector<std::string>{"1:7 nested-too-deep"});
}

TEST_CASE("a long flat expression is parsed without recursion and refused by its length", "[grammar]") {
  CHECK(codes_on_small_stack("x = 1" + repeated(" + 1", 500)).empty());
  CHECK(codes_on_small_stack("x = 1" + repeated(" + 1", 1000000)) == "expression-too-long");
  CHECK(codes_on_small_stack("x = a" + repeated("[1]", 1000)) == "expression-too-long");
  CHECK(codes_on_small_stack("x = a" + repeated(" ? 1 : a", 1000)) == "expression-too-long");
}

TEST_CASE("long lists are no deep trees", "[grammar]") {
  CHECK(codes_on_small_stack("data y: bool[N] = [1" + repeated(", 0", 100000) + "]").empty());
  CHECK(codes_on_small_stack(repeated("x = 1\n", 20000)).empty());
}

TEST_CASE("a text beyond the limit of bytes is refused before it is read", "[grammar]") {
  const Diagnostics errors = errors_of(std::string(50u << 20, ' '));
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].code == "file-too-large");
  CHECK(errors_of("x = 1", {.bytes = 5}).empty());
  CHECK(errors_of("x = 10", {.bytes = 5}).size() == 1);
}
