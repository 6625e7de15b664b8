// Turns what is thrown inside this stage into diagnostics at its surface.
#pragma once

#include <new>
#include <stdexcept>
#include <string>
#include <type_traits>

#include "data/messages.hpp"
#include "diagnostics/diagnostic.hpp"

namespace jensen::data {

template <class Read>
Result<std::invoke_result_t<Read>> guarded(const std::string& source, const Read& read) {
  try {
    return read();
  } catch (const Failure& failure) {
    return failure.diagnostic();
  } catch (const std::bad_alloc&) {
    return out_of_memory(source);
  } catch (const std::length_error&) {
    return out_of_memory(source);
  }
}

}  // namespace jensen::data
