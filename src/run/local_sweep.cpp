#include "run/local_sweep.hpp"

#include <algorithm>
#include <cmath>

#include "run/kernels/discrete.hpp"
#include "run/kernels/mixing.hpp"
#include "run/shards.hpp"
#include "run/tile_sweep.hpp"

namespace jensen::run {
namespace {

// An element whose table of responsibilities is larger is updated tile by tile: memory stays that of a few tiles. 8 MB.
constexpr std::int64_t most_own = std::int64_t{1} << 20;

// exp(G − peak) of every cell of a group, a row of padded levels for each.
struct ExpTable {
  std::size_t group = 0;
  AlignedVector share;
  std::vector<double> peak;
};

// Weights of an element's rows and their cells in each table.
struct ElementRows {
  std::int64_t element = -1;
  std::size_t count = 0;
  AlignedVector weight;
  std::vector<std::vector<std::int64_t>> cells;
};

struct Scratch {
  TileScratch tile;
  ElementRows rows, next;
  std::vector<const double*> pointers;
  std::vector<double> contraction;
  std::vector<double> moment;  // one element's derivative in a moment, where its entries lie
  std::vector<double> fixed;   // the element's G from terms without local blocks
  std::vector<double> shared;  // its G
  std::vector<double> sums;    // its own cells
  bool backward = false;
  bool products = false;  // whether the following hold the element
  AlignedVector own, total, scaled, share, mixed;
  std::vector<double> own_peak;
  double share_peak = 0;
};

struct ShardResult {
  double log_partition = 0;
  std::optional<BlockFailure> failure;
  bool cancelled = false;
};

bool is_constant(const plan::FeatureGroup& group) { return group.features.size() == 1 && group.features[0].empty(); }

class LocalSweeper {
 public:
  explicit LocalSweeper(const LocalSweepRequest& request)
      : request_(request),
        plan_(request.plan),
        nest_(request.nest),
        pass_(plan_.passes[static_cast<std::size_t>(nest_.pass)]),
        group_(pass_.groups[nest_.group]),
        discrete_(plan_.blocks[static_cast<std::size_t>(*pass_.block)].discrete),
        levels_(pass_.statistics),
        padded_(padded_levels(levels_)),
        width_(static_cast<std::int64_t>(group_.features.size()) * levels_),
        outer_(plan_, pass_, request.derivative.data(), false, nest_.group),
        whole_(plan_, pass_, request.derivative.data(), false) {
    products_ = discrete_ && is_constant(group_);
    if (products_) make_tables();
  }

  [[nodiscard]] std::int64_t sums() const { return outer_.sums(); }

  void run_shard(std::int64_t first, std::int64_t last, Scratch& s, std::vector<double>& sums, ShardResult& result) const {
    prepare(s);
    for (std::int64_t e = first; e < last && !result.failure; ++e) {
      s.next.element = -1;
      if (e + 1 < last && tabled_ && as_products(e + 1)) read_rows(e + 1, s, s.next);
      run_element(e, s, sums, result);
      std::swap(s.rows, s.next);
    }
    outer_.finish(s.tile, sums.data());
  }

 private:
  [[nodiscard]] std::span<const std::int32_t> rows(std::int64_t e) const {
    const auto first = static_cast<std::size_t>(nest_.first[static_cast<std::size_t>(e)]);
    return std::span(nest_.rows).subspan(first, static_cast<std::size_t>(nest_.first[static_cast<std::size_t>(e) + 1]) - first);
  }

  // Whether the element's table of responsibilities is kept during its updates.
  [[nodiscard]] bool as_products(std::int64_t e) const { return products_ && static_cast<std::int64_t>(rows(e).size()) * padded_ <= most_own; }

  void make_tables() {
    tabled_ = is_looked_up(plan_, nest_);
    if (!tabled_) return;
    for (std::size_t g = 1; g < pass_.groups.size(); ++g) {
      if (g == nest_.group) continue;
      ExpTable table{g, AlignedVector(static_cast<std::size_t>(pass_.groups[g].cells * padded_)), {}};
      const double* eta = request_.derivative.data() + pass_.groups[g].offset;
      for (std::int64_t c = 0; c < pass_.groups[g].cells; ++c) {
        table.peak.push_back(exp_below_peak(eta + c * levels_, levels_, table.share.data() + c * padded_));
      }
      tables_.push_back(std::move(table));
    }
  }

  void prepare(Scratch& s) const {
    outer_.prepare(s.tile);
    s.sums.assign(static_cast<std::size_t>(width_), 0.0);
    s.shared.assign(static_cast<std::size_t>(width_), 0.0);
    s.share.assign(static_cast<std::size_t>(padded_), 0.0);
    s.mixed.assign(static_cast<std::size_t>(padded_), 0.0);
    s.rows.element = s.next.element = -1;
    s.rows.cells.resize(tables_.size());
    s.next.cells.resize(tables_.size());
    std::int64_t scratch = 1, moment = 0;
    for (const plan::LocalBlock& block : nest_.blocks) {
      for (const plan::LocalProgram& program : block.messages) scratch = std::max(scratch, program.contraction.scratch_size());
      for (const auto& derivative : block.derivatives) scratch = std::max(scratch, derivative.program.contraction.scratch_size());
    }
    for (const plan::LocalMoment& m : nest_.moments) {
      for (const auto& entry : m.entries) moment = std::max<std::int64_t>(moment, entry.at + 1);
    }
    s.contraction.resize(static_cast<std::size_t>(scratch));
    s.moment.resize(static_cast<std::size_t>(moment));
  }

  void run_element(std::int64_t e, Scratch& s, std::vector<double>& sums, ShardResult& result) const {
    const double* fixed = request_.derivative.data() + group_.offset + e * width_;
    s.fixed.assign(fixed, fixed + width_);
    s.backward = false;
    s.products = as_products(e);
    if (s.products) read_own(e, s);
    if (request_.local.updates == 0) {
      fetch(1, 1, s, sums);
      return update_rows(e, true, s, sums, result);
    }
    if (request_.local.fresh) {
      begin_afresh(e);
      update_rows(e, false, s, sums, result);
    }
    for (int n = 1; n <= request_.local.updates && !result.failure; ++n) {
      const bool last = n == request_.local.updates;
      fetch(n, request_.local.updates, s, sums);
      update_blocks(e, last, s, result);
      if (!result.failure) update_rows(e, last, s, sums, result);
    }
  }

  // A local block without its rows; one that has no q then stays where it is.
  void begin_afresh(std::int64_t e) const {
    for (std::size_t b = 0; b < nest_.blocks.size(); ++b) {
      BlockState& state = request_.state.blocks[static_cast<std::size_t>(nest_.blocks[b].block)];
      const plan::PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(nest_.blocks[b].block)];
      const std::size_t size = planned.family->size(), at = static_cast<std::size_t>(e) * size;
      const std::span<double> natural(state.natural.data() + at, size);
      const std::vector<double> kept(natural.begin(), natural.end());
      std::copy_n(request_.messages[b].begin() + static_cast<std::ptrdiff_t>(at), size, natural.begin());
      if (!request_.optimise(nest_.blocks[b].block, e)) continue;
      std::copy(kept.begin(), kept.end(), natural.begin());
      if (!planned.point) (void)request_.optimise(nest_.blocks[b].block, e);
    }
  }

  void run_program(const plan::LocalProgram& program, std::int64_t e, Scratch& s, double* output) const {
    s.pointers.clear();
    for (const auto& input : program.inputs) s.pointers.push_back(request_.inputs[input.buffer] + e * input.stride);
    program.contraction.run(s.pointers, output, s.contraction.data());
  }

  void update_blocks(std::int64_t e, bool last, Scratch& s, ShardResult& result) const {
    for (std::size_t b = 0; b < nest_.blocks.size(); ++b) {
      const plan::LocalBlock& local = nest_.blocks[b];
      const plan::PlannedBlock& planned = plan_.blocks[static_cast<std::size_t>(local.block)];
      BlockState& state = request_.state.blocks[static_cast<std::size_t>(local.block)];
      const std::size_t size = planned.family->size(), at = static_cast<std::size_t>(e) * size;
      double* natural = state.natural.data() + at;
      std::copy_n(request_.messages[b].begin() + static_cast<std::ptrdiff_t>(at), size, natural);
      for (const plan::LocalProgram& program : local.messages) run_program(program, e, s, natural);
      if (planned.point || last) {
        if (auto failure = request_.optimise(local.block, e)) result.failure = failure;
      } else if (const auto improper = planned.family->update_mean({natural, size}, {state.mean.data() + at, size})) {
        result.failure = BlockFailure{local.block, e, improper->reason};
      }
      if (result.failure) return;
    }
  }

  // G of the element's cells, from the local blocks as they are.
  void share(std::int64_t e, Scratch& s) const {
    s.shared = s.fixed;
    for (const plan::LocalBlock& block : nest_.blocks) {
      for (const auto& derivative : block.derivatives) {
        const plan::LocalMoment& moment = nest_.moments[derivative.moment];
        if (moment.same_order) {
          run_program(derivative.program, e, s, s.shared.data());
          continue;
        }
        for (const auto& entry : moment.entries) s.moment[static_cast<std::size_t>(entry.at)] = 0;
        run_program(derivative.program, e, s, s.moment.data());
        for (const auto& entry : moment.entries) s.shared[static_cast<std::size_t>(entry.cell)] += s.moment[static_cast<std::size_t>(entry.at)];
      }
    }
  }

  // q of the element's rows, and what they contribute to its own moments; the last time, to everything else.
  void update_rows(std::int64_t e, bool last, Scratch& s, std::vector<double>& sums, ShardResult& result) const {
    share(e, s);
    if (s.products) {
      s.share_peak = exp_below_peak(s.shared.data(), levels_, s.share.data());
      const auto padded = static_cast<std::int64_t>(s.rows.weight.size());
      s.backward = !s.backward;
      s.products =
          mix(s.own.data(), padded, padded_, s.share.data(), s.rows.weight.data(), s.backward, s.total.data(), s.scaled.data(), s.mixed.data());
    }
    if (s.products) {
      for (std::int64_t k = 0; k < levels_; ++k)
        s.sums[static_cast<std::size_t>(k)] = s.share[static_cast<std::size_t>(k)] * s.mixed[static_cast<std::size_t>(k)];
      if (last) finish_products(e, s, sums, result);
    } else {
      update_tiles(e, last, s, sums, result);
    }
    for (const plan::LocalMoment& moment : nest_.moments) {
      double* to = request_.state.moments[static_cast<std::size_t>(moment.moment)].data() + e * moment.stride;
      if (moment.same_order) {
        std::copy(s.sums.begin(), s.sums.end(), to);
        continue;
      }
      for (const auto& entry : moment.entries) to[entry.at] = s.sums[static_cast<std::size_t>(entry.cell)];
    }
  }

  void update_tiles(std::int64_t e, bool last, Scratch& s, std::vector<double>& sums, ShardResult& result) const {
    std::copy(s.shared.begin(), s.shared.end(), request_.derivative.begin() + static_cast<std::ptrdiff_t>(group_.offset + e * width_));
    std::fill(s.sums.begin(), s.sums.end(), 0.0);
    for_each_tile(e, [&](std::span<const std::int32_t> listed, std::int64_t) {
      whole_.read(listed, s.tile);
      whole_.natural(s.tile);
      std::optional<RowFailure> failure;
      const double log_partition = whole_.update(s.tile, failure);
      if (failure && !result.failure) result.failure = BlockFailure{*pass_.block, listed[static_cast<std::size_t>(failure->row)], failure->reason};
      whole_.weigh(s.tile);
      whole_.add_picked(group_, e, s.tile, s.sums.data());
      if (!last) return;
      outer_.add_sums(s.tile, sums.data());
      result.log_partition += log_partition;
    });
  }

  template <class Visit>
  void for_each_tile(std::int64_t e, Visit visit) const {
    const std::span<const std::int32_t> all = rows(e);
    for (std::size_t first = 0; first < all.size(); first += tile_rows) {
      visit(all.subspan(first, std::min<std::size_t>(tile_rows, all.size() - first)), static_cast<std::int64_t>(first));
    }
  }

  void read_rows(std::int64_t e, Scratch& s, ElementRows& to) const {
    to.element = e;
    to.count = rows(e).size();
    const auto padded = static_cast<std::size_t>(padded_rows(static_cast<std::int64_t>(to.count)));
    to.weight.assign(padded, 0.0);
    for (auto& cells_of : to.cells) cells_of.resize(padded + tile_rows);
    for_each_tile(e, [&](std::span<const std::int32_t> listed, std::int64_t first) {
      outer_.read(listed, s.tile);
      const double* weight = pass_.weight ? s.tile.tile.column(static_cast<std::size_t>(*pass_.weight)) : nullptr;
      for (std::size_t i = 0; i < listed.size(); ++i) to.weight[static_cast<std::size_t>(first) + i] = weight != nullptr ? weight[i] : 1.0;
      for (std::size_t t = 0; t < tables_.size(); ++t) cells(s.tile.tile, pass_.groups[tables_[t].group], to.cells[t].data() + first);
      if (!tabled_) compute_own(first, s);
    });
  }

  // The rows' own part of the responsibilities, with 1 as the largest of a row (or as their sum), and weights.
  void read_own(std::int64_t e, Scratch& s) const {
    const auto count = static_cast<std::int64_t>(rows(e).size()), padded = padded_rows(count);
    s.own.resize(std::max(s.own.size(), static_cast<std::size_t>(padded * padded_)));
    std::fill(s.own.begin() + count * padded_, s.own.begin() + padded * padded_, 1.0);
    s.own_peak.assign(static_cast<std::size_t>(padded), 0.0);
    s.total.resize(static_cast<std::size_t>(padded));
    s.scaled.resize(static_cast<std::size_t>(padded));
    if (s.rows.element != e) read_rows(e, s, s.rows);
    if (!tabled_) return;
    if (tables_.empty()) std::fill_n(s.own.data(), count * padded_, 1.0);
    for (std::size_t t = 0; t < tables_.size(); ++t) pick_own(t, s);
  }

  void pick_own(std::size_t t, Scratch& s) const {
    const ExpTable& table = tables_[t];
    for (std::size_t r = 0; r < s.rows.count; ++r) {
      const std::int64_t cell = s.rows.cells[t][r];
      double* __restrict to = s.own.data() + static_cast<std::int64_t>(r) * padded_;
      if (cell < 0) {  // the row picks nothing here
        if (t == 0) std::fill_n(to, padded_, 1.0);
        continue;
      }
      const double* __restrict from = table.share.data() + cell * padded_;
      s.own_peak[r] += table.peak[static_cast<std::size_t>(cell)];
      if (t == 0) {
        for (std::int64_t k = 0; k < padded_; k += lanes) store_lane(to + k, load_lane(from + k));
      } else {
        for (std::int64_t k = 0; k < padded_; k += lanes) store_lane(to + k, load_lane(to + k) * load_lane(from + k));
      }
    }
  }

  // A part of what the last update adds to, and of what the next element begins with, is asked from the memory during each update.
  void fetch(int update, int updates, const Scratch& s, const std::vector<double>& sums) const {
    if (!s.products) return;
    const auto part = [&](const ElementRows& list, std::size_t t, const double* table, std::int64_t width) {
      const std::size_t first = list.count * static_cast<std::size_t>(update - 1) / static_cast<std::size_t>(updates);
      const std::size_t end = list.count * static_cast<std::size_t>(update) / static_cast<std::size_t>(updates);
      for (std::size_t r = first; r < end; ++r) {
        if (list.cells[t][r] >= 0) prefetch_row(table + list.cells[t][r] * width, levels_);
      }
    };
    for (std::size_t t = 0; t < tables_.size(); ++t) {
      part(s.rows, t, sums.data() + outer_.offset(tables_[t].group), levels_);
      if (s.next.element >= 0) part(s.next, t, tables_[t].share.data(), padded_);
    }
  }

  void compute_own(std::int64_t first, Scratch& s) const {
    outer_.natural(s.tile);
    softmax_rows(s.tile.natural.data(), tile_rows, levels_, s.tile.peak.data(), s.tile.total.data());
    for (std::int64_t i = 0; i < s.tile.tile.rows; ++i) {
      double* to = s.own.data() + (first + i) * padded_;
      for (std::int64_t k = 0; k < levels_; ++k) to[k] = s.tile.natural[static_cast<std::size_t>(k * tile_rows + i)];
      std::fill(to + levels_, to + padded_, 0.0);
      s.own_peak[static_cast<std::size_t>(first + i)] =
          s.tile.peak[static_cast<std::size_t>(i)] + std::log(s.tile.total[static_cast<std::size_t>(i)]);
    }
  }

  // A(η) = log total + the rows' own peak + the shared peak.
  void finish_products(std::int64_t e, Scratch& s, std::vector<double>& sums, ShardResult& result) const {
    const AlignedVector& weight = s.rows.weight;
    double peaks = 0;
    for (std::size_t r = 0; r < weight.size(); ++r) peaks += weight[r] * (s.own_peak[r] + s.share_peak);
    result.log_partition += peaks + sum_weighted_logs(s.total.data(), weight.data(), static_cast<std::int64_t>(weight.size()));
    if (!tabled_) {
      for_each_tile(e, [&](std::span<const std::int32_t> listed, std::int64_t first) { add_mixed(listed, first, s, sums); });
      return;
    }
    for (std::size_t t = 0; t < tables_.size(); ++t) {
      double* group_sums = sums.data() + outer_.offset(tables_[t].group);
      for (std::size_t r = 0; r < s.rows.count; ++r) {
        const std::int64_t cell = s.rows.cells[t][r];
        if (cell < 0) continue;
        const double* own = s.own.data() + static_cast<std::int64_t>(r) * padded_;
        add_scaled_product(s.scaled[r], own, s.share.data(), group_sums + cell * levels_);
      }
    }
  }

  void add_scaled_product(double scale, const double* __restrict own, const double* __restrict share, double* __restrict to) const {
    for (std::int64_t k = 0; k < levels_; ++k) to[k] += scale * (own[k] * share[k]);
  }

  // The means of a tile as a plain sweep has them.
  void add_mixed(std::span<const std::int32_t> listed, std::int64_t first, Scratch& s, std::vector<double>& sums) const {
    outer_.read(listed, s.tile);
    for (std::int64_t i = 0; i < s.tile.tile.rows; ++i) {
      const double* own = s.own.data() + (first + i) * padded_;
      const double scale = 1 / s.total[static_cast<std::size_t>(first + i)];
      for (std::int64_t k = 0; k < levels_; ++k) {
        s.tile.mean[static_cast<std::size_t>(k * tile_rows + i)] = scale * (own[k] * s.share[static_cast<std::size_t>(k)]);
      }
    }
    outer_.weigh(s.tile);
    outer_.add_sums(s.tile, sums.data());
  }

  const LocalSweepRequest& request_;
  const plan::Plan& plan_;
  const plan::Nest& nest_;
  const plan::Pass& pass_;
  const plan::FeatureGroup& group_;
  bool discrete_;
  std::int64_t levels_, padded_;
  std::int64_t width_;  // sums of one cell of the group
  TileSweep outer_;     // without the nest's group
  TileSweep whole_;
  bool products_ = false, tabled_ = false;
  std::vector<ExpTable> tables_;
};

// Boundaries of shards of whole elements with about as many rows as those of a plain sweep: a function of the data alone.
std::vector<std::int64_t> shards_of(const plan::Nest& nest, std::int64_t sums) {
  const std::int64_t rows = nest.first.back(), size = Shards::of(rows, sums).size;
  std::vector<std::int64_t> out{0};
  for (std::int64_t e = 1; e <= nest.elements; ++e) {
    const std::int64_t begin = nest.first[static_cast<std::size_t>(out.back())];
    if (e == nest.elements || nest.first[static_cast<std::size_t>(e)] - begin >= size) out.push_back(e);
  }
  return out;
}

}  // namespace

bool is_looked_up(const plan::Plan& plan, const plan::Nest& nest) {
  const plan::Pass& pass = plan.passes[static_cast<std::size_t>(nest.pass)];
  const bool discrete = plan.blocks[static_cast<std::size_t>(*pass.block)].discrete;
  return discrete && pass.groups[0].features.empty() && std::all_of(pass.groups.begin() + 1, pass.groups.end(), is_constant);
}

LocalSweepResult local_sweep(const LocalSweepRequest& request) {
  const LocalSweeper sweeper(request);
  const std::vector<std::int64_t> bounds = shards_of(request.nest, sweeper.sums());
  const std::size_t count = bounds.size() - 1, length = static_cast<std::size_t>(sweeper.sums());
  std::vector<std::vector<double>> sums(count);
  std::vector<ShardResult> results(count);
  std::vector<Scratch> scratch(static_cast<std::size_t>(std::max(1, request.threads)));
  for_each_shard(static_cast<std::int64_t>(count), request.threads, [&](std::int64_t shard, int slot) {
    const auto at = static_cast<std::size_t>(shard);
    sums[at].assign(length + 1, 0.0);
    results[at].cancelled = request.cancel != nullptr && request.cancel->load(std::memory_order_relaxed);
    if (results[at].cancelled) return;
    sweeper.run_shard(bounds[at], bounds[at + 1], scratch[static_cast<std::size_t>(slot)], sums[at], results[at]);
    sums[at].back() = results[at].log_partition;  // reduced along the same tree
  });
  reduce_pairwise(sums);
  LocalSweepResult out;
  out.sums = std::move(sums[0]);
  out.log_partition = out.sums.back();
  out.sums.pop_back();
  for (ShardResult& result : results) {
    out.cancelled = out.cancelled || result.cancelled;
    if (!out.failure) out.failure = std::move(result.failure);
  }
  return out;
}

}  // namespace jensen::run
