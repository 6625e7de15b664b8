// Small models and data for the tests of the command line.
#pragma once

#include <string>

namespace jensen::tests {

inline const std::string coin_model =
    "data y: bool[N]\n"
    "p ~ beta(1, 1)\n"
    "for n in 1..N { y[n] ~ bernoulli(p) }\n";
inline const std::string coin_csv = "y\n1\n0\n1\n1\n";

inline const std::string mixture_model =
    "const K = 2\n"
    "data x: real[N]\n"
    "param w: simplex(K)\n"
    "param mu: real[K]\n"
    "param sd: positive[K]\n"
    "for n in 1..N {\n"
    "  z[n] ~ categorical(w)\n"
    "  x[n] ~ normal(mu[z[n]], sd[z[n]])\n"
    "}\n";
inline const std::string mixture_csv = "x\n1.0\n1.2\n0.7\n1.9\n0.4\n6.1\n5.2\n7.0\n5.9\n6.6\n4.8\n2.2\n";

inline const std::string network_model =
    "data x: real[N]\n"
    "network f(z) = z |> dense(3, relu) |> dense(1)\n"
    "for n in 1..N { z[n] ~ normal(0, 1)   x[n] ~ normal(f(z[n]), 1) }\n";

}  // namespace jensen::tests
