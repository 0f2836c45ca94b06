// Why: supervised tuning: the model learns to say what the assistant of the data says.
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "tune/tune_method.h"

namespace pioneer::tune {
namespace {

int64_t CountAll(const std::vector<PackedTexts>& packs) {
  int64_t n = 0;
  for (const PackedTexts& pack : packs) n += pack.n_counted();
  return n;
}

class SftMethod : public TuneMethod {
 public:
  SftMethod(const TuneWork& work, const std::vector<TuneExample>& examples) : work_(work) {
    size_t too_long = 0;
    for (const TuneExample& example : examples) {
      try {
        for (TokenText& text : work.chat.Learned(example.messages, example.tools_json, 0)) {
          const bool fits = text.n_pairs() <= work.settings.context;
          too_long += fits ? 0 : 1;
          if (fits) texts_.push_back(std::move(text));
        }
      } catch (const Error& error) {
        Fail(error.code(), "{}:{}: {}", work.settings.data.string(), example.line, error.what());
      }
    }
    if (texts_.empty()) {
      Fail(ErrorCode::kInvalidArgument, "{}: all conversations are longer than {} tokens",
           work.settings.data.string(), work.settings.context);
    }
    ExampleSplit split = SplitExamples(texts_.size(), 0.05, 100, work.settings.seed);
    description_ = fmt::format("{} conversations to learn from, {} held out", split.learned.size(),
                               split.held_out.size());
    if (too_long > 0) {
      description_ +=
          fmt::format(", {} left out: longer than {} tokens", too_long, work.settings.context);
    }
    for (const size_t i : split.learned) n_pairs_ += texts_[i].n_pairs();
    held_out_ = PackTexts(split.held_out);
    order_ = std::make_unique<ExampleOrder>(std::move(split.learned), work.settings.seed);
  }

  TuneBatch Next(int64_t) override {
    std::vector<size_t> dealt = {order_->Next()};
    int64_t n = texts_[dealt[0]].n_pairs();
    while (n < work_.settings.batch) {
      dealt.push_back(order_->Next());
      n += texts_[dealt.back()].n_pairs();
    }
    TuneBatch batch;
    batch.packs = PackTexts(dealt);
    batch.loss = std::make_unique<CrossEntropyLoss>(std::max<int64_t>(1, CountAll(batch.packs)));
    return batch;
  }

  TuneJudgement Judge() override {
    TuneJudgement judgement;
    if (held_out_.empty()) return judgement;
    const auto log_probs = work_.workers.LogProbs(held_out_, true);
    double sum = 0, n_bytes = 0;
    for (size_t p = 0; p < held_out_.size(); ++p) {
      for (size_t i = 0; i < log_probs[p].size(); ++i) {
        if (held_out_[p].counted[i] == 0) continue;
        sum -= double{log_probs[p][i]};
        n_bytes += static_cast<double>(work_.tokenizer.TokenBytes(held_out_[p].targets[i]).size());
      }
    }
    judgement.loss = sum / static_cast<double>(std::max<int64_t>(1, CountAll(held_out_)));
    judgement.bits_per_byte = sum / std::numbers::ln2 / std::max(1.0, n_bytes);
    return judgement;
  }

  int64_t DefaultSteps() const override {
    constexpr int64_t kPasses = 2;
    return std::max<int64_t>(1, kPasses * n_pairs_ / work_.settings.batch);
  }
  ExampleOrder& order() override { return *order_; }

 private:
  std::vector<PackedTexts> PackTexts(const std::vector<size_t>& chosen) const {
    std::vector<TextGroup> groups;
    for (const size_t i : chosen) groups.push_back({{&texts_[i]}, static_cast<int32_t>(i)});
    return Pack(groups, work_.settings.context);
  }

  const TuneWork work_;
  std::vector<TokenText> texts_;
  std::vector<PackedTexts> held_out_;
  std::unique_ptr<ExampleOrder> order_;
  int64_t n_pairs_ = 0;
};

}  // namespace

std::unique_ptr<TuneMethod> MakeSftMethod(const TuneWork& work,
                                          const std::vector<TuneExample>& examples) {
  return std::make_unique<SftMethod>(work, examples);
}

}  // namespace pioneer::tune
