#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "data/table.hpp"

using namespace jensen;
using data::read_csv_text;
using data::Table;

namespace {

Table table_of(std::string_view text, const data::CsvOptions& options = {}) {
  Result<Table> table = read_csv_text(text, "t.csv", options);
  if (!table) FAIL(table.diagnostics()[0].message);
  return *table;
}

Diagnostic error_of(std::string_view text, const data::CsvOptions& options = {}) {
  const Result<Table> table = read_csv_text(text, "t.csv", options);
  REQUIRE(!table);
  REQUIRE(table.diagnostics().size() == 1);
  return table.diagnostics()[0];
}

std::vector<std::string> texts_of(const Table& table, std::string_view name) {
  const data::Column* column = table.find(name);
  REQUIRE(column != nullptr);
  std::vector<std::string> texts;
  for (std::size_t row = 0; row < column->size(); ++row) texts.push_back(column->text(row));
  return texts;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("numbers become a numeric column, text a column of levels in order of appearance") {
  const Table table = table_of("x,g\n1,b\n2.5,a\n-3e2,b\n");
  CHECK(table.rows == 3);
  CHECK(table.names() == Texts{"x", "g"});
  CHECK(table.find("x")->numbers() == std::vector<double>{1, 2.5, -300});
  CHECK(table.find("g")->strings().levels == Texts{"b", "a"});
  CHECK(table.find("g")->strings().codes == std::vector<std::uint32_t>{0, 1, 0});
  CHECK(table.find("y") == nullptr);
}

TEST_CASE("line ends of every kind, a byte order mark and a missing last line end change nothing") {
  const Table plain = table_of("x,y\n1,2\n3,4\n");
  for (const std::string text :
       {"x,y\r\n1,2\r\n3,4\r\n", "\xef\xbb\xbfx,y\n1,2\n3,4", "x,y\r1,2\r3,4", "\n\nx,y\n1,2\n\n3,4\n\n\n", "x , y\n 1,\t2 \n3,4\n"}) {
    const Table table = table_of(text);
    CHECK(table.names() == plain.names());
    CHECK(table.find("x")->numbers() == plain.find("x")->numbers());
    CHECK(table.find("y")->numbers() == plain.find("y")->numbers());
  }
}

TEST_CASE("quoted cells hold delimiters, line ends and doubled quotes") {
  const Table table = table_of("a,b\n\"x, y\",1\n\"line\nline\",2\n\"say \"\"no\"\"\" ,3\n\"\"\"\",4\n");
  CHECK(texts_of(table, "a") == Texts{"x, y", "line\nline", "say \"no\"", "\""});
  CHECK(table.find("b")->numbers() == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("quoted names and numbers are names and numbers") {
  const Table table = table_of("\"Sepal.Length\",\"a,b\"\n\"5.1\",\"2\"\n");
  CHECK(table.names() == Texts{"Sepal.Length", "a,b"});
  CHECK(table.find("Sepal.Length")->numbers() == std::vector<double>{5.1});
}

TEST_CASE("a quote inside an unquoted cell is an ordinary byte") { CHECK(texts_of(table_of("a\n5\" pipe\n"), "a") == Texts{"5\" pipe"}); }

TEST_CASE("NA and empty cells are missing, NaN and inf are numbers") {
  const Table table = table_of("x,g\nNA,a\n,NA\nNaN,\ninf,b\n-Inf,c\n2,\"\"\n");
  const data::Column& x = *table.find("x");
  REQUIRE(x.numeric());
  CHECK(x.missing == std::vector<bool>{true, true, false, false, false, false});
  CHECK(std::isnan(x.numbers()[0]));
  CHECK(std::isnan(x.numbers()[2]));
  CHECK(x.numbers()[3] == std::numeric_limits<double>::infinity());
  CHECK(x.numbers()[4] == -std::numeric_limits<double>::infinity());
  CHECK(x.missing_count() == 2);
  const data::Column& g = *table.find("g");
  CHECK(g.missing == std::vector<bool>{false, true, true, false, false, true});
  CHECK(g.strings().codes[1] == data::StringColumn::no_level);
  CHECK(g.strings().levels == Texts{"a", "b", "c"});
}

TEST_CASE("no missing cell, no map of them") { CHECK(table_of("x\n1\n2\n").columns[0].missing.empty()); }

TEST_CASE("the words for missing can be chosen") {
  data::CsvOptions options;
  options.missing = {".", "null"};
  const Table table = table_of("x\n.\nnull\n1\n", options);
  CHECK(table.find("x")->missing_count() == 2);
  CHECK(!table_of("x\nNA\n1\n", options).find("x")->numeric());
}

TEST_CASE("a column that turns to text late keeps the exact text of its numbers") {
  std::string text = "id,x\n";
  for (int i = 0; i < 5000; ++i) text += "007.50,1\n";
  text += "none,2\nNA,3\n";
  const Table table = table_of(text);
  const data::Column& id = *table.find("id");
  REQUIRE(!id.numeric());
  CHECK(id.strings().levels == Texts{"007.50", "none"});
  CHECK(id.size() == table.rows);
  CHECK(id.is_missing(5001));
  CHECK(table.find("x")->numbers()[5001] == 3);
}

TEST_CASE("missing cells before the first text are not a reason to read twice and stay missing") {
  const Table table = table_of("g\nNA\nNA\nb\n");
  CHECK(table.find("g")->missing == std::vector<bool>{true, true, false});
  CHECK(texts_of(table, "g") == Texts{"NA", "NA", "b"});
}

TEST_CASE("blanks of text cells are kept") { CHECK(texts_of(table_of("a,b\n x ,1\n"), "a") == Texts{" x "}); }

TEST_CASE("bytes above 127 are text") {
  const Table table = table_of("größe,ort\n1,Zürich\n2,\xff\xfe\n");
  CHECK(table.find("größe")->numeric());
  CHECK(texts_of(table, "ort") == Texts{"Zürich", "\xff\xfe"});
}

TEST_CASE("another delimiter") {
  data::CsvOptions options;
  options.delimiter = '\t';
  const Table table = table_of("a\tb\n1\t\n2\tx,y\n", options);
  CHECK(table.find("b")->is_missing(0));
  CHECK(texts_of(table, "b")[1] == "x,y");
}

TEST_CASE("columns without a name are row labels and are not read") {
  const Table table = table_of("\"\",x\n\"1\",5\n\"2\",6\n");
  CHECK(table.names() == Texts{"x"});
  CHECK(table.find("x")->numbers() == std::vector<double>{5, 6});
}

TEST_CASE("a header alone is a table of no rows") {
  const Table table = table_of("x,y\n");
  CHECK(table.rows == 0);
  CHECK(table.columns.size() == 2);
  CHECK(table.find("x")->numeric());
}

TEST_CASE("in a table of one column a blank line between rows is a missing cell") {
  const Table table = table_of("x\n1\n\n2\n\"\"\n\n\n");
  CHECK(table.rows == 4);
  CHECK(table.find("x")->missing == std::vector<bool>{false, true, false, true});
  CHECK(table.line_of(1) == 3);
}

TEST_CASE("rows know their lines") {
  const Table table = table_of("a,b\n1,2\n\"x\ny\",3\n\n4,5\n6,7\n");
  CHECK(table.line_of(0) == 2);
  CHECK(table.line_of(1) == 3);
  CHECK(table.line_of(2) == 6);
  CHECK(table.line_of(3) == 7);
  CHECK(table.place(table.columns[1], 2) == "`t.csv`, row 3 (line 6), column `b`");
}

TEST_CASE("a ragged row is named with what was expected and found") {
  const Diagnostic few = error_of("a,b,c\n1,2,3\n4,5\n");
  CHECK(few.code == "data-ragged-row");
  CHECK(few.message == "`t.csv`, row 2 (line 3) has 2 cells, the header has 3");
  CHECK(few.status == ExitStatus::bad_input);
  CHECK(error_of("a,b\n1,2,3\n").message == "`t.csv`, row 1 (line 2) has 3 cells, the header has 2");
  CHECK(error_of("a,b\n\"1\n\n\",2\n1\n").message == "`t.csv`, row 2 (line 5) has 1 cell, the header has 2");
}

TEST_CASE("a name used twice is named with both places") {
  const Diagnostic error = error_of("x,y,x\n1,2,3\n");
  CHECK(error.code == "data-duplicate-column");
  CHECK(error.message == "`t.csv` has two columns named `x`: cells 1 and 3 of its header");
}

TEST_CASE("an empty file has no header") {
  CHECK(error_of("").code == "data-empty");
  CHECK(error_of("\n \n").code == "data-empty");
  CHECK(error_of("\xef\xbb\xbf").code == "data-empty");
}

TEST_CASE("quotes that do not close or close too early are named with their line") {
  CHECK(error_of("a,b\n1,2\n\"x\ny,3\n").message == "`t.csv`, line 3: a double quote is opened and never closed");
  CHECK(error_of("a,b\n\"x\"y,3\n").message == "`t.csv`, line 2, cell 1: text after the closing double quote");
}

TEST_CASE("what is no text is refused") {
  CHECK(error_of(std::string("a,b\n1,\0002\n", 9)).code == "data-not-text");
  const Diagnostic utf16 =
      error_of(std::string("\xff\xfe"
                           "a\0\n\0",
                           6));
  CHECK(utf16.code == "data-not-text");
  REQUIRE(utf16.notes.size() == 1);
  CHECK_THAT(utf16.notes[0].message, Catch::Matchers::ContainsSubstring("UTF-16"));
}

TEST_CASE("a row beyond the limit is refused") {
  data::CsvOptions options;
  options.record_bytes = 64;
  CHECK(table_of("x\n1\n2\n", options).rows == 2);
  CHECK(error_of("x\n\"" + std::string(100, 'a') + "\"\n", options).code == "data-row-too-long");
}

TEST_CASE("rows across the ends of chunks are read whole") {
  std::string text = "id,note\n";
  const int rows = 300000;
  for (int i = 0; i < rows; ++i) text += std::to_string(i) + (i % 3 == 0 ? ",\"a \"\"quoted\"\", note\"\r\n" : ",plain\r\n");
  REQUIRE(text.size() > (3u << 20));
  const Table table = table_of(text);
  REQUIRE(table.rows == static_cast<std::size_t>(rows));
  CHECK(table.find("note")->strings().levels == Texts{"a \"quoted\", note", "plain"});
  bool same = true;
  for (int i = 0; i < rows; ++i) same = same && table.find("id")->numbers()[static_cast<std::size_t>(i)] == i;
  CHECK(same);
  CHECK(table.lines.size() == 1);
}
