#include <zlib.h>

#include <string>

#include "catch.hpp"
#include "data/table.hpp"
#include "support/temporary_file.hpp"

using namespace jensen;
using data::read_table;
using data::Table;
using tests::TemporaryFile;

namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string bytes(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(bytes.data());
  stream.avail_out = static_cast<uInt>(bytes.size());
  deflate(&stream, Z_FINISH);
  bytes.resize(bytes.size() - stream.avail_out);
  deflateEnd(&stream);
  return bytes;
}

std::string many_rows(int rows) {
  std::string text = "n,label\n";
  for (int i = 0; i < rows; ++i) text += std::to_string(i) + "," + (i % 2 == 0 ? "even" : "odd") + "\n";
  return text;
}

Diagnostic error_of(const std::string& path, const data::CsvOptions& options = {}) {
  const Result<Table> table = read_table(path, options);
  REQUIRE(!table);
  return table.diagnostics()[0];
}

}  // namespace

TEST_CASE("a file is read under its own name") {
  const TemporaryFile file("f.csv", "x\n1\n");
  const Result<Table> table = read_table(file.path());
  REQUIRE(table);
  CHECK(table->source == "f.csv");
  CHECK(table->columns[0].numbers() == std::vector<double>{1});
}

TEST_CASE("gzip is recognised by its first bytes, whatever the file's ending") {
  const std::string text = many_rows(200000);
  const TemporaryFile file("f.csv", gzip(text));
  const Result<Table> table = read_table(file.path());
  REQUIRE(table);
  CHECK(table->rows == 200000);
  CHECK(table->find("n")->numbers()[199999] == 199999);
}

TEST_CASE("a gzip file of several members is their texts one after the other") {
  const TemporaryFile file("f.csv.gz", gzip("x\n1\n") + gzip("2\n") + std::string(8, '\0') + gzip("3\n"));
  const Result<Table> table = read_table(file.path());
  REQUIRE(table);
  CHECK(table->columns[0].numbers() == std::vector<double>{1, 2, 3});
}

TEST_CASE("a late text column of a gzip file is read twice") {
  const TemporaryFile file("f.csv.gz", gzip(many_rows(3000) + "x,odd\n"));
  const Result<Table> table = read_table(file.path());
  REQUIRE(table);
  CHECK(table->find("n")->strings().levels.size() == 3001);
}

TEST_CASE("a gzip file cut anywhere is an error, never a shorter table") {
  const std::string bytes = gzip(many_rows(1000));
  for (std::size_t size : {std::size_t{3}, std::size_t{12}, bytes.size() / 2, bytes.size() - 9, bytes.size() - 1}) {
    const TemporaryFile file("f.csv.gz", bytes.substr(0, size));
    INFO(size);
    CHECK(error_of(file.path()).code == "data-gzip");
  }
}

TEST_CASE("a damaged gzip file is an error") {
  std::string bytes = gzip(many_rows(1000));
  bytes[bytes.size() / 2] ^= 0x55;
  const TemporaryFile file("f.csv.gz", bytes);
  CHECK(error_of(file.path()).code == "data-gzip");
  const TemporaryFile tail("f.csv.gz", gzip("x\n1\n") + "garbage");
  CHECK(error_of(tail.path()).code == "data-gzip");
}

TEST_CASE("a gzip file that expands beyond both limits is refused") {
  const TemporaryFile file("f.csv.gz", gzip("x\n" + std::string(std::size_t{8} << 20, '1')));
  data::CsvOptions options;
  options.expanded_bytes = std::uint64_t{1} << 20;
  options.expansion = 100;
  CHECK(error_of(file.path(), options).code == "data-gzip-limit");
  options.expansion = 1e6;
  CHECK(read_table(file.path(), options).ok());
}

TEST_CASE("a file that cannot be read is exit status 66") {
  const TemporaryFile file("f.csv", "");
  const Diagnostic missing = error_of(file.folder() + "/none.csv");
  CHECK(missing.code == "data-not-found");
  CHECK(missing.status == ExitStatus::no_input);
  CHECK(error_of(file.folder()).status == ExitStatus::no_input);
  CHECK(error_of(file.path()).code == "data-empty");
}

TEST_CASE("a device that cannot be read twice is read") { CHECK(error_of("/dev/null").code == "data-empty"); }
