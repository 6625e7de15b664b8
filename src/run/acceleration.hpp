// One accelerated run: which blocks drive it, where they were, and where they may leap to.
#pragma once

#include <vector>

#include "run/anderson.hpp"
#include "run/drivers.hpp"

namespace jensen::run {

class Acceleration {
 public:
  Acceleration(Engine& engine, const model::ModelGraph& graph);

  // Whether this state can be accelerated: not where nothing drives, where it is too large, or where local blocks are iterated inside sweeps.
  [[nodiscard]] bool usable() const { return usable_; }
  [[nodiscard]] const Drivers& drivers() const { return drivers_; }

  // Before the drivers' update, the others being optimal given them.
  void begin();
  // After it: notes what the update did.
  void end();
  // Sets the drivers to an extrapolated point. False where there is none inside the domain: they stay where the update put them.
  bool leap();
  // What came of it. After a failure the drivers are where the update put them.
  void accept() { anderson_.succeeded(); }
  void reject();

 private:
  Engine& engine_;
  Drivers drivers_;
  DriverVector vector_;
  bool usable_ = false;
  Anderson anderson_;
  std::vector<double> before_, after_;
  bool readable_ = false;
  std::vector<BlockState> updated_;  // of the drivers
};

}  // namespace jensen::run
