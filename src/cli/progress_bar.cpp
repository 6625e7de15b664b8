#include "cli/progress_bar.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>

namespace jensen::cli {

namespace {

constexpr int bar_width = 12;

std::size_t terminal_width() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

std::string bar(double fraction) {
  const auto filled = static_cast<std::size_t>(std::clamp(fraction, 0.0, 1.0) * bar_width);
  return "[" + std::string(filled, '#') + std::string(bar_width - filled, '-') + "]";
}

std::string short_duration(double seconds) {
  const auto whole = static_cast<long>(std::min(seconds, 3.6e8) + 0.5);
  if (whole < 90) return fmt::format("{} s", whole);
  if (whole < 5400) return fmt::format("{} min", (whole + 30) / 60);
  return fmt::format("{} h {} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace

std::string progress_line(const run::Progress& progress, const Outlook& outlook) {
  std::string line = bar((progress.restart + outlook.fraction) / std::max(1, progress.restarts)) + " ";
  if (progress.restarts > 1) line += fmt::format("restart {}/{}  ", progress.restart + 1, progress.restarts);
  line += fmt::format("iteration {}  ELBO {:.9g}", progress.iteration, progress.elbo);
  if (outlook.seconds >= 0) line += "  ETA " + short_duration(outlook.seconds);
  if (std::isfinite(progress.rise_to_come)) line += fmt::format("  rise to come {:.1g}", progress.rise_to_come);
  return line;
}

Outlook OutlookEstimate::update(const run::Progress& progress, double seconds_since_start) {
  const double rise = progress.rise_to_come;
  if (restart_ != progress.restart || first_rise_ <= 0) {
    restart_ = progress.restart;
    start_ = seconds_since_start;
    first_iteration_ = progress.iteration;
    first_rise_ = std::isfinite(rise) ? rise : 0;
    return {};
  }
  const int done = progress.iteration - first_iteration_;
  if (done <= 0 || !std::isfinite(rise) || rise <= 0 || rise >= first_rise_) return {};
  const double decay = std::log(first_rise_ / rise) / done;
  const double wanted = std::max(0.0, std::log(rise / tolerance_) / decay);
  const double left = std::min<double>(wanted, progress.max_iterations - progress.iteration);
  return {left * (seconds_since_start - start_) / done, progress.iteration / (progress.iteration + left)};
}

void ProgressBar::show(const run::Progress& progress) {
  const Clock::time_point now = Clock::now();
  const Outlook outlook = outlook_.update(progress, std::chrono::duration<double>(now - start_).count());
  if (now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  visible_ = true;
  const std::string line = progress_line(progress, outlook).substr(0, terminal_width() - 1);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
}

void ProgressBar::clear() {
  if (visible_) std::fputs("\r\033[K", stderr);
  visible_ = false;
}

}  // namespace jensen::cli
