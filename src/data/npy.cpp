#include "data/npy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "data/guarded.hpp"
#include "data/messages.hpp"
#include "data/number.hpp"

namespace jensen::data {
namespace {

struct ElementType {
  char kind = 'f';  // f float, i signed, u unsigned, b bool
  std::size_t bytes = 8;
  bool swapped = false;  // the file's byte order is not this machine's
};

struct NpyHeader {
  ElementType type;
  bool fortran = false;
  std::vector<std::size_t> shape;
  std::size_t elements = 1;
};

// The value of a key in the header, a Python dictionary written as text, up to the comma or brace that ends it.
std::string_view dictionary_value(std::string_view text, std::string_view key) {
  const std::size_t found = text.find(fmt::format("'{}':", key));
  if (found == std::string_view::npos) return {};
  std::string_view rest = trimmed(text.substr(found + key.size() + 3));
  const std::size_t end = rest.starts_with('(') ? rest.find(')') : rest.find_first_of(",}");
  return rest.substr(0, end);
}

ElementType parse_type(std::string_view text, const std::string& source) {
  if (!text.starts_with('\'')) throw Failure(npy_type(source, "structure"));
  const std::string_view code = text.substr(1, text.find('\'', 1) - 1);
  if (code.size() < 3) throw Failure(npy_type(source, std::string(text)));
  ElementType type{code[1], 0, code[0] == (std::endian::native == std::endian::little ? '>' : '<')};
  std::from_chars(code.data() + 2, code.data() + code.size(), type.bytes);
  const bool is_float = type.kind == 'f' && (type.bytes == 4 || type.bytes == 8);
  const bool is_integer = (type.kind == 'i' || type.kind == 'u') && std::has_single_bit(type.bytes) && type.bytes <= 8;
  const bool is_bool = type.kind == 'b' && type.bytes == 1;
  if (!is_float && !is_integer && !is_bool) throw Failure(npy_type(source, std::string(code)));
  return type;
}

std::vector<std::size_t> parse_shape(std::string_view text, const std::string& source) {
  if (!text.starts_with('(')) throw Failure(npy_header(source, "no shape"));
  std::vector<std::size_t> shape;
  std::string_view rest = trimmed(text.substr(1));
  while (!rest.empty()) {
    std::size_t extent = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), extent);
    if (error != std::errc()) throw Failure(npy_header(source, "unreadable shape"));
    shape.push_back(extent);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    rest = trimmed(rest);
    if (rest.starts_with(',')) rest = trimmed(rest.substr(1));
  }
  return shape;
}

std::size_t element_count(const NpyHeader& header, const std::string& source) {
  std::size_t count = 1;
  for (const std::size_t extent : header.shape)
    if (__builtin_mul_overflow(count, extent, &count)) throw Failure(npy_header(source, "the shape has too many elements"));
  if (count > std::numeric_limits<std::size_t>::max() / header.type.bytes) throw Failure(npy_header(source, "the shape has too many elements"));
  return count;
}

void read_exactly(ByteSource& source, std::span<char> into) {
  if (source.read(into) < into.size()) throw Failure(npy_header(source.name(), "it ends too early"));
}

constexpr std::size_t longest_dictionary = std::size_t{1} << 20;

// Magic (6 bytes), version (2), length of the dictionary (2 bytes little-endian in version 1, else 4), the dictionary.
NpyHeader read_header(ByteSource& source) {
  std::array<unsigned char, 12> prefix{};
  const auto read_prefix = [&](std::size_t from, std::size_t count) { read_exactly(source, {reinterpret_cast<char*>(&prefix[from]), count}); };
  read_prefix(0, 10);
  const bool wide = prefix[6] >= 2;
  if (wide) read_prefix(10, 2);
  std::size_t length = prefix[8] | std::size_t{prefix[9]} << 8 | std::size_t{prefix[10]} << 16 | std::size_t{prefix[11]} << 24;
  if (length > longest_dictionary) throw Failure(npy_header(source.name(), "it is too long"));
  std::string dictionary(length, '\0');
  read_exactly(source, dictionary);

  NpyHeader header;
  header.type = parse_type(dictionary_value(dictionary, "descr"), source.name());
  header.fortran = dictionary_value(dictionary, "fortran_order") == "True";
  header.shape = parse_shape(dictionary_value(dictionary, "shape"), source.name());
  header.elements = element_count(header, source.name());
  const std::uint64_t expected = std::uint64_t{header.elements} * header.type.bytes;
  const std::uint64_t before = (wide ? 12 : 10) + length;
  if (source.size() && *source.size() - before != expected) throw Failure(npy_size(source.name(), expected, *source.size() - before));
  if (expected > source.largest_size()) throw Failure(npy_size(source.name(), expected, source.largest_size()));
  return header;
}

template <class T>
double load(const char* bytes, bool swapped) {
  std::array<char, sizeof(T)> copy{};
  std::memcpy(copy.data(), bytes, sizeof(T));
  if (swapped) std::reverse(copy.begin(), copy.end());
  return static_cast<double>(std::bit_cast<T>(copy));
}

using Loader = double (*)(const char*, bool);

Loader loader_of(const ElementType& type) {
  if (type.kind == 'f') return type.bytes == 8 ? load<double> : load<float>;
  const bool is_signed = type.kind == 'i';
  switch (type.bytes) {
    case 1:
      return is_signed ? load<std::int8_t> : load<std::uint8_t>;
    case 2:
      return is_signed ? load<std::int16_t> : load<std::uint16_t>;
    case 4:
      return is_signed ? load<std::int32_t> : load<std::uint32_t>;
    default:
      return is_signed ? load<std::int64_t> : load<std::uint64_t>;
  }
}

// Calls `each(value)` for every element in the file's order.
template <class Each>
void for_each_element(ByteSource& source, const NpyHeader& header, const Each& each) {
  const Loader loader = loader_of(header.type);
  const std::size_t size = header.type.bytes;
  std::vector<char> chunk((std::size_t{1} << 18) * size);
  for (std::size_t left = header.elements; left > 0;) {
    const std::size_t count = std::min(left, chunk.size() / size);
    const std::size_t bytes = source.read({chunk.data(), count * size});
    if (bytes < count * size) throw Failure(npy_size(source.name(), header.elements * size, (header.elements - left) * size + bytes));
    for (std::size_t i = 0; i < count; ++i) each(loader(chunk.data() + i * size, header.type.swapped));
    left -= count;
  }
}

// The row-major position of element `i` of an array in Fortran order, whose first index runs fastest.
std::size_t row_major_position(std::size_t i, const std::vector<std::size_t>& shape) {
  std::size_t position = 0;
  std::size_t below = 1;
  for (const std::size_t extent : shape) below *= extent;
  for (const std::size_t extent : shape) {
    below /= extent;
    position += (i % extent) * below;
    i /= extent;
  }
  return position;
}

NpyArray read_array(ByteSource& source) {
  const NpyHeader header = read_header(source);
  NpyArray array{header.shape, std::vector<double>(header.elements)};
  std::size_t i = 0;
  for_each_element(source, header, [&](double value) {
    array.values[header.fortran ? row_major_position(i, header.shape) : i] = value;
    ++i;
  });
  return array;
}

}  // namespace

bool is_npy(std::string_view first_bytes) { return first_bytes.starts_with("\x93NUMPY"); }

Result<NpyArray> read_npy(const std::string& path) {
  return guarded(path, [&] {
    ByteSource source = ByteSource::open(path, {});
    if (!is_npy(source.head())) throw Failure(npy_header(source.name(), "it does not begin as .npy files do"));
    return read_array(source);
  });
}

Table read_npy_table(ByteSource& source) {
  const NpyHeader header = read_header(source);
  const std::size_t rank = header.shape.size();
  if (rank != 1 && rank != 2) throw Failure(npy_rank(source.name(), rank));
  const std::size_t rows = header.shape[0];
  const std::size_t width = rank == 2 ? header.shape[1] : 1;
  std::vector<std::vector<double>> columns(width, std::vector<double>(rows));
  std::size_t i = 0;
  for_each_element(source, header, [&](double value) {
    if (header.fortran)
      columns[i / rows][i % rows] = value;
    else
      columns[i % width][i / width] = value;
    ++i;
  });
  Table table{source.name(), {}, rows, {}};
  for (std::size_t j = 0; j < width; ++j) {
    std::string name = rank == 1 ? std::filesystem::path(source.name()).stem().string() : fmt::format("V{}", j + 1);
    table.columns.push_back({std::move(name), std::move(columns[j]), {}});
  }
  return table;
}

}  // namespace jensen::data
