// The constructors of the native families, one file each; `make_family` is the way in.
#pragma once

#include <cstddef>
#include <memory>

#include "family/family.hpp"

namespace jensen::family {

std::unique_ptr<const Family> make_normal();
std::unique_ptr<const Family> make_gaussian(std::size_t dimension);
std::unique_ptr<const Family> make_gamma_power(double power);
std::unique_ptr<const Family> make_beta();
std::unique_ptr<const Family> make_dirichlet(std::size_t dimension);
std::unique_ptr<const Family> make_categorical(std::size_t levels);
std::unique_ptr<const Family> make_wishart(std::size_t side);
std::unique_ptr<const Family> make_inverse_wishart(std::size_t side);

}  // namespace jensen::family
