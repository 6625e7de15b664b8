// Damaged inputs of every kind give a table or a diagnostic, never a crash; run under the sanitizers this is the real test.
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "data/table.hpp"

using namespace jensen;

namespace {

const std::vector<std::string> seeds = {
    "x,g,\"long, name\"\n1,a,\"q\"\"q\"\n2.5,NA,\"l\nl\"\n,b,3\n",
    "\xef\xbb\xbf\"\",x\r\n\"1\",NaN\r\n\"2\",1e999\r\n",
    "x\n1\n\n2\n\"\"\n",
    std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\xe0\x32\xe4\x02\x00", 16),
    std::string("\x93NUMPY\x01\x00\x40\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }      \n", 74) + std::string(8, '\1'),
};

const std::string bytes_of_interest = std::string("\",\r\n\0 \tNA09.e-+\xff\xef\xbb\xbf(){}'", 25);

std::string mutate(std::string text, std::mt19937& random) {
  const int changes = 1 + static_cast<int>(random() % 6);
  for (int i = 0; i < changes && !text.empty(); ++i) {
    const std::size_t at = random() % text.size();
    const char byte = random() % 4 == 0 ? static_cast<char>(random() % 256) : bytes_of_interest[random() % bytes_of_interest.size()];
    switch (random() % 4) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1 + random() % 3, byte);
        break;
      case 2:
        text.erase(at, 1 + random() % 4);
        break;
      case 3:
        text.insert(at, text.substr(random() % text.size(), random() % 20));
        break;
    }
  }
  return text;
}

bool consistent(const data::Table& table) {
  for (const data::Column& column : table.columns) {
    if (column.size() != table.rows) return false;
    if (!column.missing.empty() && column.missing.size() != table.rows) return false;
    for (std::size_t row = 0; row < table.rows; ++row)
      if (column.text(row).empty() && column.numeric()) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("random mutations of good files are read or refused") {
  std::mt19937 random(20);
  int read = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string text = mutate(seeds[random() % seeds.size()], random);
    data::CsvOptions options;
    options.record_bytes = 32 + random() % 64;
    const Result<data::Table> table = data::read_csv_text(text, "m.csv", options);
    if (!table) {
      const bool said = !table.diagnostics().empty() && !table.diagnostics()[0].message.empty();
      if (!said) FAIL("a failure without a diagnostic: " << text);
      continue;
    }
    ++read;
    if (!consistent(*table)) FAIL("columns of unequal length: " << text);
  }
  CHECK(read > 1000);
}

TEST_CASE("small and large chunks read the same table") {
  std::mt19937 random(21);
  for (int i = 0; i < 3000; ++i) {
    const std::string text = mutate(seeds[random() % 3], random);
    data::CsvOptions small;
    small.record_bytes = 256;
    const Result<data::Table> a = data::read_csv_text(text + "\n" + text.substr(text.find('\n') + 1), "m.csv", small);
    const Result<data::Table> b = data::read_csv_text(text + "\n" + text.substr(text.find('\n') + 1), "m.csv");
    if (a.ok() != b.ok()) FAIL(text);
    if (a && a->rows != b->rows) FAIL(text);
  }
}
