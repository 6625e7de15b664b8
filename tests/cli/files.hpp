// The small models and their data as files.
#pragma once

#include <string>

#include "cli/models.hpp"
#include "support/program.hpp"

namespace jensen::tests {

struct Files {
  TemporaryFolder folder;
  std::string coin = folder.file("coin.model", coin_model);
  std::string coins = folder.file("coin.csv", coin_csv);
  std::string mixture = folder.file("mixture.model", mixture_model);
  std::string points = folder.file("points.csv", mixture_csv);
};

}  // namespace jensen::tests
