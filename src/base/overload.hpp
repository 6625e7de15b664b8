// The overload set that visits a std::variant; there is never a generic fallback in it.
#pragma once

namespace jensen {

template <class... Fs>
struct Overload : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overload(Fs...) -> Overload<Fs...>;

}  // namespace jensen
