#include "cli/files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include <fmt/format.h>

namespace jensen::cli {

Diagnostic cannot_write(const std::string& path, int error) {
  return {.code = "cannot-write",
          .message = fmt::format("cannot write `{}`: {}", path, std::generic_category().message(error)),
          .status = ExitStatus::cannot_write};
}

int write_file(const std::string& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return errno;
  int error = 0;
  while (error == 0 && !text.empty()) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written >= 0) text.remove_prefix(static_cast<std::size_t>(written));
    if (written < 0 && errno != EINTR) error = errno;
  }
  if (close(file) != 0 && error == 0) error = errno;
  return error;
}

}  // namespace jensen::cli
