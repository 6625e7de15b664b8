// The bytes of a file, of the standard input or of a text in memory, decompressed when they are gzip; they can be read again from the start.
// Throws Failure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "data/gzip.hpp"

namespace jensen::data {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using FilePointer = std::unique_ptr<std::FILE, FileCloser>;

class ByteSource {
 public:
  static ByteSource open(const std::string& path, const ExpansionLimit& limit);  // `-`: the standard input
  static ByteSource of_text(std::string_view text, const std::string& name, const ExpansionLimit& limit);

  [[nodiscard]] const std::string& name() const { return name_; }
  // Number of bytes in all, where it is known beforehand; and one that it cannot exceed.
  [[nodiscard]] std::optional<std::uint64_t> size() const;
  [[nodiscard]] std::uint64_t largest_size() const;
  // The first bytes (at most 8), decompressed.
  [[nodiscard]] std::string_view head() const { return head_; }

  std::size_t read(std::span<char> into);  // fewer than asked for only at the end
  void rewind();

 private:
  ByteSource(std::string name, const ExpansionLimit& limit) : name_(std::move(name)), limit_(limit) {}
  void use_file(FilePointer file, std::uint64_t size);
  void use_memory(std::string bytes);

  std::string name_;
  ExpansionLimit limit_;
  std::unique_ptr<std::string> memory_;  // what file_ reads, where the input cannot be read twice; its address must not move
  FilePointer file_;
  std::optional<GzipReader> gzip_;
  std::uint64_t file_size_ = 0;  // before decompression
  std::string head_;
};

}  // namespace jensen::data
