#include "plan/nest.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>

namespace jensen::plan {
namespace {

std::int64_t cell_sums(const Pass& pass, const FeatureGroup& group) { return static_cast<std::int64_t>(group.features.size()) * pass.statistics; }

// The dimension of the moment that counts the group's cells, if its sums are those of the group, cell by cell.
std::optional<LocalMoment> local_moment(const Plan& plan, int pass_id, const FeatureGroup& group, std::size_t id) {
  const Moment& moment = plan.moments[id];
  const std::int64_t width = cell_sums(plan.passes[static_cast<std::size_t>(pass_id)], group);
  std::int64_t stride = static_cast<std::int64_t>(moment.cells.size());
  for (const std::int64_t extent : moment.shape) {
    if (extent == 0) return std::nullopt;
    stride /= extent;
    if (extent != group.cells) continue;
    LocalMoment out{static_cast<int>(id), stride, {}, false};
    bool fits = true;
    for (std::size_t e = 0; e < moment.cells.size() && fits; ++e) {
      const std::int64_t at = static_cast<std::int64_t>(e), element = at / stride % extent;
      const std::int64_t cell = moment.cells[e] - group.offset - element * width;
      fits = cell >= 0 && cell < width;
      if (element == 0) out.entries.push_back({static_cast<std::int32_t>(at), static_cast<std::int32_t>(cell)});
    }
    if (!fits) continue;
    out.same_order = static_cast<std::int64_t>(out.entries.size()) == width;
    for (std::size_t i = 0; i < out.entries.size(); ++i) {
      const auto n = static_cast<std::int32_t>(i);
      out.same_order = out.same_order && out.entries[i].at == n && out.entries[i].cell == n;
    }
    return out;
  }
  return std::nullopt;
}

bool in_group(const Moment& moment, const FeatureGroup& group, std::int64_t width) {
  return !moment.cells.empty() && moment.cells.front() >= group.offset && moment.cells.front() < group.offset + group.cells * width;
}

// All moments of the group; nothing where one of them is not laid out by element.
std::optional<std::vector<LocalMoment>> local_moments(const Plan& plan, int pass_id, const FeatureGroup& group) {
  std::vector<LocalMoment> out;
  const std::int64_t width = cell_sums(plan.passes[static_cast<std::size_t>(pass_id)], group);
  for (std::size_t m = 0; m < plan.moments.size(); ++m) {
    if (plan.moments[m].pass != pass_id || !in_group(plan.moments[m], group, width)) continue;
    auto moment = local_moment(plan, pass_id, group, m);
    if (!moment) return std::nullopt;
    out.push_back(std::move(*moment));
  }
  return out;
}

bool is_swept_moment(const Plan& plan, const Operand& operand) {
  if (operand.kind != OperandKind::moment) return false;
  const Moment& moment = plan.moments[static_cast<std::size_t>(operand.id)];
  return plan.passes[static_cast<std::size_t>(moment.pass)].block.has_value();
}

// The index of the term that runs over the elements of the block and of the moment together, and over nothing else of the block.
std::optional<std::size_t> element_index(const PlannedBlock& block, const LocalMoment& moment, const ReducedTerm& term, const Operand& statistic,
                                         const Operand& sums) {
  const auto size = static_cast<std::int64_t>(block.family->size());
  std::optional<std::size_t> found;
  std::int64_t last = statistic.at.base;
  for (std::size_t i = 0; i < term.extents.size(); ++i) {
    const std::int64_t stride = statistic.at.strides[i];
    if (stride < 0) return std::nullopt;
    if (!found && stride == size && term.extents[i] == block.count && sums.at.strides[i] == moment.stride) {
      found = i;
    } else {
      last += stride * (term.extents[i] - 1);
    }
  }
  const bool inside = statistic.at.base >= 0 && last < size && sums.at.base == 0;
  return inside ? found : std::nullopt;
}

// The derivative of the term in one operand, for element 0 of the index.
LocalProgram local_program(const Plan& plan, std::size_t t, std::size_t element, std::size_t of) {
  const ReducedTerm& term = plan.terms[t];
  ContractionSpec spec{term.coefficient, term.extents, {}, term.operands[of].at};
  spec.extents[element] = 1;
  std::vector<LocalProgram::Input> inputs;
  for (std::size_t o = 0; o < term.operands.size(); ++o) {
    if (o == of) continue;
    const Operand& operand = term.operands[o];
    spec.inputs.push_back({static_cast<int>(inputs.size()), operand.at});
    inputs.push_back({plan.input_of(operand.kind, operand.id), operand.at.strides[element]});
  }
  return {t, std::move(inputs), Contraction(spec)};
}

// Every element has the same family, all of its numbers, and is in no gate.
bool plain(const PlannedBlock& block) { return block.families.empty() && block.present.empty() && block.gates.empty(); }

class Finder {
 public:
  Finder(const Plan& plan, int pass) : plan_(plan) { nest_.pass = pass; }

  std::optional<Nest> find(std::size_t g) {
    const FeatureGroup& group = pass().groups[g];
    auto moments = local_moments(plan_, nest_.pass, group);
    if (!moments || moments->empty()) return std::nullopt;
    nest_.group = g;
    nest_.elements = group.cells;
    nest_.moments = std::move(*moments);
    for (std::size_t b = 0; b < plan_.blocks.size(); ++b) {
      if (auto block = local_block(static_cast<int>(b))) nest_.blocks.push_back(std::move(*block));
    }
    if (nest_.blocks.empty() || !group_rows(group)) return std::nullopt;
    return std::move(nest_);
  }

 private:
  [[nodiscard]] const Pass& pass() const { return plan_.passes[static_cast<std::size_t>(nest_.pass)]; }

  // A term without moments of a sweep is constant while the rows change, whatever other blocks it has.
  std::optional<LocalBlock> local_block(int id) const {
    const PlannedBlock& block = plan_.blocks[static_cast<std::size_t>(id)];
    if (block.swept || block.weight || block.count != nest_.elements || !plain(block)) return std::nullopt;
    LocalBlock out;
    out.block = id;
    for (std::size_t t = 0; t < plan_.terms.size(); ++t) {
      if (!add_term(block, t, out)) return std::nullopt;
    }
    return out.messages.empty() ? std::nullopt : std::optional(std::move(out));
  }

  // False where the term couples the block with more than its own rows.
  bool add_term(const PlannedBlock& block, std::size_t t, LocalBlock& out) const {
    const ReducedTerm& term = plan_.terms[t];
    std::optional<std::size_t> mine, sums;
    bool with_local = false;
    for (std::size_t o = 0; o < term.operands.size(); ++o) {
      const Operand& operand = term.operands[o];
      if (is_swept_moment(plan_, operand)) sums = o;
      if (operand.kind != OperandKind::statistic) continue;
      with_local = with_local || nest_.is_local(operand.id);
      if (operand.id != out.block) continue;
      if (mine) return false;
      mine = o;
    }
    if (!mine) return true;
    if (with_local) return false;
    if (!sums) return true;
    // A program of one element knows strides only, not the tables of blocks that store their moments by a pattern.
    if (std::any_of(term.operands.begin(), term.operands.end(), [](const Operand& o) { return o.table >= 0; })) return false;
    const int moment_id = term.operands[*sums].id;
    const auto moment = std::find_if(nest_.moments.begin(), nest_.moments.end(), [&](const LocalMoment& m) { return m.moment == moment_id; });
    if (moment == nest_.moments.end()) return false;
    const auto element = element_index(block, *moment, term, term.operands[*mine], term.operands[*sums]);
    if (!element) return false;
    out.messages.push_back(local_program(plan_, t, *element, *mine));
    out.derivatives.push_back({static_cast<std::size_t>(moment - nest_.moments.begin()), local_program(plan_, t, *element, *sums)});
    return true;
  }

  // Sorts the rows by element; false where a row has none.
  bool group_rows(const FeatureGroup& group) {
    if (pass().rows > std::numeric_limits<std::int32_t>::max()) return false;
    const RowLookup& lookup = pass().lookups[static_cast<std::size_t>(group.lookups[0])];
    const std::vector<std::int32_t>& positions = plan_.lookups[static_cast<std::size_t>(lookup.lookup)].positions;
    std::vector<std::int32_t> element(static_cast<std::size_t>(pass().rows));
    nest_.first.assign(static_cast<std::size_t>(nest_.elements) + 1, 0);
    for (std::int64_t row = 0; row < pass().rows; ++row) {
      std::int64_t at = lookup.at.base, rest = row;
      for (std::size_t d = pass().extents.size(); d-- > 0; rest /= pass().extents[d]) at += rest % pass().extents[d] * lookup.at.strides[d];
      const std::int32_t e = positions[static_cast<std::size_t>(at)];
      if (e < 0 || e >= nest_.elements) return false;
      element[static_cast<std::size_t>(row)] = e;
      ++nest_.first[static_cast<std::size_t>(e) + 1];
    }
    std::partial_sum(nest_.first.begin(), nest_.first.end(), nest_.first.begin());
    std::vector<std::int64_t> next = nest_.first;
    nest_.rows.resize(element.size());
    for (std::size_t row = 0; row < element.size(); ++row) {
      nest_.rows[static_cast<std::size_t>(next[static_cast<std::size_t>(element[row])]++)] = static_cast<std::int32_t>(row);
    }
    return true;
  }

  const Plan& plan_;
  Nest nest_;
};

}  // namespace

bool LocalBlock::has_term(std::size_t term) const {
  return std::any_of(messages.begin(), messages.end(), [&](const LocalProgram& program) { return program.term == term; });
}

bool Nest::is_local(int block) const {
  return std::any_of(blocks.begin(), blocks.end(), [&](const LocalBlock& local) { return local.block == block; });
}

bool Nest::has_term(std::size_t term) const {
  return std::any_of(blocks.begin(), blocks.end(), [&](const LocalBlock& local) { return local.has_term(term); });
}

std::vector<Nest> find_nests(const Plan& plan) {
  std::vector<Nest> out;
  for (std::size_t p = 0; p < plan.passes.size(); ++p) {
    const Pass& pass = plan.passes[p];
    if (!pass.block || pass.link || pass.of_links || !plain(plan.blocks[static_cast<std::size_t>(*pass.block)])) continue;
    std::optional<Nest> best;
    for (std::size_t g = 1; g < pass.groups.size(); ++g) {
      if (pass.groups[g].lookups.size() != 1 || (best && pass.groups[g].cells <= best->elements)) continue;
      if (auto nest = Finder(plan, static_cast<int>(p)).find(g)) best = std::move(nest);
    }
    if (best) out.push_back(std::move(*best));
  }
  return out;
}

}  // namespace jensen::plan
