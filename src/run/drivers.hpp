// The blocks that carry a fit from one iteration to the next. Coordinate ascent goes round all blocks, but those that meet no other of their kind are
// functions of the rest: in EM q(z) of the params. An iteration is a map of the others, the drivers, alone, and so is what accelerates it.
#pragma once

#include <vector>

#include "model/graph.hpp"
#include "plan/plan.hpp"
#include "run/engine.hpp"

namespace jensen::run {

struct Drivers {
  std::vector<int> driving;    // stored blocks, in update order
  std::vector<int> following;  // stored blocks of which each is optimal given the driving ones, in update order
  bool closed = true;          // swept blocks follow too
};

Drivers find_drivers(const Engine& engine);

// The drivers as one vector: natural parameters of a q, coordinates of a point.
class DriverVector {
 public:
  struct Group {  // of entries of one kind within an element
    std::size_t first = 0, size = 0;
  };
  struct Part {
    int block = 0;
    std::size_t first = 0;   // in the vector
    std::size_t count = 0;   // elements
    std::size_t each = 0;    // entries of one
    Support support = {};    // of a point; of a block with several supports there is a part for each component
    std::size_t offset = 0;  // of the part's numbers in the value of an element, and how many they are
    std::size_t length = 0;
    std::vector<Group> groups = {};  // entries that have a unit; the others are logarithms
    bool point = false;
  };

  DriverVector(const Engine& engine, const model::ModelGraph& graph, const std::vector<int>& blocks);

  [[nodiscard]] bool usable() const { return usable_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const std::vector<Part>& parts() const { return parts_; }
  // False where a value has no coordinates. Entries are infinite at the edge of a support.
  bool read(const Engine& engine, std::vector<double>& out) const;
  // False where it is outside of the domain; the state is then to be restored.
  bool write(Engine& engine, const std::vector<double>& x) const;
  // What is counted as one unit of each entry when distances are compared: 1 of a logarithm, but 1/√p of that of a share p (the Fisher metric, in
  // which a share on its way to 0 stands still); else the size of the numbers of its kind.
  [[nodiscard]] std::vector<double> units(const std::vector<double>& x) const;

 private:
  void add_points(const plan::PlannedBlock& block, int id, const model::ModelGraph& graph);
  void add(Part part);

  std::vector<Part> parts_;
  std::size_t size_ = 0;
  bool usable_ = true;
};

}  // namespace jensen::run
