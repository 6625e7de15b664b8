// Runs the built program end to end.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace jensen::tests {

struct Outcome {
  int status = 0;  // exit status; 128 + n where signal n killed it
  std::string out;
  std::string err;
};

struct ProgramOptions {
  std::string input = {};                     // its standard input
  std::string output = {};                    // a path to send the standard output to; empty: captured
  std::vector<std::string> environment = {};  // NAME=VALUE, added
  int interrupt_after_ms = 0;                 // sends SIGINT
};

Outcome run_jensen(const std::vector<std::string>& arguments, const ProgramOptions& options = {});

// A folder of files that is removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  // Writes a file and gives its path.
  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

std::string read_text(const std::string& path);

}  // namespace jensen::tests
