#include "data/npy.hpp"

#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/temporary_file.hpp"

using namespace jensen;
using data::NpyArray;
using data::read_npy;
using data::read_table;
using data::Table;
using tests::TemporaryFile;

namespace {

std::string npy_bytes(const std::string& dictionary, const std::string& elements, char version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += version;
  bytes += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i) bytes += static_cast<char>((dictionary.size() >> (8 * i)) & 0xff);
  return bytes + dictionary + elements;
}

std::string dictionary(const std::string& type, const std::string& fortran, const std::string& shape) {
  return "{'descr': '" + type + "', 'fortran_order': " + fortran + ", 'shape': " + shape + ", }   \n";
}

template <class T>
std::string elements(const std::vector<T>& values, bool swapped = false) {
  std::string bytes;
  for (const T value : values) {
    std::string one(sizeof(T), '\0');
    std::memcpy(one.data(), &value, sizeof(T));
    bytes += swapped ? std::string(one.rbegin(), one.rend()) : one;
  }
  return bytes;
}

NpyArray array_of(const std::string& bytes) {
  const TemporaryFile file("a.npy", bytes);
  Result<NpyArray> array = read_npy(file.path());
  if (!array) FAIL(array.diagnostics()[0].message);
  return *array;
}

std::string error_of(const std::string& bytes) {
  const TemporaryFile file("a.npy", bytes);
  const Result<NpyArray> array = read_npy(file.path());
  REQUIRE(!array);
  CHECK(array.diagnostics()[0].code == "data-npy");
  return array.diagnostics()[0].message;
}

const std::vector<double> one_to_six = {1, 2, 3, 4, 5, 6};

}  // namespace

TEST_CASE("C and Fortran order give the same row-major array") {
  const NpyArray c = array_of(npy_bytes(dictionary("<f8", "False", "(2, 3)"), elements(one_to_six)));
  CHECK(c.shape == std::vector<std::size_t>{2, 3});
  CHECK(c.values == one_to_six);
  const NpyArray fortran = array_of(npy_bytes(dictionary("<f8", "True", "(2, 3)"), elements<double>({1, 4, 2, 5, 3, 6})));
  CHECK(fortran.values == one_to_six);
}

TEST_CASE("three dimensions in Fortran order") {
  const NpyArray array = array_of(npy_bytes(dictionary("<f8", "True", "(2, 1, 3)"), elements<double>({1, 4, 2, 5, 3, 6})));
  CHECK(array.values == one_to_six);
}

TEST_CASE("every element type is converted") {
  CHECK(array_of(npy_bytes(dictionary("<f4", "False", "(2,)"), elements<float>({0.5f, -2}))).values == std::vector<double>{0.5, -2});
  CHECK(array_of(npy_bytes(dictionary("<i8", "False", "(1,)"), elements<std::int64_t>({-7}))).values == std::vector<double>{-7});
  CHECK(array_of(npy_bytes(dictionary("<i4", "False", "(1,)"), elements<std::int32_t>({-7}))).values == std::vector<double>{-7});
  CHECK(array_of(npy_bytes(dictionary("<u2", "False", "(1,)"), elements<std::uint16_t>({65535}))).values == std::vector<double>{65535});
  CHECK(array_of(npy_bytes(dictionary("|i1", "False", "(1,)"), "\xff")).values == std::vector<double>{-1});
  CHECK(array_of(npy_bytes(dictionary("|b1", "False", "(2,)"), std::string("\x01\x00", 2))).values == std::vector<double>{1, 0});
  CHECK(array_of(npy_bytes(dictionary(">f8", "False", "(1,)"), elements<double>({3.25}, true))).values == std::vector<double>{3.25});
}

TEST_CASE("format version 2, no dimension and no element") {
  CHECK(array_of(npy_bytes(dictionary("<f8", "False", "(1,)"), elements<double>({2}), 2)).values == std::vector<double>{2});
  CHECK(array_of(npy_bytes(dictionary("<f8", "False", "()"), elements<double>({2}))).shape.empty());
  CHECK(array_of(npy_bytes(dictionary("<f8", "False", "(0, 3)"), "")).values.empty());
}

TEST_CASE("an array of two dimensions is a table of V1, V2, ...") {
  for (const bool fortran : {false, true}) {
    const std::vector<double> order = fortran ? std::vector<double>{1, 4, 2, 5, 3, 6} : one_to_six;
    const TemporaryFile file("x.npy", npy_bytes(dictionary("<f8", fortran ? "True" : "False", "(2, 3)"), elements(order)));
    const Result<Table> table = read_table(file.path());
    REQUIRE(table);
    CHECK(table->rows == 2);
    CHECK(table->names() == std::vector<std::string>{"V1", "V2", "V3"});
    CHECK(table->find("V2")->numbers() == std::vector<double>{2, 5});
    CHECK(table->line_of(1) == 0);
  }
}

TEST_CASE("an array of one dimension is a column named as its file") {
  const TemporaryFile file("y.npy", npy_bytes(dictionary("<i8", "False", "(2,)"), elements<std::int64_t>({8, 9})));
  const Result<Table> table = read_table(file.path());
  REQUIRE(table);
  CHECK(table->names() == std::vector<std::string>{"y"});
  CHECK(table->columns[0].numbers() == std::vector<double>{8, 9});
  CHECK(table->place(table->columns[0], 1) == "`y.npy`, row 2, column `y`");
}

TEST_CASE("damaged .npy files are named with what is wrong") {
  using Catch::Matchers::ContainsSubstring;
  const std::string good = npy_bytes(dictionary("<f8", "False", "(2, 3)"), elements(one_to_six));
  for (std::size_t size = 0; size < good.size(); ++size) {
    INFO(size);
    CHECK(!error_of(good.substr(0, size)).empty());
  }
  CHECK_THAT(error_of(good + "x"), ContainsSubstring("should hold 48 bytes of elements, found 49"));
  CHECK_THAT(error_of(npy_bytes(dictionary("<c16", "False", "(1,)"), std::string(16, '\0'))), ContainsSubstring("`<c16`"));
  CHECK_THAT(error_of(npy_bytes(dictionary("<f9", "False", "(1,)"), "123456789")), ContainsSubstring("`<f9`"));
  CHECK_THAT(error_of(npy_bytes("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }\n", elements<double>({1}))),
             ContainsSubstring("structure"));
  CHECK_THAT(error_of(npy_bytes(dictionary("<f8", "False", "(4294967296, 4294967296)"), "")), ContainsSubstring("too many elements"));
  CHECK_THAT(error_of(npy_bytes(dictionary("<f8", "False", "(-1,)"), "")), ContainsSubstring("shape"));
  CHECK_THAT(error_of(npy_bytes("{}", "")), ContainsSubstring("structure"));
}

TEST_CASE("a table has one or two dimensions") {
  const TemporaryFile file("x.npy", npy_bytes(dictionary("<f8", "False", "(1, 1, 1)"), elements<double>({1})));
  const Result<Table> table = read_table(file.path());
  REQUIRE(!table);
  CHECK_THAT(table.diagnostics()[0].message, Catch::Matchers::ContainsSubstring("3 dimensions"));
}
