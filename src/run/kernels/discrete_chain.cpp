#include "run/kernels/discrete_chain.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "run/kernels/exp.hpp"
#include "run/kernels/flush.hpp"
#include "run/kernels/levels.hpp"
#include "run/rows.hpp"

namespace jensen::run {
namespace {

constexpr double log_zero = -1e200;

// β of a row is scaled when its largest leaves this range: by powers of 2, so that when it happens changes no bit of the result.
constexpr double least_peak = 0x1p-128, greatest_peak = 0x1p128;

// Rounding lets the mass of the marginals drift; it is set back to 1 at positions that are multiples of this.
constexpr std::int64_t between_rescales = 256;

// exp(η − its largest) of `lanes` rows, next to each other by level in `own`; rows run along the lanes until the end.
template <class Size>
void own_factors(Size size, std::int64_t levels, const double* natural, double* own, double* peaks) {
  Lane peak = spread(log_zero);
  for (std::int64_t k = 0; k < levels; ++k) {
    const Lane x = load_lane(natural + k * tile_rows);
    peak = x > peak ? x : peak;
  }
  store_lane(peaks, peak);
  for (std::int64_t k = 0; k < size.apart; k += lanes) {
    Pack<lanes>::Value block[lanes] = {};
    const std::int64_t here = std::min(lanes, levels - k);
    for (std::int64_t c = 0; c < here; ++c) block[c] = exp_lane(load_lane(natural + (k + c) * tile_rows) - peak);
    transpose(block);
    for (std::int64_t i = 0; i < lanes; ++i) store_pack<lanes>(own + i * size.apart + k, block[i]);
  }
}

// Rows of `lanes` places each become columns of the tile.
template <class Size>
void write_columns(Size size, std::int64_t levels, const double* rows, double* mean) {
  for (std::int64_t k = 0; k < levels; k += lanes) {
    Pack<lanes>::Value block[lanes];
    for (std::int64_t i = 0; i < lanes; ++i) block[i] = load_pack<lanes>(rows + i * size.apart + k);
    transpose(block);
    const std::int64_t here = std::min(lanes, levels - k);
    for (std::int64_t c = 0; c < here; ++c) store_pack<lanes>(mean + (k + c) * tile_rows, block[c]);
  }
}

void clear_after(std::int64_t rows, std::int64_t levels, double* mean) {
  const std::int64_t written = round_up(rows, lanes);
  for (std::int64_t k = 0; k < levels; ++k) std::fill(mean + k * tile_rows + written, mean + (k + 1) * tile_rows, 0.0);
}

template <int width>
void store_inverse(double* to, typename Pack<width>::Value value) {
  const typename Pack<width>::Value none = {};
  store_pack<width>(to, value > none ? 1.0 / value : none);
}

}  // namespace

// Rows of `apart` places: inverse messages, q(z_previous) / m and q, with room for one row more.
struct DiscreteChain::Scratch {
  double *inverse, *ratio, *q;
  Scratch(double* memory, std::int64_t apart) : inverse(memory), ratio(memory + (lanes + 1) * apart), q(memory + 2 * (lanes + 1) * apart) {}
};

DiscreteChain::DiscreteChain(std::int64_t levels, const Forest& forest, const double* links, std::int64_t kinds)
    : levels_(levels), kinds_(kinds), forest_(forest), chain_(is_chain(forest)) {
  const std::int64_t apart = with_levels_of(levels, [this](auto size) {
    padded_ = size.padded;
    return size.apart;
  });
  const auto table = static_cast<std::size_t>(kinds * padded_ * padded_);
  kept_.resize(forest.rows * padded_);
  across_.assign(table, 0.0);
  back_.assign(table, 0.0);
  outer_.assign(table, 0.0);
  scratch_.assign(static_cast<std::size_t>(3 * (lanes + 1) * apart), 0.0);
  carry_.assign(static_cast<std::size_t>(apart), 0.0);
  link_peak_.assign(static_cast<std::size_t>(kinds), 0.0);
  sums_.assign(static_cast<std::size_t>(kinds * levels * levels), 0.0);
  set_links(links);
}

void DiscreteChain::set_links(const double* links) {
  const std::int64_t entries = levels_ * levels_;
  AlignedVector factors(static_cast<std::size_t>(padded_levels(entries)));
  for (std::int64_t l = 0; l < kinds_; ++l) {
    const double* theta = links + l * entries;
    const double peak = *std::max_element(theta, theta + entries);
    const bool any = peak > log_zero;
    link_peak_[static_cast<std::size_t>(l)] = any ? peak : 0;
    if (any) {
      exp_below_peak(theta, entries, factors.data());
    } else {
      std::fill(factors.begin(), factors.end(), 0.0);
    }
    double* across = across_.data() + l * padded_ * padded_;
    double* back = back_.data() + l * padded_ * padded_;
    for (std::int64_t j = 0; j < levels_; ++j) {
      for (std::int64_t k = 0; k < levels_; ++k) across[j * padded_ + k] = back[k * padded_ + j] = factors[static_cast<std::size_t>(j * levels_ + k)];
    }
  }
}

// --- upwards ---

void DiscreteChain::begin_upward() {
  offset_ = 0;
  exponent_ = 0;
  impossible_.reset();
  if (chain_) return;
  kept_.setZero();
  for (std::int64_t p = 0; p < forest_.rows; ++p) std::fill(row(p), row(p) + levels_, 1.0);
}

void DiscreteChain::upward(std::int64_t first, std::int64_t rows, const double* natural) {
  const FlushDenormals flush;
  if (first + rows == forest_.rows) begin_upward();
  with_levels_of(levels_, [&](auto size) {
    if (chain_) {
      chain_up(size, first, rows, natural);
    } else {
      tree_up(size, first, rows, natural);
    }
  });
}

// Keeps β of a row in range, tells of a row without states, and closes a root.
template <class Size>
inline void DiscreteChain::settle(Size size, std::int64_t position) {
  double* here = row(position);
  const double peak = largest_level(size, here);
  if (!(peak > least_peak && peak < greatest_peak)) [[unlikely]] {
    if (peak == 0) {
      impossible_ = std::min(impossible_.value_or(position), position);
      std::fill(here, here + levels_, 1.0);  // the rows before are looked at as if this one said nothing
    } else if (std::isfinite(peak)) {
      const int power = std::ilogb(peak);
      scale_levels(size, here, std::ldexp(1.0, -power));
      exponent_ += power;
    }
  }
  if (linked(position)) {
    offset_ += link_peak_[static_cast<std::size_t>(forest_.link[position])];
  } else {
    offset_ += std::log(sum_levels(size, here));
  }
}

template <class Size>
void DiscreteChain::chain_up(Size size, std::int64_t first, std::int64_t rows, const double* natural) {
  double* own = scratch_.data();
  double peaks[lanes];
  for (std::int64_t i = (rows - 1) / lanes * lanes; i >= 0; i -= lanes) {
    own_factors(size, levels_, natural + i, own, peaks);
    for (std::int64_t r = std::min(lanes, rows - i) - 1; r >= 0; --r) {
      const std::int64_t p = first + i + r;
      const double* factor = own + r * size.apart;
      double* here = row(p);
      if (p + 1 < forest_.rows && linked(p + 1)) {
        product(size, back_.data() + matrix(p + 1), row(p + 1),
                [&](std::int64_t at, auto message) { store_pack<Size::width>(here + at, message * load_pack<Size::width>(factor + at)); });
      } else {
        std::copy(factor, factor + size.padded, here);
      }
      offset_ += peaks[r];
      settle(size, p);
    }
  }
}

template <class Size>
void DiscreteChain::tree_up(Size size, std::int64_t first, std::int64_t rows, const double* natural) {
  constexpr int width = Size::width;
  double* own = scratch_.data();
  double peaks[lanes];
  for (std::int64_t i = (rows - 1) / lanes * lanes; i >= 0; i -= lanes) {
    own_factors(size, levels_, natural + i, own, peaks);
    for (std::int64_t r = std::min(lanes, rows - i) - 1; r >= 0; --r) {
      const std::int64_t p = first + i + r;
      const double* factor = own + r * size.apart;
      double* here = row(p);
      for (std::int64_t at = 0; at < size.padded; at += width) {
        store_pack<width>(here + at, load_pack<width>(here + at) * load_pack<width>(factor + at));
      }
      offset_ += peaks[r];
      settle(size, p);
      if (!linked(p)) continue;
      double* above = row(forest_.previous[p]);
      product(size, back_.data() + matrix(p), here,
              [&](std::int64_t at, auto message) { store_pack<width>(above + at, message * load_pack<width>(above + at)); });
      const double peak = largest_level(size, above);
      if (peak > 0 && std::isfinite(peak) && (peak < least_peak || peak > greatest_peak)) {
        const int power = std::ilogb(peak);
        scale_levels(size, above, std::ldexp(1.0, -power));
        exponent_ += power;
      }
    }
  }
}

double DiscreteChain::log_partition() const {
  if (impossible_) return -std::numeric_limits<double>::infinity();
  return static_cast<double>(offset_ + static_cast<long double>(exponent_) * 0.693147180559945309417232121458176568L);
}

// --- downwards ---

void DiscreteChain::begin_downward() {
  std::fill(outer_.begin(), outer_.end(), 0.0);
  std::fill(carry_.begin(), carry_.end(), 0.0);
}

void DiscreteChain::downward(std::int64_t first, std::int64_t rows, double* mean) {
  const FlushDenormals flush;
  if (first == 0) begin_downward();
  with_levels_of(levels_, [&](auto size) {
    if (chain_) {
      chain_down(size, first, rows, mean);
    } else {
      tree_down(size, first, rows, mean);
    }
  });
  clear_after(rows, levels_, mean);
  if (first + rows == forest_.rows) finish_sums();
}

// 1 / m of `count` rows, 0 where m is: no mass of the row before lies there. 0 as well for rows without link.
template <class Size>
void DiscreteChain::invert_messages(Size size, std::int64_t first, std::int64_t count, double* inverse) const {
  constexpr int batch = lanes < 4 ? 2 : 4;
  for (std::int64_t b = 0; b < count; b += batch) {
    const double* x[batch];
    bool alike = true;
    for (int i = 0; i < batch; ++i) {
      const std::int64_t p = first + std::min(b + i, count - 1);
      x[i] = row(p);
      alike = alike && linked(p) && forest_.link[p] == forest_.link[first + b];
    }
    double* to = inverse + b * size.apart;
    if (alike) {
      products<batch>(size, back_.data() + matrix(first + b), x,
                      [&](int i, std::int64_t at, auto message) { store_inverse<Size::width>(to + i * size.apart + at, message); });
      continue;
    }
    for (std::int64_t i = 0; i < std::min<std::int64_t>(batch, count - b); ++i) {
      const std::int64_t p = first + b + i;
      if (linked(p)) {
        products<1>(size, back_.data() + matrix(p), x + i,
                    [&](int, std::int64_t at, auto message) { store_inverse<Size::width>(to + i * size.apart + at, message); });
      } else {
        std::fill(to + i * size.apart, to + i * size.apart + size.padded, 0.0);
      }
    }
  }
}

// q(z = k) = β(k) Σ_j ratio(j) exp θ(j, k) with ratio(j) = q(z_previous = j) / m(j), row after row.
template <class Size>
void DiscreteChain::walk(Size size, std::int64_t first, std::int64_t count, const Scratch& scratch) {
  constexpr int width = Size::width;
  for (std::int64_t at = 0; at < size.padded; at += width) {
    store_pack<width>(scratch.ratio + at, load_pack<width>(carry_.data() + at) * load_pack<width>(scratch.inverse + at));
  }
  for (std::int64_t r = 0; r < count; ++r) {
    const std::int64_t p = first + r;
    const double* here = row(p);
    const double* next = scratch.inverse + (r + 1) * size.apart;
    double* q = scratch.q + r * size.apart;
    double* ratio = scratch.ratio + (r + 1) * size.apart;
    const auto set = [&](std::int64_t at, auto value) {
      store_pack<width>(q + at, value);
      store_pack<width>(ratio + at, value * load_pack<width>(next + at));
    };
    if (linked(p)) {
      product(size, across_.data() + matrix(p), scratch.ratio + r * size.apart,
              [&](std::int64_t at, auto sum) { set(at, sum * load_pack<width>(here + at)); });
    } else {
      const double scale = 1 / sum_levels(size, here);
      for (std::int64_t at = 0; at < size.padded; at += width) set(at, load_pack<width>(here + at) * scale);
    }
    if (p % between_rescales == 0) {
      const double mass = sum_levels(size, q), scale = mass > 0 ? 1 / mass : 1;
      for (std::int64_t at = 0; at < size.padded; at += width) set(at, load_pack<width>(q + at) * scale);
    }
  }
  const double* last = scratch.q + (count - 1) * size.apart;
  std::copy(last, last + size.padded, carry_.data());
}

// Rows without link have ratio 0 and add nothing to whatever they are added.
template <class Size>
void DiscreteChain::add_links(Size size, std::int64_t first, std::int64_t count, const double* ratio) {
  constexpr int batch = static_cast<int>(Size::together <= 2 ? lanes : lanes / 2);
  for (std::int64_t b = 0; b < count; b += batch) {
    const double *a[batch], *x[batch];
    std::int64_t kind = -1;
    bool alike = true;
    for (int i = 0; i < batch; ++i) {
      const std::int64_t p = first + std::min(b + i, count - 1);
      x[i] = row(p);
      a[i] = ratio + (b + i) * size.apart;
      if (!linked(p)) continue;
      alike = alike && (kind < 0 || kind == forest_.link[p]);
      kind = forest_.link[p];
    }
    if (kind < 0) continue;
    if (alike) {
      add_outer<batch>(size, a, x, outer_.data() + kind * padded_ * padded_);
      continue;
    }
    for (std::int64_t i = 0; i < std::min<std::int64_t>(batch, count - b); ++i) {
      const std::int64_t p = first + b + i;
      if (linked(p)) add_outer<1>(size, a + i, x + i, outer_.data() + matrix(p));
    }
  }
}

template <class Size>
void DiscreteChain::chain_down(Size size, std::int64_t first, std::int64_t rows, double* mean) {
  const Scratch scratch(scratch_.data(), size.apart);
  for (std::int64_t i = 0; i < rows; i += lanes) {
    const std::int64_t count = std::min(lanes, rows - i);
    invert_messages(size, first + i, count, scratch.inverse);
    walk(size, first + i, count, scratch);
    std::fill(scratch.ratio + count * size.apart, scratch.ratio + (lanes + 1) * size.apart, 0.0);
    std::fill(scratch.q + count * size.apart, scratch.q + (lanes + 1) * size.apart, 0.0);
    add_links(size, first + i, count, scratch.ratio);
    write_columns(size, levels_, scratch.q, mean + i);
  }
}

// One row of a tree: its q takes the place of β, for the rows that hang on it.
template <class Size>
void DiscreteChain::walk_tree(Size size, std::int64_t position, double* ratio) {
  constexpr int width = Size::width;
  double* here = row(position);
  if (!linked(position)) {
    scale_levels(size, here, 1 / sum_levels(size, here));
    return;
  }
  const double* above = row(forest_.previous[position]);
  const double* a = ratio;
  const double* b = here;
  products<1>(size, back_.data() + matrix(position), &b, [&](int, std::int64_t at, auto message) {
    store_inverse<width>(ratio + at, message);
    store_pack<width>(ratio + at, load_pack<width>(above + at) * load_pack<width>(ratio + at));
  });
  add_outer<1>(size, &a, &b, outer_.data() + matrix(position));
  product(size, across_.data() + matrix(position), ratio,
          [&](std::int64_t at, auto sum) { store_pack<width>(here + at, sum * load_pack<width>(here + at)); });
  const double mass = sum_levels(size, here);
  if (mass > 0) scale_levels(size, here, 1 / mass);
}

template <class Size>
void DiscreteChain::tree_down(Size size, std::int64_t first, std::int64_t rows, double* mean) {
  const Scratch scratch(scratch_.data(), size.apart);
  for (std::int64_t i = 0; i < rows; i += lanes) {
    const std::int64_t count = std::min(lanes, rows - i);
    for (std::int64_t r = 0; r < count; ++r) {
      walk_tree(size, first + i + r, scratch.ratio);
      std::copy(row(first + i + r), row(first + i + r) + size.padded, scratch.q + r * size.apart);
    }
    std::fill(scratch.q + count * size.apart, scratch.q + (lanes + 1) * size.apart, 0.0);
    write_columns(size, levels_, scratch.q, mean + i);
  }
}

void DiscreteChain::finish_sums() {
  for (std::int64_t l = 0; l < kinds_; ++l) {
    for (std::int64_t j = 0; j < levels_; ++j) {
      for (std::int64_t k = 0; k < levels_; ++k) {
        const auto at = static_cast<std::size_t>((l * padded_ + j) * padded_ + k);
        const bool possible = across_[at] > 0;
        sums_[static_cast<std::size_t>((l * levels_ + j) * levels_ + k)] = possible ? across_[at] * outer_[at] : 0;
      }
    }
  }
}

}  // namespace jensen::run
