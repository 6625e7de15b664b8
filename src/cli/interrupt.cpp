#include "cli/interrupt.hpp"

#include <csignal>

namespace jensen::cli {

namespace {

std::atomic<bool> interrupted{false};  // a signal handler can reach nothing but what is global
static_assert(std::atomic<bool>::is_always_lock_free);

void on_signal(int /*signal*/) { interrupted.store(true, std::memory_order_relaxed); }

}  // namespace

const std::atomic<bool>& watch_for_interrupts() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);  // back to the default at the first: the second kills
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
  return interrupted;
}

}  // namespace jensen::cli
