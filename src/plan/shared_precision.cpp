#include <algorithm>

#include "plan/plan.hpp"

namespace jensen::plan {

std::size_t gaussian_dimension(const PlannedBlock& block) {
  if (block.discrete || block.network || !block.families.empty() || !block.present.empty() || !block.gates.empty()) return 0;
  const family::Layout& layout = block.family->layout();
  const std::size_t d = block.family->value_size();
  if (layout.size() != 2 || layout[0].statistic != Statistic{StatisticKind::power, 1} || layout[0].size != d) return 0;
  const bool scalar = layout[1].statistic == Statistic{StatisticKind::power, 2} && d == 1;
  const bool pairs = layout[1].statistic == Statistic::pair() && layout[1].size == d * d;
  return scalar || pairs ? d : 0;
}

namespace {

// An input of a message that depends on the element alone: buffer, base, extents and strides along the batch from its slowest index on.
using ScaleView = std::vector<std::int64_t>;

class SharedFinder {
 public:
  SharedFinder(const Plan& plan, int block)
      : plan_(plan),
        block_(block),
        planned_(plan.blocks[static_cast<std::size_t>(block)]),
        dimension_(gaussian_dimension(planned_)),
        size_(static_cast<std::int64_t>(planned_.family->size())) {}

  std::optional<SharedPrecision> find() {
    if (dimension_ < 2 || planned_.swept || planned_.weight || planned_.count < 2) return std::nullopt;
    out_.dimension = dimension_;
    std::size_t message = 0;
    for (const ReducedTerm& term : plan_.terms) {
      for (std::size_t o = 0; o < term.operands.size(); ++o) {
        if (term.operands[o].kind != OperandKind::statistic || term.operands[o].id != block_) continue;
        if (!add(derivative_spec(plan_, term, o), message++)) return std::nullopt;
      }
    }
    if (!scale_) return std::nullopt;
    if (!scale_spec_.inputs.empty()) out_.scale = Contraction(scale_spec_);
    return std::move(out_);
  }

 private:
  // Indices of the output's elements, slowest first; nothing where they are not the whole batch, each element once.
  [[nodiscard]] std::optional<std::vector<std::size_t>> batch_of(const ContractionSpec& spec) const {
    std::vector<std::size_t> batch;
    for (std::size_t i = 0; i < spec.extents.size(); ++i) {
      if (spec.extents[i] != 1 && spec.output.strides[i] >= size_) batch.push_back(i);
    }
    std::sort(batch.begin(), batch.end(), [&](std::size_t a, std::size_t b) { return spec.output.strides[a] > spec.output.strides[b]; });
    std::int64_t stride = size_;
    for (auto i = batch.rbegin(); i != batch.rend(); ++i) {
      if (spec.output.strides[*i] != stride) return std::nullopt;
      stride *= spec.extents[*i];
    }
    return stride == size_ * planned_.count ? std::optional(batch) : std::nullopt;
  }

  bool add(ContractionSpec spec, std::size_t message) {
    if (spec.output_table || spec.output.base >= size_) return false;
    const auto batch = batch_of(spec);
    if (!batch) return false;
    if (spec.output.base < static_cast<std::int64_t>(dimension_)) {
      out_.of_linear.push_back(message);
      return true;
    }
    return add_products(std::move(spec), *batch);
  }

  bool add_products(ContractionSpec spec, const std::vector<std::size_t>& batch) {
    std::vector<View> scale, common;
    std::vector<ScaleView> views;
    for (const View& view : spec.inputs) {
      ScaleView along{view.buffer, view.at.base};
      bool by_element = false, otherwise = view.table != nullptr;
      for (const std::size_t i : batch) {
        along.insert(along.end(), {spec.extents[i], view.at.strides[i]});
        by_element = by_element || view.at.strides[i] != 0;
      }
      for (std::size_t i = 0; i < spec.extents.size(); ++i) {
        const bool elsewhere = std::find(batch.begin(), batch.end(), i) == batch.end();
        otherwise = otherwise || (elsewhere && spec.extents[i] != 1 && view.at.strides[i] != 0);
      }
      if (by_element && otherwise) return false;
      (by_element ? scale : common).push_back(view);
      if (by_element) views.push_back(std::move(along));
    }
    std::sort(views.begin(), views.end());
    if (scale_ && *scale_ != views) return false;
    if (!scale_) set_scale(spec, batch, std::move(scale));
    scale_ = std::move(views);
    spec.inputs = std::move(common);
    spec.output.base -= static_cast<std::int64_t>(dimension_);
    for (const std::size_t i : batch) {
      spec.extents[i] = 1;
      spec.output.strides[i] = 0;
    }
    out_.common.emplace_back(spec);
    return true;
  }

  void set_scale(const ContractionSpec& spec, const std::vector<std::size_t>& batch, std::vector<View> inputs) {
    scale_spec_.extents.assign(spec.extents.size(), 1);
    scale_spec_.output = {0, std::vector<std::int64_t>(spec.extents.size(), 0)};
    for (const std::size_t i : batch) {
      scale_spec_.extents[i] = spec.extents[i];
      scale_spec_.output.strides[i] = spec.output.strides[i] / size_;
    }
    scale_spec_.inputs = std::move(inputs);
  }

  const Plan& plan_;
  int block_;
  const PlannedBlock& planned_;
  std::size_t dimension_;
  std::int64_t size_;
  SharedPrecision out_;
  std::optional<std::vector<ScaleView>> scale_;
  ContractionSpec scale_spec_;
};

}  // namespace

std::optional<SharedPrecision> find_shared_precision(const Plan& plan, int block) { return SharedFinder(plan, block).find(); }

}  // namespace jensen::plan
