#include "tune/tune_method.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/random.h"

namespace pioneer::tune {
namespace {

template <typename V>
void ShuffleBy(Random& random, V& values) {
  for (size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[random.Below(i)]);
}

}  // namespace

ExampleOrder::ExampleOrder(std::vector<size_t> examples, uint64_t seed)
    : examples_(std::move(examples)), seed_(seed) {
  Shuffle();
}

void ExampleOrder::Shuffle() {
  order_ = examples_;
  Random random(seed_ * 0x9E3779B97F4A7C15u + static_cast<uint64_t>(pass_));
  ShuffleBy(random, order_);
}

size_t ExampleOrder::Next() {
  if (next_ == order_.size()) {
    next_ = 0;
    ++pass_;
    Shuffle();
  }
  return order_[next_++];
}

Json ExampleOrder::Position() const { return {{"pass", pass_}, {"next", next_}}; }

void ExampleOrder::SetPosition(const Json& position) {
  try {
    pass_ = position.at("pass").get<int64_t>();
    next_ = position.at("next").get<size_t>();
  } catch (const Json::exception& error) {
    Fail(ErrorCode::kCorruptFile, "the checkpoint's place in the data is broken: {}", error.what());
  }
  if (next_ > order_.size()) {
    Fail(ErrorCode::kCorruptFile, "the checkpoint's place in the data lies behind its end");
  }
  Shuffle();
}

ExampleSplit SplitExamples(size_t n, double share, size_t most, uint64_t seed) {
  constexpr size_t kFewest = 20;
  std::vector<size_t> all(n);
  std::iota(all.begin(), all.end(), size_t{0});
  Random random(seed + 0x51ED270B);
  ShuffleBy(random, all);
  const auto wanted = static_cast<size_t>(std::ceil(share * static_cast<double>(n)));
  const size_t held_out = n < kFewest ? 0 : std::min(most, wanted);
  const auto middle = all.end() - static_cast<int64_t>(held_out);
  ExampleSplit split{{all.begin(), middle}, {middle, all.end()}};
  std::sort(split.learned.begin(), split.learned.end());
  std::sort(split.held_out.begin(), split.held_out.end());
  return split;
}

}  // namespace pioneer::tune
