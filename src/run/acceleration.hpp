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
  // Sets the drivers to an extrapolated point: Anderson's, or after one that failed the last step made longer (over-relaxation, Salakhutdinov and
  // Roweis 2003), which gets away from where a secant points back to a saddle. False where there is none inside the domain: they stay where the
  // update put them.
  bool leap();
  // What came of it. After a failure the drivers are where the update put them.
  void accept();
  void reject();

 private:
  [[nodiscard]] std::vector<double> stretched() const;

  Engine& engine_;
  Drivers drivers_;
  DriverVector vector_;
  bool usable_ = false;
  Anderson anderson_;
  double stretch_ = 0;  // of the last step, where that is tried; 0: Anderson's point
  int failures_ = 0;    // in a row
  int wait_ = 0;        // plain iterations before the next leap
  std::vector<double> before_, after_;
  bool readable_ = false;
  std::vector<BlockState> updated_;  // of the drivers
};

}  // namespace jensen::run
