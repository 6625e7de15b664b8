// Upwards over linked Gaussian rows, the part that does not depend on h: with messages M_c of the rows that hang on it, the row at position p has
//     Λ = −(J + J') − Σ_c M_c,      and leaves to the one it hangs on      gain = C Λ⁻¹,  M = C Λ⁻¹ C'.
// Rows whose J and link are those of the row before it converge to a fixed point, and rows of many equal series repeat each other: what elimination
// leaves is kept once and shared.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "run/kernels/forest.hpp"
#include "run/kernels/own_precisions.hpp"

namespace jensen::run {

struct Elimination {
  double* inverse = nullptr;  // Λ⁻¹
  double* gain = nullptr;     // previous × own
  double* message = nullptr;
  double half_log_determinant = 0;
  std::int64_t rows = 1;               // that share it
  std::int32_t own = 0, link = 0;      // numbers of the own precision and of the link (no_link for a root)
  std::int32_t next = -1;              // elimination of the row met last that only one like this hangs on
  std::int32_t limit = -1;             // the fixed point: that of rows like this one that hang on each other
  std::int32_t root = -1, fixed = -1;  // Marginals of a root, and of rows far from it
  Settling settling;
};

template <int D>
class GaussianElimination {
 public:
  static constexpr std::int32_t no_link = -1;

  GaussianElimination(std::int64_t side, const Forest& forest, std::int64_t kinds)
      : side_(side), forest_(forest), kinds_(kinds), own_(side), pool_(side * side) {
    child_.assign(static_cast<std::size_t>(forest.rows), leaf);
    for (std::int64_t p = 0; p < forest.rows; ++p) adopt(p);
    for (SideMatrix<D>* m : {&lower_, &inverse_factor_, &divided_}) m->resize(side, side);
    zero_.resize(side);
    reciprocal_.resize(side);
  }

  void restart(const double* links) {
    links_.assign(links, links + kinds_ * size());
    number_links();
    gathered_.assign(children_.size() * static_cast<std::size_t>(size()), 0.0);
    kept_.clear();
    pool_.clear();
    own_.restart();
    leaves_.clear();
    fixed_.clear();
  }

  // Tiles from the last to the first: of_row[p] is the number of position p's elimination. Returns the position whose precision is not positive
  // definite, and why.
  std::optional<std::pair<std::int64_t, std::string>> upward(std::int64_t first, std::int64_t rows, const double* quadratic, std::int32_t* of_row) {
    own_.begin(rows, quadratic);
    for (std::int64_t i = rows; i-- > 0;) {
      const std::int64_t p = first + i;
      const std::int32_t previous = forest_.previous[p];
      const std::int32_t found = find(p, own_.at(i), previous < 0 ? no_link : link_number_[static_cast<std::size_t>(forest_.link[p])], of_row);
      if (found < 0) return std::pair{p, reason_};
      of_row[p] = found;
      if (!gathered_.empty() && previous >= 0) gather(child_[static_cast<std::size_t>(previous)], kept_[static_cast<std::size_t>(found)]);
    }
    return std::nullopt;
  }

  [[nodiscard]] std::vector<Elimination>& kept() { return kept_; }
  [[nodiscard]] const std::vector<Elimination>& kept() const { return kept_; }
  [[nodiscard]] ArrayPool& pool() { return pool_; }
  [[nodiscard]] std::int64_t side() const { return side_; }
  [[nodiscard]] std::int64_t size() const { return side_ * side_; }
  [[nodiscard]] SideMap<D> map(double* array) const { return {array, side_, side_}; }
  [[nodiscard]] ConstSideMap<D> map(const double* array) const { return {array, side_, side_}; }

 private:
  using Own = typename OwnPrecisions<D>::Entry;
  // Column vectors are stored by rows as well as by columns; Eigen allows them by columns only.
  using RowMajor = Eigen::Matrix<double, D, D, D == 1 ? Eigen::ColMajor : Eigen::RowMajor>;
  // What hangs on a row: nothing, one row, or several, whose messages are gathered at the place counted down from here.
  static constexpr std::int32_t leaf = -1, several = -2;
  // The last few of a kind.
  struct Recent {
    std::vector<std::int32_t> numbers;
    std::size_t added = 0;
    void add(std::int32_t e) {
      if (numbers.size() < 8) numbers.push_back(e);
      numbers[added++ % 8] = e;
    }
    void clear() { *this = {}; }
  };

  void adopt(std::int64_t p) {
    const std::int32_t previous = forest_.previous[p];
    if (previous < 0) return;
    std::int32_t& child = child_[static_cast<std::size_t>(previous)];
    if (child == leaf) {
      child = static_cast<std::int32_t>(p);
    } else if (child >= 0) {
      child = several - static_cast<std::int32_t>(children_.size());
      children_.push_back(2);
    } else {
      ++children_[static_cast<std::size_t>(several - child)];
    }
  }

  // Links that equal the one before them have its number.
  void number_links() {
    link_number_.resize(static_cast<std::size_t>(kinds_));
    for (std::int64_t l = 0; l < kinds_; ++l) {
      const double* const link = links_.data() + l * size();
      const bool same = l > 0 && std::equal(link, link + size(), link - size());
      link_number_[static_cast<std::size_t>(l)] = same ? link_number_[static_cast<std::size_t>(l - 1)] : static_cast<std::int32_t>(l);
    }
  }

  static bool alike(const Elimination& e, const Own& own, std::int32_t link) { return e.own == own.number && e.link == link; }
  Elimination& at(std::int32_t e) { return kept_[static_cast<std::size_t>(e)]; }

  void gather(std::int32_t place, const Elimination& e) {
    if (place <= several) map(gathered_.data() + (several - place) * size()) += map(e.message);
  }

  std::int32_t find(std::int64_t p, const Own& own, std::int32_t link, const std::int32_t* of_row) {
    const std::int32_t child = child_[static_cast<std::size_t>(p)];
    if (child <= several) {
      const double updates = children_[static_cast<std::size_t>(several - child)];
      return eliminate(own, link, gathered_.data() + (several - child) * size(), updates);
    }
    return child == leaf ? find_leaf(own, link) : find_after(of_row[child], own, link);
  }

  std::int32_t find_leaf(const Own& own, std::int32_t link) {
    for (const std::int32_t e : leaves_.numbers)
      if (alike(at(e), own, link)) return share(e);
    const std::int32_t made = eliminate(own, link, nullptr, 0);
    if (made >= 0) leaves_.add(made);
    return made;
  }

  // Of a row on which one with elimination `from` hangs.
  std::int32_t find_after(std::int32_t from, const Own& own, std::int32_t link) {
    const bool same = alike(at(from), own, link);
    if (same && at(from).limit >= 0) return share(at(from).limit);
    const std::int32_t known = at(from).next;
    if (known >= 0 && alike(at(known), own, link)) return share(known);
    const std::int32_t made = eliminate(own, link, at(from).message, 1);
    at(from).next = made;
    if (made >= 0 && same) settle(made, at(from), own);
    return made;
  }

  std::int32_t share(std::int32_t e) {
    ++at(e).rows;
    return e;
  }

  // `message`: the sum of those of the rows that hang on it, `updates` of them, or null.
  std::int32_t eliminate(const Own& own, std::int32_t link, const double* message, double updates) {
    lower_ = own.precision;
    if (message != nullptr) lower_ -= ConstSideMap<D>(message, side_, side_);
    // A pivot's rounding error is of the order of ε · its diagonal entry before anything was taken from it, and random in sign (Higham 2002, 10.3).
    zero_ = 64 * std::sqrt(static_cast<double>(side_) * (1 + updates)) * std::numeric_limits<double>::epsilon() * own.diagonal;
    if (const LostColumn lost = factor<D>(lower_, zero_, reciprocal_); lost.column >= 0) {
      describe(lost, own.diagonal(lost.column), zero_(lost.column));
      return -1;
    }
    Elimination e;
    e.own = own.number;
    e.link = link;
    e.half_log_determinant = half_log_determinant<D>(lower_);
    inverse_factor_.setIdentity();
    divide<D>(lower_, reciprocal_, inverse_factor_);
    e.inverse = pool_.take();
    map(e.inverse).noalias() = times(inverse_factor_, inverse_factor_.transpose());
    if (link != no_link) {
      divided_ = Eigen::Map<const RowMajor>(links_.data() + link * size(), side_, side_);
      divide<D>(lower_, reciprocal_, divided_);
      e.gain = pool_.take();
      map(e.gain).noalias() = times(divided_, inverse_factor_.transpose());
      e.message = pool_.take();
      auto out = map(e.message);
      out.noalias() = times(divided_, divided_.transpose());
      mirror_lower(out);
    }
    auto inverse = map(e.inverse);
    mirror_lower(inverse);
    kept_.push_back(e);
    return static_cast<std::int32_t>(kept_.size()) - 1;
  }

  // `e` hangs on by the same link as the row before it, of the same own precision: the rows to come are like it where the message has come to rest,
  // or like those that came to rest before with the same message.
  void settle(std::int32_t made, const Elimination& before, const Own& own) {
    Elimination& e = at(made);
    if (e.message == nullptr) return;
    const auto message = map(e.message);
    e.settling = before.settling.after(differ_by_rounding(message, map(before.message), own.diagonal));
    for (const std::int32_t f : fixed_.numbers)
      if (alike(at(f), own, e.link) && differ_by_rounding(message, map(at(f).message), own.diagonal)) e.limit = f;
    if (e.limit >= 0 || !e.settling.settled()) return;
    e.limit = made;
    fixed_.add(made);
  }

  void describe(const LostColumn& lost, double diagonal, double zero) {
    const std::string place = side_ == 1 ? "" : fmt::format("pivot {} of {} is ", lost.column + 1, side_);
    const std::string size = diagonal > 0 && std::abs(lost.pivot) <= zero ? fmt::format("zero to rounding beside its diagonal entry {:.3g}", diagonal)
                                                                          : fmt::format("{:.3g}", lost.pivot);
    reason_ = fmt::format("the precision is not positive definite ({}{})", place, size);
  }

  std::int64_t side_;
  Forest forest_;
  std::int64_t kinds_;
  std::vector<double> links_;
  std::vector<std::int32_t> link_number_;
  std::vector<std::int32_t> child_;     // of each row
  std::vector<std::int32_t> children_;  // their number, of rows on which several hang
  std::vector<double> gathered_;        // the sum of their messages
  OwnPrecisions<D> own_;
  ArrayPool pool_;
  std::vector<Elimination> kept_;
  Recent leaves_, fixed_;  // of rows on which none hangs, and fixed points
  SideMatrix<D> lower_, inverse_factor_, divided_;
  SideVector<D> zero_, reciprocal_;
  std::string reason_;
};

}  // namespace jensen::run
