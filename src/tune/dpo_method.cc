// Why: tuning by preferences: of two answers to the same question, the chosen one becomes likelier.
// The model that preferences are measured against is the same model with its adapter off.
#include "base/error.h"
#include "tune/tune_method.h"

namespace pioneer::tune {
namespace {

struct TextPair {
  TokenText chosen, rejected;
};

class DpoMethod : public TuneMethod {
 public:
  DpoMethod(const TuneWork& work, const std::vector<TuneExample>& examples) : work_(work) {
    size_t too_long = 0;
    for (const TuneExample& example : examples) {
      try {
        TextPair pair{TextOf(example, example.chosen), TextOf(example, example.rejected)};
        const bool fits = pair.chosen.n_pairs() + pair.rejected.n_pairs() <= work.settings.context;
        too_long += fits ? 0 : 1;
        if (fits) pairs_.push_back(std::move(pair));
      } catch (const Error& error) {
        Fail(error.code(), "{}:{}: {}", work.settings.data.string(), example.line, error.what());
      }
    }
    if (pairs_.empty()) {
      Fail(ErrorCode::kInvalidArgument, "{}: both answers of every pair are longer than {} tokens",
           work.settings.data.string(), work.settings.context);
    }
    ExampleSplit split = SplitExamples(pairs_.size(), 0.05, 100, work.settings.seed);
    description_ = fmt::format("{} pairs to learn from, {} held out", split.learned.size(),
                               split.held_out.size());
    if (too_long > 0) {
      description_ +=
          fmt::format(", {} left out: longer than {} tokens", too_long, work.settings.context);
    }
    held_out_ = PackPairs(split.held_out);
    order_ = std::make_unique<ExampleOrder>(std::move(split.learned), work.settings.seed);
  }

  TuneBatch Next(int64_t) override {
    std::vector<size_t> dealt;
    while (static_cast<int64_t>(dealt.size()) < work_.settings.batch) {
      dealt.push_back(order_->Next());
    }
    TuneBatch batch;
    batch.packs = PackPairs(dealt);
    batch.loss = std::make_unique<PreferenceLoss>(static_cast<float>(work_.settings.beta),
                                                  static_cast<int64_t>(dealt.size()));
    return batch;
  }

  TuneJudgement Judge() override {
    TuneJudgement judgement;
    if (held_out_.empty()) return judgement;
    const auto log_probs = work_.workers.LogProbs(held_out_, true);
    LossSums sums;
    for (size_t p = 0; p < held_out_.size(); ++p) {
      std::vector<float> slopes(log_probs[p].size());
      const PreferenceLoss loss(static_cast<float>(work_.settings.beta), 1);
      sums.Add(loss.Evaluate(held_out_[p], log_probs[p], slopes));
    }
    judgement.facts = {{"held_out_loss", sums.loss / sums.pairs},
                       {"held_out_margin", sums.margin / sums.pairs},
                       {"held_out_preferred", sums.preferred / sums.pairs}};
    return judgement;
  }

  int64_t DefaultSteps() const override {
    return std::max<int64_t>(1, static_cast<int64_t>(order_->size()) / work_.settings.batch);
  }
  ExampleOrder& order() override { return *order_; }

 private:
  TokenText TextOf(const TuneExample& example, const std::vector<ChatMessage>& answer) const {
    std::vector<ChatMessage> messages = example.messages;
    messages.insert(messages.end(), answer.begin(), answer.end());
    std::vector<TokenText> texts =
        work_.chat.Learned(messages, example.tools_json, example.messages.size());
    if (texts.empty()) {
      Fail(ErrorCode::kInvalidArgument, "an answer has no message of the role \"assistant\"");
    }
    return std::move(texts[0]);
  }

  // With the base model's log probabilities.
  std::vector<PackedTexts> PackPairs(const std::vector<size_t>& chosen) const {
    std::vector<TextGroup> groups;
    for (const size_t i : chosen) {
      groups.push_back({{&pairs_[i].chosen, &pairs_[i].rejected}, static_cast<int32_t>(2 * i)});
    }
    std::vector<PackedTexts> packs = Pack(groups, work_.settings.context);
    auto log_probs = work_.workers.LogProbs(packs, false);
    for (size_t p = 0; p < packs.size(); ++p) packs[p].reference = std::move(log_probs[p]);
    return packs;
  }

  const TuneWork work_;
  std::vector<TextPair> pairs_;
  std::vector<PackedTexts> held_out_;
  std::unique_ptr<ExampleOrder> order_;
};

}  // namespace

std::unique_ptr<TuneMethod> MakeDpoMethod(const TuneWork& work,
                                          const std::vector<TuneExample>& examples) {
  return std::make_unique<DpoMethod>(work, examples);
}

}  // namespace pioneer::tune
