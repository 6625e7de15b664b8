#include "run/acceleration.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace jensen::run {
namespace {

constexpr std::size_t most_numbers = 200000;  // of the drivers
constexpr std::size_t most_memory = 10;       // iterations looked back on
constexpr std::size_t large = 2000;           // numbers above which fewer are
constexpr int most_halvings = 4;              // of a leap that leaves the domain
constexpr int most_wait = 16;                 // plain iterations after failures in a row

std::size_t memory_of(std::size_t numbers) { return std::min(numbers, numbers > large ? most_memory / 2 : most_memory); }

}  // namespace

Acceleration::Acceleration(Engine& engine, const model::ModelGraph& graph)
    : engine_(engine), drivers_(find_drivers(engine)), vector_(engine, graph, drivers_.driving), anderson_(memory_of(vector_.size())) {
  const bool local = !engine.local().plain() && !engine.nests().empty();
  usable_ = drivers_.closed && vector_.usable() && vector_.size() > 0 && vector_.size() <= most_numbers && !local;
}

void Acceleration::begin() { readable_ = vector_.read(engine_, before_); }

void Acceleration::end() {
  readable_ = readable_ && vector_.read(engine_, after_);
  if (readable_) anderson_.add(before_, after_);
}

bool Acceleration::leap() {
  if (!readable_ || wait_-- > 0) return false;
  wait_ = 0;
  auto target = stretch_ > 0 ? std::optional(stretched()) : anderson_.extrapolate(vector_.units(after_));
  if (!target) return false;
  updated_.clear();
  for (const int block : drivers_.driving) updated_.push_back(engine_.state().blocks[static_cast<std::size_t>(block)]);
  for (int i = 0; i < most_halvings; ++i) {
    if (vector_.write(engine_, *target)) return true;
    for (std::size_t k = 0; k < target->size(); ++k) (*target)[k] = (*target)[k] == after_[k] ? after_[k] : 0.5 * ((*target)[k] + after_[k]);
  }
  reject();
  return false;
}

std::vector<double> Acceleration::stretched() const {
  std::vector<double> out(after_);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double step = after_[i] - before_[i];
    if (std::isfinite(step)) out[i] += (stretch_ - 1) * step;
  }
  return out;
}

void Acceleration::accept() {
  failures_ = 0;
  if (stretch_ > 0) {
    stretch_ *= 2;
  } else {
    anderson_.succeeded();
  }
}

void Acceleration::reject() {
  const bool growing = stretch_ == 0 && anderson_.is_growing(vector_.units(after_));
  if (stretch_ == 0) anderson_.failed();
  stretch_ = growing ? 2 : 0;
  ++failures_;
  wait_ = failures_ < 2 ? 0 : failures_ > 6 ? most_wait : 1 << (failures_ - 2);
  for (std::size_t i = 0; i < updated_.size(); ++i) {
    BlockState& state = engine_.state().blocks[static_cast<std::size_t>(drivers_.driving[i])];
    const BlockState& kept = updated_[i];
    std::copy(kept.natural.begin(), kept.natural.end(), state.natural.begin());  // in place: the engine's inputs point there
    std::copy(kept.mean.begin(), kept.mean.end(), state.mean.begin());
    std::copy(kept.value.begin(), kept.value.end(), state.value.begin());
    std::copy(kept.log_partition.begin(), kept.log_partition.end(), state.log_partition.begin());
  }
}

}  // namespace jensen::run
