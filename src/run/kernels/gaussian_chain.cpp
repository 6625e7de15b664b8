#include "run/kernels/gaussian_chain.hpp"

#include <utility>
#include <variant>

#include "run/kernels/gaussian_forest.hpp"

namespace jensen::run {
namespace {

constexpr int largest_fixed = 6;

template <int... D>
auto forests(std::integer_sequence<int, D...>) -> std::variant<GaussianForest<Eigen::Dynamic>, GaussianForest<D + 1>...>;
using AnyForest = decltype(forests(std::make_integer_sequence<int, largest_fixed>()));

}  // namespace

struct GaussianChain::Engine {
  template <int D>
  Engine(std::integral_constant<int, D>, std::int64_t side, const Forest& forest, const double* links, std::int64_t kinds)
      : of(std::in_place_type<GaussianForest<D>>, side, forest, links, kinds) {}

  template <int D = 1>
  static std::unique_ptr<Engine> make(std::int64_t side, const Forest& forest, const double* links, std::int64_t kinds) {
    if constexpr (D > largest_fixed) {
      return std::make_unique<Engine>(std::integral_constant<int, Eigen::Dynamic>(), side, forest, links, kinds);
    } else {
      if (side == D) return std::make_unique<Engine>(std::integral_constant<int, D>(), side, forest, links, kinds);
      return make<D + 1>(side, forest, links, kinds);
    }
  }

  AnyForest of;
};

GaussianChain::GaussianChain(std::int64_t dimension, const Forest& forest, const double* links, std::int64_t kinds)
    : engine_(Engine::make(dimension, forest, links, kinds)) {}
GaussianChain::~GaussianChain() = default;
GaussianChain::GaussianChain(GaussianChain&&) noexcept = default;
GaussianChain& GaussianChain::operator=(GaussianChain&&) noexcept = default;

void GaussianChain::restart(const double* links) {
  std::visit([&](auto& forest) { forest.restart(links); }, engine_->of);
}

void GaussianChain::upward(std::int64_t first, std::int64_t rows, const double* natural) {
  std::visit([&](auto& forest) { forest.upward(first, rows, natural); }, engine_->of);
}

double GaussianChain::log_partition() const {
  return std::visit([](const auto& forest) { return forest.log_partition(); }, engine_->of);
}

const std::optional<GaussianChain::Failure>& GaussianChain::failure() const {
  return std::visit([](const auto& forest) -> const std::optional<Failure>& { return forest.failure(); }, engine_->of);
}

void GaussianChain::downward(std::int64_t first, std::int64_t rows, double* mean) {
  std::visit([&](auto& forest) { forest.downward(first, rows, mean); }, engine_->of);
}

const std::vector<double>& GaussianChain::link_sums() const {
  return std::visit([](const auto& forest) -> const std::vector<double>& { return forest.link_sums(); }, engine_->of);
}

GaussianChain::Work GaussianChain::work() const {
  return std::visit([](const auto& forest) { return forest.work(); }, engine_->of);
}

}  // namespace jensen::run
