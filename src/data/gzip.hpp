// Streaming decompression of gzip data (RFC 1952), several members one after the other included. Throws Failure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace jensen::data {

// Refused: more than `bytes` expanded bytes when they are also more than `ratio` times the compressed ones.
struct ExpansionLimit {
  std::uint64_t bytes = std::uint64_t{1} << 30;
  double ratio = 1000;
};

bool is_gzip(std::string_view first_bytes);

class GzipReader {
 public:
  // Fills the span with compressed bytes; fewer than asked for only at the end.
  using Refill = std::function<std::size_t(std::span<char>)>;

  explicit GzipReader(const ExpansionLimit& limit);
  GzipReader(GzipReader&&) noexcept;
  GzipReader& operator=(GzipReader&&) noexcept;
  ~GzipReader();

  // Fewer bytes than asked for only at the end. `name` stands in messages.
  std::size_t read(std::span<char> into, const Refill& refill, const std::string& name);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace jensen::data
