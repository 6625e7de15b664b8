#include "data/byte_source.hpp"

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "data/messages.hpp"

namespace jensen::data {
namespace {

constexpr std::uint64_t largest_deflate_ratio = 1032;  // zlib's documentation: "the limit of the deflate format is 1032:1"

std::size_t read_file(std::FILE* file, std::span<char> into, const std::string& name) {
  const std::size_t count = std::fread(into.data(), 1, into.size(), file);
  if (count < into.size() && std::ferror(file) != 0) throw Failure(read_failed(name, std::strerror(errno)));
  return count;
}

std::string read_all(std::FILE* file, const std::string& name) {
  std::string bytes;
  std::array<char, 1 << 16> chunk{};
  while (const std::size_t count = read_file(file, chunk, name)) bytes.append(chunk.data(), count);
  return bytes;
}

}  // namespace

ByteSource ByteSource::open(const std::string& path, const ExpansionLimit& limit) {
  if (path == "-") {
    ByteSource source("standard input", limit);
    source.use_memory(read_all(stdin, source.name_));
    return source;
  }
  ByteSource source(std::filesystem::path(path).filename().string(), limit);
  FilePointer file(std::fopen(path.c_str(), "rb"));
  if (!file) throw Failure(cannot_open(path, std::strerror(errno)));
  struct stat status {};
  if (fstat(fileno(file.get()), &status) != 0) throw Failure(cannot_open(path, std::strerror(errno)));
  if (S_ISDIR(status.st_mode)) throw Failure(cannot_open(path, "it is a directory"));
  if (S_ISREG(status.st_mode)) {
    source.use_file(std::move(file), static_cast<std::uint64_t>(status.st_size));
  } else {
    source.use_memory(read_all(file.get(), source.name_));
  }
  return source;
}

ByteSource ByteSource::of_text(std::string_view text, const std::string& name, const ExpansionLimit& limit) {
  ByteSource source(name, limit);
  source.use_memory(std::string(text));
  return source;
}

void ByteSource::use_memory(std::string bytes) {
  memory_ = std::make_unique<std::string>(std::move(bytes));
  FilePointer file(fmemopen(memory_->data(), memory_->size(), "rb"));
  if (!file) throw Failure(cannot_open(name_, std::strerror(errno)));
  use_file(std::move(file), memory_->size());
}

void ByteSource::use_file(FilePointer file, std::uint64_t size) {
  file_ = std::move(file);
  std::array<char, 2> magic{};
  const std::size_t count = read_file(file_.get(), magic, name_);
  file_size_ = size;
  if (is_gzip({magic.data(), count})) gzip_.emplace(limit_);
  rewind();
  std::array<char, 8> head{};
  head_.assign(head.data(), read(head));
  rewind();
}

std::optional<std::uint64_t> ByteSource::size() const { return gzip_ ? std::nullopt : std::optional(file_size_); }

std::uint64_t ByteSource::largest_size() const { return gzip_ ? largest_deflate_ratio * file_size_ : file_size_; }

std::size_t ByteSource::read(std::span<char> into) {
  if (!gzip_) return read_file(file_.get(), into, name_);
  return gzip_->read(
      into, [this](std::span<char> compressed) { return read_file(file_.get(), compressed, name_); }, name_);
}

void ByteSource::rewind() {
  std::rewind(file_.get());
  if (gzip_) gzip_.emplace(limit_);
}

}  // namespace jensen::data
