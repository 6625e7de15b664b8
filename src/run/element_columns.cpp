#include "run/element_columns.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace jensen::run {
namespace {

constexpr std::int64_t most_cells = std::int64_t{1} << 24;  // of one term
constexpr std::size_t most_features = 512, most_numbers = std::size_t{1} << 25;

// Where the joint indicators of one set of variables lie among the mean parameters of an element.
struct Scope {
  std::vector<std::int32_t> variables;
  std::vector<std::int64_t> levels;
  std::vector<int> components;
  std::int64_t first = 0;
};

struct Layout {
  std::vector<Scope> scopes;
  std::vector<std::int32_t> scope_of;  // by mean parameter
};

Layout layout_of(const plan::PlannedBlock& block) {
  Layout out;
  if (!block.discrete && !block.network) {
    out.scope_of.assign(block.family->size(), 0);
    out.scopes.push_back({{0}, {1}, {0}, 0});
    return out;
  }
  std::vector<int> component;
  std::vector<std::int64_t> levels;
  for (std::size_t c = 0; c < block.components.size(); ++c) {
    for (std::int64_t i = 0; i < plan::variables_of(block.components[c]); ++i) {
      component.push_back(static_cast<int>(c));
      levels.push_back(block.discrete ? static_cast<std::int64_t>(block.family->size()) : block.components[c].levels);
    }
  }
  const std::vector<std::vector<std::int32_t>> sets = block.discrete ? std::vector<std::vector<std::int32_t>>{{0}} : block.pattern;
  for (const std::vector<std::int32_t>& set : sets) {
    Scope scope{set, {}, {}, static_cast<std::int64_t>(out.scope_of.size())};
    std::int64_t cells = 1;
    for (const std::int32_t v : set) {
      scope.levels.push_back(levels.at(static_cast<std::size_t>(v)));
      scope.components.push_back(component.at(static_cast<std::size_t>(v)));
      cells *= scope.levels.back();
    }
    out.scope_of.insert(out.scope_of.end(), static_cast<std::size_t>(cells), static_cast<std::int32_t>(out.scopes.size()));
    out.scopes.push_back(std::move(scope));
  }
  return out;
}

std::int64_t address(const plan::Affine& at, const std::vector<std::int64_t>& counter) {
  std::int64_t out = at.base;
  for (std::size_t i = 0; i < counter.size(); ++i) out += at.strides[i] * counter[i];
  return out;
}

std::int64_t address(const plan::Plan& plan, const plan::Operand& operand, const std::vector<std::int64_t>& counter) {
  const std::int64_t at = address(operand.at, counter);
  return operand.table < 0 ? at : (*plan.tables[static_cast<std::size_t>(operand.table)])[static_cast<std::size_t>(at)];
}

// Calls visit(counter) for every tuple of the indices in `used`, the others being 0, until it returns false.
template <class Visit>
void for_each_tuple(const std::vector<std::int64_t>& extents, const std::vector<std::size_t>& used, Visit visit) {
  std::vector<std::int64_t> counter(extents.size(), 0);
  for (const std::size_t i : used)
    if (extents[i] == 0) return;
  while (visit(counter)) {
    std::size_t d = used.size();
    while (d > 0 && ++counter[used[d - 1]] == extents[used[d - 1]]) counter[used[--d]] = 0;
    if (d == 0) return;
  }
}

// A column: the array or moment it is read from, and where it begins there.
struct Source {
  plan::OperandKind kind = plan::OperandKind::array;
  int id = 0;
  int feature = 0;  // of a block's own columns
  std::int64_t offset = 0;
  auto operator<=>(const Source&) const = default;
};

struct Cell {
  std::int64_t from = 0;
  double value = 0;
};

// The columns of one kind of sites, while they are collected.
struct Kind {
  std::vector<std::int64_t> levels;
  std::map<std::int64_t, std::size_t> position;  // by number of the site
  std::map<Source, std::map<std::size_t, Cell>> columns;
  std::set<Source> ambiguous;
};

class Collector {
 public:
  Collector(const Engine& engine, int block, bool through_others)
      : engine_(engine),
        plan_(engine.plan()),
        id_(block),
        through_others_(through_others),
        block_(plan_.blocks[static_cast<std::size_t>(block)]),
        layout_(layout_of(block_)) {}

  std::vector<SiteColumns> collect() {
    read_terms([&](const plan::ReducedTerm& term, const plan::Operand& mine, const plan::Operand& o) {
      if (is_data(o)) read(term, mine, o, values_of(o));
    });
    std::vector<SiteColumns> out = finish();
    if (!out.empty() || !through_others_) return out;
    kinds_.clear();
    read_terms([&](const plan::ReducedTerm& term, const plan::Operand& mine, const plan::Operand& o) {
      if (is_other(o)) read_other(term, mine, o);
    });
    return finish();
  }

 private:
  template <class Read>
  void read_terms(Read read) {
    for (const plan::ReducedTerm& term : plan_.terms) {
      const auto mine = std::find_if(term.operands.begin(), term.operands.end(),
                                     [&](const plan::Operand& o) { return o.kind == plan::OperandKind::statistic && o.id == id_; });
      if (mine == term.operands.end()) continue;
      for (const plan::Operand& o : term.operands) read(term, *mine, o);
    }
  }

  [[nodiscard]] std::vector<SiteColumns> finish() const {
    std::vector<SiteColumns> out;
    for (const auto& [key, kind] : kinds_) {
      SiteColumns columns = finish(kind);
      if (columns.points.rows() > 0) out.push_back(std::move(columns));
    }
    return out;
  }

  [[nodiscard]] const double* values_of(const plan::Operand& o) const {
    const auto at = static_cast<std::size_t>(o.id);
    return o.kind == plan::OperandKind::array ? plan_.arrays[at].values : engine_.state().moments[at].data();
  }

  // A block with a q and several elements, whose own columns may speak for this one.
  [[nodiscard]] bool is_other(const plan::Operand& o) const {
    if (o.kind != plan::OperandKind::statistic || o.id == id_) return false;
    const plan::PlannedBlock& other = plan_.blocks[static_cast<std::size_t>(o.id)];
    return !other.point && !other.discrete && !other.network && other.families.empty() && other.count > 1;
  }

  // The columns of the other block's elements, spread over its mean parameters.
  void read_other(const plan::ReducedTerm& term, const plan::Operand& mine, const plan::Operand& o) {
    auto [found, is_new] = others_.try_emplace(o.id);
    const auto size = static_cast<std::int64_t>(plan_.blocks[static_cast<std::size_t>(o.id)].family->size());
    if (is_new) {
      for (const SiteColumns& kind : Collector(engine_, o.id, false).collect()) {
        for (Eigen::Index f = 0; f < kind.points.rows(); ++f) {
          std::vector<double> values(static_cast<std::size_t>(plan_.blocks[static_cast<std::size_t>(o.id)].count * size), 0.0);
          for (std::size_t s = 0; s < kind.sites.size(); ++s) {
            std::fill_n(values.begin() + kind.sites[s].element * size, size, kind.points(f, static_cast<Eigen::Index>(s)));
          }
          found->second.push_back(std::move(values));
        }
      }
    }
    for (std::size_t f = 0; f < found->second.size(); ++f) {
      plan::Operand by_element = o;
      for (std::size_t i = 0; i < by_element.at.strides.size(); ++i) {
        if (o.table < 0 && o.at.strides[i] % size != 0) by_element.at.strides[i] = 0;
      }
      if (o.table < 0) by_element.at.base -= o.at.base % size;
      read(term, mine, by_element, found->second[f].data(), static_cast<int>(f));
    }
  }

  [[nodiscard]] bool is_data(const plan::Operand& o) const {
    if (o.kind == plan::OperandKind::array) return !block_.weight || o.id != *block_.weight;
    return o.kind == plan::OperandKind::moment && !plan_.passes[static_cast<std::size_t>(plan_.moments[static_cast<std::size_t>(o.id)].pass)].block;
  }

  // The number of the site in whose indicators the address lies, −1 outside.
  [[nodiscard]] std::int64_t site_at(std::int64_t at) const {
    if (at < 0) return -1;
    const auto size = static_cast<std::int64_t>(block_.family->size()), scopes = static_cast<std::int64_t>(layout_.scopes.size());
    return at / size * scopes + layout_.scope_of[static_cast<std::size_t>(at % size)];
  }

  [[nodiscard]] const Scope& scope_of(std::int64_t site) const { return layout_.scopes[static_cast<std::size_t>(site) % layout_.scopes.size()]; }

  // Which of the indices move the address from site to site; the others go through levels, or through columns.
  [[nodiscard]] std::vector<bool> moving(const plan::ReducedTerm& term, const plan::Operand& mine, const std::vector<std::size_t>& used) const {
    std::vector<bool> out(term.extents.size(), false);
    for_each_tuple(term.extents, used, [&](const std::vector<std::int64_t>& counter) {
      const std::int64_t here = site_at(address(plan_, mine, counter));
      if (here < 0) return true;
      std::vector<std::int64_t> other = counter;
      for (const std::size_t i : used) {
        for (other[i] = 0; other[i] < std::min<std::int64_t>(term.extents[i], 8) && !out[i]; ++other[i]) {
          const std::int64_t there = site_at(address(plan_, mine, other));
          out[i] = there >= 0 && there != here;
        }
        other[i] = counter[i];
      }
      return false;
    });
    return out;
  }

  void read(const plan::ReducedTerm& term, const plan::Operand& mine, const plan::Operand& data, const double* values, int feature = 0) {
    std::vector<std::size_t> used;
    std::int64_t cells = 1;
    for (std::size_t i = 0; i < term.extents.size(); ++i) {
      if (mine.at.strides[i] == 0 && data.at.strides[i] == 0) continue;
      used.push_back(i);
      cells *= term.extents[i];
      if (cells > most_cells) return;
    }
    const std::vector<bool> moves = moving(term, mine, used);
    if (std::none_of(used.begin(), used.end(), [&](std::size_t i) { return moves[i] && data.at.strides[i] != 0; })) return;
    for_each_tuple(term.extents, used, [&](const std::vector<std::int64_t>& counter) {
      const std::int64_t site = site_at(address(plan_, mine, counter)), from = address(plan_, data, counter);
      if (site < 0) return true;
      Source source{data.kind, data.id, feature, data.table < 0 ? data.at.base : 0};
      for (const std::size_t i : used)
        if (!moves[i]) source.offset += data.at.strides[i] * counter[i];
      return from < 0 || store(site, source, from, values[from]);
    });
  }

  // A source with several values for one site is no column.
  bool store(std::int64_t site, const Source& source, std::int64_t from, double value) {
    const Scope& scope = scope_of(site);
    Kind& kind = kinds_[{-static_cast<int>(scope.components.size()), scope.components}];
    if (kind.columns.size() >= most_features && !kind.columns.contains(source)) return false;
    kind.levels = scope.levels;
    const std::size_t at = kind.position.try_emplace(site, kind.position.size()).first->second;
    const auto [cell, is_new] = kind.columns[source].try_emplace(at, Cell{from, value});
    if (!is_new && cell->second.from != from) kind.ambiguous.insert(source);
    return kind.columns.size() * kind.position.size() < most_numbers;
  }

  // Whether every cell of a sum of data counts rows.
  [[nodiscard]] bool counts(const Source& source) const {
    if (source.kind != plan::OperandKind::moment) return false;
    const plan::Moment& moment = plan_.moments[static_cast<std::size_t>(source.id)];
    const plan::Pass& pass = plan_.passes[static_cast<std::size_t>(moment.pass)];
    return std::all_of(moment.cells.begin(), moment.cells.end(), [&](std::int32_t cell) {
      for (const plan::FeatureGroup& group : pass.groups) {
        const std::int64_t at = cell - group.offset, features = static_cast<std::int64_t>(group.features.size());
        if (at < 0 || at >= group.cells * features * pass.statistics) continue;
        return group.features[static_cast<std::size_t>(at / pass.statistics % features)].empty();
      }
      return true;  // always 0
    });
  }

  // Sums become means where one column counts their rows.
  void divide_by_counts(const Kind& kind, Eigen::MatrixXd& points) const {
    std::vector<Eigen::Index> sums;
    std::vector<Eigen::Index> count;
    Eigen::Index row = 0;
    for (const auto& [source, values] : kind.columns) {
      if (counts(source)) {
        count.push_back(row);
      } else if (source.kind == plan::OperandKind::moment) {
        sums.push_back(row);
      }
      ++row;
    }
    if (count.size() != 1 || sums.empty()) return;
    const Eigen::RowVectorXd rows = points.row(count[0]).cwiseMax(1.0);
    for (const Eigen::Index r : sums) points.row(r).array() /= rows.array();
    points.row(count[0]).setZero();
  }

  [[nodiscard]] SiteColumns finish(const Kind& kind) const {
    SiteColumns out{kind.levels, std::vector<Site>(kind.position.size()), {}};
    for (const auto& [number, at] : kind.position) {
      const Scope& scope = scope_of(number);
      out.sites[at] = {number / static_cast<std::int64_t>(layout_.scopes.size()), scope.first, scope.variables};
    }
    Eigen::MatrixXd all = Eigen::MatrixXd::Zero(static_cast<Eigen::Index>(kind.columns.size()), static_cast<Eigen::Index>(out.sites.size()));
    std::vector<Source> sources;
    for (const auto& [source, values] : kind.columns) {
      const auto row = static_cast<Eigen::Index>(sources.size());
      sources.push_back(source);
      if (kind.ambiguous.contains(source)) continue;
      for (const auto& [at, cell] : values) all(row, static_cast<Eigen::Index>(at)) = cell.value;
    }
    divide_by_counts(kind, all);
    const std::vector<Eigen::Index> kept = informative(all);
    const std::vector<double> factor = factors(sources, all);
    out.points.resize(static_cast<Eigen::Index>(kept.size()), all.cols());
    for (std::size_t r = 0; r < kept.size(); ++r) {
      out.points.row(static_cast<Eigen::Index>(r)) = all.row(kept[r]) * factor[static_cast<std::size_t>(kept[r])];
    }
    return out;
  }

  // To variance 1: of the sum of the counts, or of the zeros and ones, of one array; of anything else by itself.
  [[nodiscard]] std::vector<double> factors(const std::vector<Source>& sources, const Eigen::MatrixXd& all) const {
    std::vector<double> variance(sources.size());
    std::map<std::pair<plan::OperandKind, int>, double> together;
    std::vector<bool> category(sources.size());
    for (std::size_t r = 0; r < sources.size(); ++r) {
      const auto row = all.row(static_cast<Eigen::Index>(r)).array();
      variance[r] = (row - row.mean()).square().mean();
      category[r] = counts(sources[r]) || (sources[r].kind == plan::OperandKind::array && (row * (row - 1) == 0).all());
      if (category[r]) together[{sources[r].kind, sources[r].id}] += variance[r];
    }
    for (std::size_t r = 0; r < sources.size(); ++r) {
      if (category[r]) variance[r] = together[{sources[r].kind, sources[r].id}];
      variance[r] = variance[r] > 0 ? 1 / std::sqrt(variance[r]) : 0;
    }
    return variance;
  }

  // Rows that vary and are not the product of two others.
  static std::vector<Eigen::Index> informative(const Eigen::MatrixXd& all) {
    std::vector<Eigen::Index> varying, out;
    for (Eigen::Index r = 0; r < all.rows(); ++r) {
      if ((all.row(r).array() != all(r, 0)).any()) varying.push_back(r);
    }
    const auto is_product = [&](Eigen::Index r, Eigen::Index a, Eigen::Index b) {
      if (r == a || r == b) return false;
      for (Eigen::Index i = 0; i < all.cols(); ++i) {
        if (std::abs(all(r, i) - all(a, i) * all(b, i)) > 1e-12 * std::abs(all(r, i))) return false;
      }
      return true;
    };
    for (const Eigen::Index r : varying) {
      bool product = false;
      for (std::size_t a = 0; a < varying.size() && !product && varying.size() <= 64; ++a) {
        for (std::size_t b = a; b < varying.size() && !product; ++b) product = is_product(r, varying[a], varying[b]);
      }
      if (!product) out.push_back(r);
    }
    return out;
  }

  const Engine& engine_;
  const plan::Plan& plan_;
  int id_;
  bool through_others_;
  const plan::PlannedBlock& block_;
  Layout layout_;
  std::map<int, std::vector<std::vector<double>>> others_;  // by block and feature: for each mean parameter
  std::map<std::pair<int, std::vector<int>>, Kind> kinds_;
};

}  // namespace

std::vector<SiteColumns> element_columns(const Engine& engine, int block) {
  const plan::PlannedBlock& planned = engine.plan().blocks[static_cast<std::size_t>(block)];
  if (!planned.families.empty()) return {};
  return Collector(engine, block, true).collect();
}

}  // namespace jensen::run
