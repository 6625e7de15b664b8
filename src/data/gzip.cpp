#include "data/gzip.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <limits>
#include <new>

#include "data/messages.hpp"

namespace jensen::data {
namespace {

constexpr int gzip_window = 16 + MAX_WBITS;  // zlib's code for "gzip wrapper, largest window"

}  // namespace

struct GzipReader::State {
  explicit State(const ExpansionLimit& expansion) : limit(expansion) {
    if (inflateInit2(&stream, gzip_window) != Z_OK) throw std::bad_alloc();
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { inflateEnd(&stream); }

  z_stream stream{};
  ExpansionLimit limit;
  std::array<char, 1 << 16> input{};
  std::uint64_t compressed = 0;
  std::uint64_t expanded = 0;
  bool input_ended = false;
  bool between_members = false;
  bool done = false;

  void refill(const Refill& refill_input);
  bool start_next_member(const std::string& name);
  void inflate_some(const std::string& name);
  void check_expansion(const std::string& name) const;
};

bool is_gzip(std::string_view first_bytes) { return first_bytes.starts_with("\x1f\x8b"); }

GzipReader::GzipReader(const ExpansionLimit& limit) : state_(std::make_unique<State>(limit)) {}
GzipReader::GzipReader(GzipReader&&) noexcept = default;
GzipReader& GzipReader::operator=(GzipReader&&) noexcept = default;
GzipReader::~GzipReader() = default;

void GzipReader::State::refill(const Refill& refill_input) {
  if (stream.avail_in > 0 || input_ended) return;
  const std::size_t count = refill_input(input);
  input_ended = count < input.size();
  compressed += count;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(count);
}

// Zero bytes after a member are padding, as gzip itself has it.
bool GzipReader::State::start_next_member(const std::string& name) {
  while (stream.avail_in > 0 && *stream.next_in == 0) ++stream.next_in, --stream.avail_in;
  if (stream.avail_in == 0) {
    done = input_ended;
    return false;
  }
  if (inflateReset(&stream) != Z_OK) throw Failure(gzip_corrupt(name, "a further member does not start"));
  between_members = false;
  return true;
}

void GzipReader::State::inflate_some(const std::string& name) {
  const int code = inflate(&stream, Z_NO_FLUSH);
  if (code == Z_MEM_ERROR) throw std::bad_alloc();
  if (code == Z_STREAM_END) {
    between_members = true;
  } else if (code != Z_OK && code != Z_BUF_ERROR) {
    throw Failure(gzip_corrupt(name, stream.msg != nullptr ? stream.msg : "unreadable data"));
  }
}

void GzipReader::State::check_expansion(const std::string& name) const {
  if (expanded > limit.bytes && static_cast<double>(expanded) > limit.ratio * static_cast<double>(compressed))
    throw Failure(gzip_expands_too_far(name, limit.bytes, compressed));
}

std::size_t GzipReader::read(std::span<char> into, const Refill& refill, const std::string& name) {
  State& state = *state_;
  std::size_t filled = 0;
  while (filled < into.size() && !state.done) {
    state.refill(refill);
    if (state.between_members && !state.start_next_member(name)) continue;
    const std::size_t room = std::min<std::size_t>(into.size() - filled, std::numeric_limits<uInt>::max());
    state.stream.next_out = reinterpret_cast<Bytef*>(into.data() + filled);
    state.stream.avail_out = static_cast<uInt>(room);
    state.inflate_some(name);
    const std::size_t count = room - state.stream.avail_out;
    if (count == 0 && !state.between_members && state.stream.avail_in == 0 && state.input_ended) throw Failure(gzip_truncated(name));
    filled += count;
    state.expanded += count;
    state.check_expansion(name);
  }
  return filled;
}

}  // namespace jensen::data
