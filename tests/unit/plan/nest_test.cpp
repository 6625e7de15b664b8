#include "plan/nest.hpp"

#include "catch.hpp"
#include "support/planned_model.hpp"

using namespace jensen;
using namespace jensen::tests;

namespace {

const std::string topics_data = "doc,word,times\nb,x,2\na,y,1\nb,z,1\na,x,3\nc,z,1\n";
const std::string topics_model = R"(
const K = 2
data doc: category(D)[W]
data word: category(V)[W]
data times: count[W]
for d in 1..D { theta[d] ~ dirichlet(0.5 * ones(K)) }
for k in 1..K { phi[k] ~ dirichlet(0.1 * ones(V)) }
for i in 1..W weight times[i] { topic[i] ~ categorical(theta[doc[i]])   word[i] ~ categorical(phi[topic[i]]) }
)";

std::vector<std::string> local_names(const std::string& model, const std::string& csv) {
  const auto planned = plan_text({model, csv});
  INFO((planned.ok() ? "" : messages(planned.diagnostics())));
  REQUIRE(planned.ok());
  std::vector<std::string> names;
  for (const plan::Nest& nest : plan::find_nests(planned->plan)) {
    for (const plan::LocalBlock& block : nest.blocks) names.push_back(planned->plan.blocks[static_cast<std::size_t>(block.block)].names);
  }
  return names;
}

}  // namespace

TEST_CASE("the proportions of a document are local to the sweep over its words", "[nest]") {
  const auto planned = plan_text({topics_model, topics_data});
  REQUIRE(planned.ok());
  const std::vector<plan::Nest> nests = plan::find_nests(planned->plan);
  REQUIRE(nests.size() == 1);
  CHECK(nests[0].elements == 3);
  CHECK(nests[0].first == std::vector<std::int64_t>{0, 2, 4, 5});
  CHECK(nests[0].rows == std::vector<std::int32_t>{1, 3, 0, 2, 4});  // those of a, of b, of c, each in the order of the table
  REQUIRE(nests[0].blocks.size() == 1);
  CHECK(planned->plan.blocks[static_cast<std::size_t>(nests[0].blocks[0].block)].names == "theta");
  CHECK(nests[0].is_local(nests[0].blocks[0].block));
}

TEST_CASE("a prior with blocks of its own leaves a block local", "[nest]") {
  const std::string model = R"(
data g: category(G)[N]
data y: real[N]
rate ~ gamma(1, 1)
for j in 1..G { tau[j] ~ gamma(2, rate) }
for n in 1..N { h[n] ~ normal(0, precision = tau[g[n]])   y[n] ~ normal(h[n], 1) }
)";
  CHECK(local_names(model, "g,y\na,1\nb,2\na,0.5\nb,-1\n") == std::vector<std::string>{"tau"});
}

TEST_CASE("blocks whose elements are coupled through rows or each other are not local", "[nest]") {
  const std::string csv = "g,f,y\na,p,1\nb,q,2\na,q,0.5\nb,p,-1\nc,p,2\n";
  const std::string shared = R"(
data g: category(G)[N]
data y: real[N]
const K = 2
theta ~ dirichlet(ones(K))
for k in 1..K { mu[k] ~ normal(0, 3) }
for n in 1..N { z[n] ~ categorical(theta)   y[n] ~ normal(mu[z[n]], 1) }
)";
  CHECK(local_names(shared, csv).empty());
  const std::string crossed = R"(
data g: category(G)[N]
data f: category(F)[N]
data y: real[N]
for j in 1..G { tau[j] ~ gamma(2, 2) }
for j in 1..F { kappa[j] ~ gamma(2, 2) }
for n in 1..N { h[n] ~ normal(0, precision = tau[g[n]])   e[n] ~ normal(h[n], precision = kappa[f[n]])   y[n] ~ normal(e[n], 1) }
)";
  for (const std::string& name : local_names(crossed, csv)) CHECK(name != "kappa");
}
