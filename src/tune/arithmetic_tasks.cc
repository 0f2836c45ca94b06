#include "tune/arithmetic_tasks.h"

#include <set>

#include "base/json.h"
#include "base/random.h"

namespace pioneer::tune {
namespace {

struct Sum {
  int64_t a, b;
  bool minus;
  auto operator<=>(const Sum&) const = default;
};

Sum DrawSum(Random& random, int64_t largest) {
  const auto n = static_cast<uint64_t>(largest) + 1;
  Sum sum{static_cast<int64_t>(random.Below(n)), static_cast<int64_t>(random.Below(n)),
          random.Below(2) == 1};
  if (sum.minus && sum.a < sum.b) std::swap(sum.a, sum.b);
  return sum;
}

std::string LineOf(const Sum& sum) {
  const std::string question = fmt::format("{} {} {} =", sum.a, sum.minus ? '-' : '+', sum.b);
  const int64_t answer = sum.minus ? sum.a - sum.b : sum.a + sum.b;
  const Json user = {{"role", "user"}, {"content", question}};
  const Json assistant = {{"role", "assistant"}, {"content", std::to_string(answer)}};
  return DumpJson(Json{{"prompt", question},
                       {"answer", answer},
                       {"messages", Json::array({user, assistant})}}) +
         "\n";
}

}  // namespace

std::string ArithmeticTasks(const ArithmeticOptions& options) {
  constexpr int kTries = 1000;
  Random random(options.seed);
  std::set<Sum> seen;
  std::string text;
  for (int64_t i = 0; i < options.count; ++i) {
    Sum sum = DrawSum(random, options.largest);
    for (int tries = 0; tries < kTries && seen.contains(sum); ++tries) {
      sum = DrawSum(random, options.largest);
    }
    if (!seen.insert(sum).second) break;  // hardly any is left
    text += LineOf(sum);
  }
  return text;
}

}  // namespace pioneer::tune
