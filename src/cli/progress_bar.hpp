// One line on the standard error that follows a fit, redrawn at most ten times a second.
#pragma once

#include <chrono>
#include <string>

#include "run/fit.hpp"

namespace jensen::cli {

// What is known of the time to come.
struct Outlook {
  double seconds = -1;  // left in this run; negative: unknown
  double fraction = 0;  // of this run's iterations that are done
};

// "[####--------] restart 2/8  iteration 137  ELBO -1187.20754  ETA 2 s  rise to come 3e-05"; the end is cut to the width of the terminal
std::string progress_line(const run::Progress& progress, const Outlook& outlook);

// Takes the rise to come to shrink at the rate seen so far, until it is below the tolerance or the iterations are used up.
class OutlookEstimate {
 public:
  explicit OutlookEstimate(double aitken_tolerance) : tolerance_(aitken_tolerance) {}
  Outlook update(const run::Progress& progress, double seconds_since_start);

 private:
  double tolerance_;
  int restart_ = -1;
  double start_ = 0;
  int first_iteration_ = 0;
  double first_rise_ = 0;  // 0: none seen yet in this restart
};

class ProgressBar {
 public:
  explicit ProgressBar(double aitken_tolerance) : outlook_(aitken_tolerance) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() { clear(); }

  void show(const run::Progress& progress);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_ = Clock::now();
  OutlookEstimate outlook_;
  bool visible_ = false;
};

}  // namespace jensen::cli
