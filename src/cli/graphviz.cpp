#include "cli/graphviz.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <system_error>

extern char** environ;  // NOLINT: POSIX wants it declared by the program

namespace jensen::cli {

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    close(ends[0]);
    close_writer();
  }
  void close_writer() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }
};

// The program reads the text from an unnamed file rather than from a pipe: then nothing can block or be cut by a program that ends early.
File file_with(const std::string& text) {
  File file(std::tmpfile());
  if (!file || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size() || std::fflush(file.get()) != 0) {
    throw std::system_error(errno, std::generic_category(), "temporary file");
  }
  std::rewind(file.get());
  return file;
}

std::optional<pid_t> spawn_dot(int input, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  std::string program = "dot";
  std::string format = "-Tsvg";
  std::array<char*, 3> arguments{program.data(), format.data(), nullptr};
  pid_t child = 0;
  const int error = posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? std::optional(child) : std::nullopt;
}

std::string read_to_end(int file) {
  std::string text;
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t count = read(file, buffer.data(), buffer.size());
    if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno != EINTR)) return text;
  }
}

bool succeeded(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Diagnostic no_graphviz(std::string message) {
  return {.code = "no-graphviz",
          .message = std::move(message),
          .notes = {{Note::Kind::help, "install the package `graphviz`, or use `--format dot` or `--format mermaid`"}},
          .status = ExitStatus::unsupported};
}

}  // namespace

Result<std::string> svg_of(const std::string& dot) {
  const File input = file_with(dot);
  Pipe output;
  const std::optional<pid_t> child = spawn_dot(fileno(input.get()), output.ends[1]);
  if (!child) return no_graphviz("SVG is drawn by Graphviz, whose program `dot` was not found");
  output.close_writer();
  std::string svg = read_to_end(output.ends[0]);
  if (!succeeded(*child)) return no_graphviz("SVG is drawn by Graphviz, whose program `dot` failed");
  return svg;
}

}  // namespace jensen::cli
