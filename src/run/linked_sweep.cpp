#include <algorithm>
#include <cmath>
#include <variant>

#include <Eigen/Dense>

#include "run/kernels/discrete_chain.hpp"
#include "run/kernels/gaussian_chain.hpp"
#include "run/kernels/most_probable_path.hpp"
#include "run/sweep.hpp"
#include "run/tile_sweep.hpp"

namespace jensen::run {

struct LinkedMemory {
  std::vector<double> links;  // natural parameters
  std::optional<std::variant<DiscreteChain, GaussianChain>> chain;
};

namespace {

using Chain = std::variant<DiscreteChain, GaussianChain>;

class LinkedSweep {
 public:
  LinkedSweep(const SweepRequest& request, const std::vector<double>* link_derivative, std::shared_ptr<LinkedMemory>& memory)
      : request_(request),
        memory_(memory),
        pass_(request.pass),
        link_(*request.pass.link),
        links_(request.plan.passes[static_cast<std::size_t>(link_.pass)]),
        block_(request.plan.blocks[static_cast<std::size_t>(*request.pass.block)]),
        side_(static_cast<std::int64_t>(block_.discrete ? block_.family->size() : block_.family->value_size())),
        row_tiles_(request.plan, pass_, request.derivative->data(), false),
        link_tiles_(request.plan, links_, link_derivative->data(), false) {
    row_tiles_.prepare(scratch_);
    sums_.assign(static_cast<std::size_t>(pass_.sums), 0.0);
  }

  LinkedResult run() {
    LinkedResult out;
    if (request_.given) {
      out.link_sums = add_link_sums(given_means());
    } else {
      Chain& chain = ready_chain();
      sweep_up(chain, out.rows);
      if (out.rows.cancelled || out.rows.failure) return out;
      sweep_down(chain);
      out.link_sums = add_link_sums(std::visit([](const auto& c) { return c.link_sums(); }, chain));
    }
    row_tiles_.finish(scratch_, sums_.data());
    out.rows.sums = std::move(sums_);
    return out;
  }

  MostProbableResult most_probable() {
    const std::vector<double> links = link_naturals();
    MostProbablePath path(side_, {pass_.rows, link_.previous.data(), link_.kind.data()}, links.data(), links_.rows);
    MostProbableResult out;
    std::optional<std::int64_t> impossible;
    for (std::int64_t first = last_tile(); first >= 0; first -= tile_rows) {
      if (stop_wanted()) {
        out.cancelled = true;
        return out;
      }
      read(first);
      row_tiles_.natural(scratch_);
      path.upward(first, scratch_.tile.rows, scratch_.natural.data());
      if (!impossible && !std::isfinite(path.log_density())) impossible = first;
    }
    if (impossible) out.failure = RowFailure{row_at(*impossible), "no level is possible there"};
    out.states.resize(static_cast<std::size_t>(pass_.rows));
    std::vector<std::int32_t> tile(static_cast<std::size_t>(tile_rows));
    for (std::int64_t first = 0; first < pass_.rows; first += tile_rows) {
      const std::int64_t rows = std::min(tile_rows, pass_.rows - first);
      path.downward(first, rows, tile.data());
      for (std::int64_t i = 0; i < rows; ++i) out.states[static_cast<std::size_t>(row_at(first + i))] = tile[static_cast<std::size_t>(i)];
    }
    return out;
  }

 private:
  [[nodiscard]] std::int64_t last_tile() const { return pass_.rows > 0 ? (pass_.rows - 1) / tile_rows * tile_rows : -1; }
  [[nodiscard]] bool stop_wanted() const { return request_.cancel != nullptr && request_.cancel->load(std::memory_order_relaxed); }

  [[nodiscard]] std::int64_t row_at(std::int64_t position) const {
    return link_.order.empty() ? position : link_.order[static_cast<std::size_t>(position)];
  }

  void read(std::int64_t first) {
    const std::int64_t rows = std::min(tile_rows, pass_.rows - first);
    if (link_.order.empty()) {
      row_tiles_.read(first, rows, scratch_);
    } else {
      row_tiles_.read(std::span(link_.order).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(rows)), scratch_);
      scratch_.tile.first = first;
    }
  }

  [[nodiscard]] std::vector<double> link_naturals() const {
    TileScratch s;
    link_tiles_.prepare(s);
    std::vector<double> out(static_cast<std::size_t>(links_.rows * links_.statistics));
    for (std::int64_t first = 0; first < links_.rows; first += tile_rows) {
      link_tiles_.read(first, std::min(tile_rows, links_.rows - first), s);
      link_tiles_.natural(s);
      for (std::int64_t i = 0; i < s.tile.rows; ++i) {
        for (std::int64_t k = 0; k < links_.statistics; ++k) {
          out[static_cast<std::size_t>((first + i) * links_.statistics + k)] = s.natural[static_cast<std::size_t>(k * tile_rows + i)];
        }
      }
    }
    return out;
  }

  Chain& ready_chain() {
    if (!memory_) memory_ = std::make_shared<LinkedMemory>();
    memory_->links = link_naturals();
    const double* links = memory_->links.data();
    if (!memory_->chain) {
      const Forest forest{pass_.rows, link_.previous.data(), link_.kind.data()};
      if (block_.discrete) {
        memory_->chain.emplace(std::in_place_type<DiscreteChain>, side_, forest, links, links_.rows);
      } else {
        memory_->chain.emplace(std::in_place_type<GaussianChain>, side_, forest, links, links_.rows);
      }
    } else if (auto* discrete = std::get_if<DiscreteChain>(&*memory_->chain)) {
      discrete->set_links(links);
    } else {
      std::get<GaussianChain>(*memory_->chain).restart(links);
    }
    return *memory_->chain;
  }

  void sweep_up(Chain& chain, SweepResult& out) {
    for (std::int64_t first = last_tile(); first >= 0; first -= tile_rows) {
      if (stop_wanted()) {
        out.cancelled = true;
        return;
      }
      read(first);
      row_tiles_.natural(scratch_);
      std::visit([&](auto& c) { c.upward(first, scratch_.tile.rows, scratch_.natural.data()); }, chain);
    }
    out.log_partition = std::visit([](const auto& c) { return c.log_partition(); }, chain);
    out.failure = failure_of(chain);
  }

  [[nodiscard]] std::optional<RowFailure> failure_of(const Chain& chain) const {
    if (const auto* discrete = std::get_if<DiscreteChain>(&chain)) {
      const auto position = discrete->impossible();
      return position ? std::optional(RowFailure{row_at(*position), "no level is possible there"}) : std::nullopt;
    }
    const auto& failure = std::get<GaussianChain>(chain).failure();
    return failure ? std::optional(RowFailure{row_at(failure->position), failure->reason}) : std::nullopt;
  }

  void sweep_down(Chain& chain) {
    for (std::int64_t first = 0; first < pass_.rows; first += tile_rows) {
      read(first);
      std::visit([&](auto& c) { c.downward(first, scratch_.tile.rows, scratch_.mean.data()); }, chain);
      add_tile();
    }
  }

  void add_tile() {
    if (request_.sink) give_to_sink();
    row_tiles_.weigh(scratch_);
    row_tiles_.add_sums(scratch_, sums_.data());
  }

  // The marginals of the tile's rows, with the natural parameters that a row alone would need for them.
  void give_to_sink() {
    std::vector<double> mean(block_.family->size()), natural(block_.family->size());
    for (std::int64_t i = 0; i < scratch_.tile.rows; ++i) {
      for (std::size_t s = 0; s < mean.size(); ++s) mean[s] = scratch_.mean[s * static_cast<std::size_t>(tile_rows) + static_cast<std::size_t>(i)];
      marginal_natural(mean, natural);
      for (std::size_t s = 0; s < mean.size(); ++s)
        scratch_.natural[s * static_cast<std::size_t>(tile_rows) + static_cast<std::size_t>(i)] = natural[s];
    }
    if (link_.order.empty()) {
      request_.sink(scratch_.tile, scratch_.natural.data(), scratch_.mean.data());
      return;
    }
    TileScratch one;  // the rows of the tile lie anywhere
    one.natural.assign(scratch_.natural.size(), 0.0);
    one.mean.assign(scratch_.mean.size(), 0.0);
    one.tile.rows = 1;
    for (std::int64_t i = 0; i < scratch_.tile.rows; ++i) {
      one.tile.first = row_at(scratch_.tile.first + i);
      for (std::size_t s = 0; s < mean.size(); ++s) {
        const std::size_t at = s * static_cast<std::size_t>(tile_rows);
        one.natural[at] = scratch_.natural[at + static_cast<std::size_t>(i)];
        one.mean[at] = scratch_.mean[at + static_cast<std::size_t>(i)];
      }
      request_.sink(one.tile, one.natural.data(), one.mean.data());
    }
  }

  void marginal_natural(const std::vector<double>& mean, std::vector<double>& natural) const {
    if (block_.discrete) {
      std::transform(mean.begin(), mean.end(), natural.begin(), [](double p) { return std::log(std::max(p, 1e-300)); });
      return;
    }
    const Eigen::Index d = side_;
    const Eigen::Map<const Eigen::VectorXd> m(mean.data(), d);
    const Eigen::Map<const Eigen::MatrixXd> second(mean.data() + d, d, d);
    const Eigen::MatrixXd precision = (second - m * m.transpose()).llt().solve(Eigen::MatrixXd::Identity(d, d));
    Eigen::Map<Eigen::VectorXd>(natural.data(), d) = precision * m;
    Eigen::Map<Eigen::MatrixXd>(natural.data() + d, d, d) = -0.5 * precision;
  }

  // The sums of rows whose means are given, independent of each other; returns the means of the links.
  std::vector<double> given_means() {
    std::vector<double> values(static_cast<std::size_t>(pass_.rows * side_));
    for (std::int64_t first = 0; first < pass_.rows; first += tile_rows) {
      row_tiles_.read(first, std::min(tile_rows, pass_.rows - first), scratch_);
      request_.given(scratch_.tile, scratch_.mean.data());
      for (std::int64_t i = 0; i < scratch_.tile.rows; ++i) {
        for (std::int64_t k = 0; k < side_; ++k)
          values[static_cast<std::size_t>((first + i) * side_ + k)] = scratch_.mean[static_cast<std::size_t>(k * tile_rows + i)];
      }
      add_tile();
    }
    std::vector<double> links(static_cast<std::size_t>(links_.rows * links_.statistics), 0.0);
    for (std::int64_t p = 0; p < pass_.rows; ++p) {
      const std::int32_t previous = link_.previous[static_cast<std::size_t>(p)];
      if (previous < 0) continue;
      double* out = links.data() + link_.kind[static_cast<std::size_t>(p)] * links_.statistics;
      const double* a = values.data() + row_at(previous) * side_;
      const double* b = values.data() + row_at(p) * side_;
      for (std::int64_t j = 0; j < side_; ++j) {
        for (std::int64_t k = 0; k < side_; ++k) out[j * side_ + k] += a[j] * b[k];
      }
    }
    return links;
  }

  [[nodiscard]] std::vector<double> add_link_sums(const std::vector<double>& means) const {
    std::vector<double> sums(static_cast<std::size_t>(links_.sums), 0.0);
    TileScratch s;
    link_tiles_.prepare(s);
    for (std::int64_t first = 0; first < links_.rows; first += tile_rows) {
      link_tiles_.read(first, std::min(tile_rows, links_.rows - first), s);
      for (std::int64_t i = 0; i < s.tile.rows; ++i) {
        for (std::int64_t k = 0; k < links_.statistics; ++k) {
          s.mean[static_cast<std::size_t>(k * tile_rows + i)] = means[static_cast<std::size_t>((first + i) * links_.statistics + k)];
        }
      }
      link_tiles_.weigh(s);
      link_tiles_.add_sums(s, sums.data());
    }
    link_tiles_.finish(s, sums.data());
    return sums;
  }

  const SweepRequest& request_;
  std::shared_ptr<LinkedMemory>& memory_;
  const plan::Pass& pass_;
  const plan::Link& link_;
  const plan::Pass& links_;
  const plan::PlannedBlock& block_;
  std::int64_t side_;
  TileSweep row_tiles_, link_tiles_;
  TileScratch scratch_;
  std::vector<double> sums_;
};

}  // namespace

LinkedResult linked_sweep(const SweepRequest& request, const std::vector<double>* link_derivative, std::shared_ptr<LinkedMemory>& memory) {
  return LinkedSweep(request, link_derivative, memory).run();
}

MostProbableResult most_probable(const SweepRequest& request, const std::vector<double>* link_derivative) {
  std::shared_ptr<LinkedMemory> none;
  return LinkedSweep(request, link_derivative, none).most_probable();
}

}  // namespace jensen::run
