// SIGINT and SIGTERM during a fit: the first asks it to stop and report what it has, the second kills the program.
#pragma once

#include <atomic>

namespace jensen::cli {

// In force from now to the end of the program.
const std::atomic<bool>& watch_for_interrupts();

}  // namespace jensen::cli
