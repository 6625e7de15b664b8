// The one Boost.Math policy of the project: double stays double (two to seven times faster), and no error is ever thrown or written to errno.
#pragma once

#include <boost/math/policies/policy.hpp>

namespace jensen::family {

namespace policies = boost::math::policies;

using MathPolicy = policies::policy<policies::promote_float<false>, policies::promote_double<false>, policies::domain_error<policies::ignore_error>,
                                    policies::pole_error<policies::ignore_error>, policies::overflow_error<policies::ignore_error>,
                                    policies::underflow_error<policies::ignore_error>, policies::denorm_error<policies::ignore_error>,
                                    policies::evaluation_error<policies::ignore_error>, policies::rounding_error<policies::ignore_error>,
                                    policies::indeterminate_result_error<policies::ignore_error>>;

}  // namespace jensen::family
