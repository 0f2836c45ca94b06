// Why: tuning by verifiable rewards: the model answers each prompt several times, a rule says which
// answers are right, and those that are better than their group become likelier.
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "tune/answer_sampler.h"
#include "tune/tune_method.h"

namespace pioneer::tune {
namespace {

constexpr float kClip = 0.2f;

double Reward(const eval::AnswerRule& rule, const std::string& answer) {
  double best = 0;
  for (const auto& [name, score] : eval::JudgeAnswer(rule, answer)) best = std::max(best, score);
  return best;
}

// (r - mean) / deviation; all 0 where the rewards are alike.
std::vector<float> Advantages(const std::vector<double>& rewards) {
  const auto n = static_cast<double>(rewards.size());
  const double mean = std::accumulate(rewards.begin(), rewards.end(), 0.0) / n;
  double squares = 0;
  for (const double reward : rewards) squares += (reward - mean) * (reward - mean);
  const double deviation = std::sqrt(squares / n);
  std::vector<float> advantages;
  for (const double reward : rewards) {
    advantages.push_back(deviation < 1e-6 ? 0.0f : static_cast<float>((reward - mean) / deviation));
  }
  return advantages;
}

class GrpoMethod : public TuneMethod {
 public:
  GrpoMethod(const TuneWork& work, std::vector<TuneExample> examples)
      : work_(work), sampler_(work.settings.model, work.threads) {
    size_t too_long = 0;
    for (TuneExample& example : examples) {
      try {
        std::vector<int32_t> prompt = work.chat.Prompt(example.messages, example.tools_json);
        const bool fits =
            static_cast<int64_t>(prompt.size()) + work.settings.max_tokens <= work.settings.context;
        too_long += fits ? 0 : 1;
        if (!fits) continue;
        prompts_.push_back(std::move(prompt));
        rules_.push_back(std::move(example.answer));
      } catch (const Error& error) {
        Fail(error.code(), "{}:{}: {}", work.settings.data.string(), example.line, error.what());
      }
    }
    if (prompts_.empty()) {
      Fail(ErrorCode::kInvalidArgument,
           "{}: every prompt and an answer of {} tokens are longer than {} tokens",
           work.settings.data.string(), work.settings.max_tokens, work.settings.context);
    }
    ExampleSplit split = SplitExamples(prompts_.size(), 0.2, 200, work.settings.seed);
    description_ = fmt::format("{} prompts to learn from, {} held out", split.learned.size(),
                               split.held_out.size());
    if (too_long > 0) {
      description_ += fmt::format(", {} left out: with an answer longer than {} tokens", too_long,
                                  work.settings.context);
    }
    held_out_ = std::move(split.held_out);
    order_ = std::make_unique<ExampleOrder>(std::move(split.learned), work.settings.seed);
  }

  TuneBatch Next(int64_t step) override {
    std::vector<size_t> dealt;
    while (static_cast<int64_t>(dealt.size()) < work_.settings.batch) {
      dealt.push_back(order_->Next());
    }
    const auto groups =
        Answer(dealt, {1.0, work_.settings.group, work_.settings.max_tokens,
                       (work_.settings.seed << 32) + static_cast<uint64_t>(step) * dealt.size()});
    TuneBatch batch;
    std::vector<TokenText> texts;
    std::vector<float> advantages;
    Judge(dealt, groups, batch.facts, texts, advantages);
    if (!texts.empty()) Learn(texts, advantages, batch);
    return batch;
  }

  // Of what was held out: greedy answers, and drawn ones as in a step.
  TuneJudgement Judge() override {
    TuneJudgement judgement;
    if (held_out_.empty()) return judgement;
    const int max_tokens = work_.settings.max_tokens;
    judgement.facts = {
        {"held_out_accuracy", MeanReward(held_out_, {0.0, 1, max_tokens, 0})},
        {"held_out_reward", MeanReward(held_out_, {1.0, work_.settings.group, max_tokens, 0})}};
    return judgement;
  }

  int64_t DefaultSteps() const override { return 100; }
  ExampleOrder& order() override { return *order_; }

 private:
  std::vector<std::vector<SampledAnswer>> Answer(const std::vector<size_t>& examples,
                                                 const AnswerSampler::Request& request) {
    std::vector<std::vector<int32_t>> prompts;
    for (const size_t i : examples) prompts.push_back(prompts_[i]);
    return sampler_.Sample(work_.layout, work_.adapter.data(), prompts, request, work_.cancel);
  }

  double MeanReward(const std::vector<size_t>& examples, const AnswerSampler::Request& request) {
    const auto groups = Answer(examples, request);
    double sum = 0;
    for (size_t i = 0; i < groups.size(); ++i) {
      for (const SampledAnswer& answer : groups[i]) sum += Reward(rules_[examples[i]], answer.text);
    }
    return sum / static_cast<double>(groups.size()) / request.n;
  }

  // Answers of groups in which some are better than others become texts.
  void Judge(const std::vector<size_t>& dealt,
             const std::vector<std::vector<SampledAnswer>>& groups, TuneFacts& facts,
             std::vector<TokenText>& texts, std::vector<float>& advantages) const {
    double sum = 0, n_answers = 0, n_tokens = 0, n_ended = 0;
    for (size_t g = 0; g < groups.size(); ++g) {
      std::vector<double> rewards;
      for (const SampledAnswer& answer : groups[g]) {
        rewards.push_back(Reward(rules_[dealt[g]], answer.text));
        sum += rewards.back();
        n_answers += 1;
        n_tokens += static_cast<double>(answer.tokens.size());
        n_ended += answer.ended ? 1 : 0;
      }
      const std::vector<float> own = Advantages(rewards);
      for (size_t i = 0; i < own.size(); ++i) {
        TokenText text = TextOf(prompts_[dealt[g]], groups[g][i]);
        if (own[i] == 0 || text.tokens.size() == prompts_[dealt[g]].size()) continue;
        texts.push_back(std::move(text));
        advantages.push_back(own[i]);
      }
    }
    facts = {{"reward", sum / n_answers},
             {"answer_tokens", n_tokens / n_answers},
             {"ended", n_ended / n_answers}};
  }

  TokenText TextOf(const std::vector<int32_t>& prompt, const SampledAnswer& answer) const {
    TokenText text{prompt, {}};
    text.tokens.insert(text.tokens.end(), answer.tokens.begin(), answer.tokens.end());
    if (answer.ended && work_.chat.end_token() >= 0) {
      text.tokens.push_back(work_.chat.end_token());
    }
    text.counted.assign(prompt.size(), 0);
    text.counted.resize(text.tokens.size(), 1);
    return text;
  }

  void Learn(const std::vector<TokenText>& texts, const std::vector<float>& advantages,
             TuneBatch& batch) const {
    std::vector<TextGroup> groups;
    for (size_t i = 0; i < texts.size(); ++i) {
      groups.push_back({{&texts[i]}, static_cast<int32_t>(i)});
    }
    batch.packs = Pack(groups, work_.settings.context);
    int64_t n_counted = 0;
    for (PackedTexts& pack : batch.packs) {
      n_counted += pack.n_counted();
      for (const int32_t text : pack.texts) {
        pack.advantages.push_back(advantages[static_cast<size_t>(text)]);
      }
    }
    batch.loss = std::make_unique<GroupRelativeLoss>(kClip, static_cast<float>(work_.settings.kl),
                                                     std::max<int64_t>(1, n_counted));
    if (work_.settings.updates > 1) {
      auto log_probs = work_.workers.LogProbs(batch.packs, true);
      for (size_t p = 0; p < batch.packs.size(); ++p) {
        batch.packs[p].behaviour = std::move(log_probs[p]);
      }
    }
    if (!batch.loss->needs_reference()) return;
    auto log_probs = work_.workers.LogProbs(batch.packs, false);
    for (size_t p = 0; p < batch.packs.size(); ++p) {
      batch.packs[p].reference = std::move(log_probs[p]);
    }
  }

  const TuneWork work_;
  AnswerSampler sampler_;
  std::vector<std::vector<int32_t>> prompts_;
  std::vector<eval::AnswerRule> rules_;
  std::vector<size_t> held_out_;
  std::unique_ptr<ExampleOrder> order_;
};

}  // namespace

std::unique_ptr<TuneMethod> MakeGrpoMethod(const TuneWork& work,
                                           std::vector<TuneExample> examples) {
  return std::make_unique<GrpoMethod>(work, std::move(examples));
}

}  // namespace pioneer::tune
