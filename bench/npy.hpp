// Reads the .npy files of bench/generate.py: version 1, little-endian float64, C order, at most two dimensions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

namespace jensen::bench {

struct Matrix {
  std::size_t rows = 0, columns = 1;
  std::vector<double> values;  // row-major
};

inline std::string npy_header(std::ifstream& file, const std::string& path) {
  char preamble[10] = {};
  if (!file.read(preamble, sizeof preamble) || std::string(preamble, 6) != "\x93NUMPY") throw std::runtime_error(path + ": not a .npy file");
  const auto low = static_cast<unsigned char>(preamble[8]), high = static_cast<unsigned char>(preamble[9]);
  std::string header(low + 256U * high, '\0');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  return header;
}

inline Matrix read_npy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string header = npy_header(file, path);
  std::smatch shape;
  const std::regex pattern(R"('descr': '<f8', 'fortran_order': False, 'shape': \((\d+),? ?(\d+)?\))");
  if (!std::regex_search(header, shape, pattern)) throw std::runtime_error(path + ": expected a row-major array of float64");
  Matrix matrix;
  matrix.rows = std::stoul(shape[1]);
  if (shape[2].matched) matrix.columns = std::stoul(shape[2]);
  matrix.values.resize(matrix.rows * matrix.columns);
  file.read(reinterpret_cast<char*>(matrix.values.data()), static_cast<std::streamsize>(matrix.values.size() * sizeof(double)));
  if (!file) throw std::runtime_error(path + ": the file ends early");
  return matrix;
}

}  // namespace jensen::bench
