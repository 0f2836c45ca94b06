#include "eval/loglikelihood.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "text/unicode.h"

namespace pioneer::eval {
namespace {

// One place of the context is the answer's, which is not asked for here.
size_t MaxTokens(const Generator& generator) {
  return static_cast<size_t>(std::max(2, generator.info().context_length - 1));
}

// BOS, if the tokenizer puts it in front of texts by itself.
std::vector<int32_t> UsualStart(const Generator& generator) {
  const std::vector<int32_t> special = generator.Tokenize("", true);
  const int32_t bos = generator.info().bos_token;
  if (bos >= 0 && !special.empty() && special.front() == bos) return {bos};
  return {};
}

int32_t PrefixToken(const Generator& generator) {
  const GeneratorInfo info = generator.info();
  const int32_t prefix = info.bos_token >= 0 ? info.bos_token : info.eos_token;
  if (prefix >= 0) return prefix;
  Fail(ErrorCode::kUnsupported,
       "{} has no token to begin a text with, so texts without a context cannot be scored",
       info.id);
}

std::vector<int32_t> Encode(const Generator& generator, const std::string& text) {
  return generator.Tokenize(text, /*add_special=*/false, /*parse_special=*/true);
}

size_t LengthWithoutTrailingSpace(const std::string& text) {
  size_t length = 0;
  for (size_t position = 0; position < text.size();) {
    const TextChar c = CharAt(text, position);
    position += c.length;
    if (!c.Is(kSpace)) length = position;
  }
  return length;
}

ScoredTokens FitContext(const Generator& generator, ScoredTokens scored) {
  const size_t n_max = MaxTokens(generator);
  const size_t n_scored = scored.tokens.size() - static_cast<size_t>(scored.first);
  if (n_scored + 1 > n_max) {
    Fail(ErrorCode::kContextLength, "a continuation of {} tokens does not fit {}'s context of {}",
         n_scored, generator.info().id, generator.info().context_length);
  }
  if (scored.tokens.size() <= n_max) return scored;
  const auto n_cut = static_cast<int64_t>(scored.tokens.size() - n_max);
  scored.tokens.erase(scored.tokens.begin(), scored.tokens.begin() + n_cut);
  scored.first -= static_cast<int>(n_cut);
  return scored;
}

}  // namespace

ScoredTokens EncodePair(const Generator& generator, const std::string& context,
                        const std::string& continuation) {
  ScoredTokens scored;
  if (context.empty()) {
    scored.tokens = {PrefixToken(generator)};
    const std::vector<int32_t> rest = Encode(generator, continuation);
    // A continuation that brings its own BOS needs no other.
    const bool has_prefix = !rest.empty() && rest.front() == scored.tokens.front();
    scored.tokens.insert(scored.tokens.end(), rest.begin() + (has_prefix ? 1 : 0), rest.end());
    return FitContext(generator, std::move(scored));
  }
  const std::vector<int32_t> start = UsualStart(generator);
  const size_t n_context = LengthWithoutTrailingSpace(context);
  const std::vector<int32_t> whole = Encode(generator, context + continuation);
  const std::vector<int32_t> before = Encode(generator, context.substr(0, n_context));
  scored.tokens = start;
  scored.tokens.insert(scored.tokens.end(), whole.begin(), whole.end());
  // Where the boundary falls inside a token the context may have more tokens than the whole.
  const size_t first = std::min(start.size() + before.size(), scored.tokens.size());
  scored.first = static_cast<int>(std::max<size_t>(first, 1));
  return FitContext(generator, std::move(scored));
}

std::vector<ScoredTokens> RollingWindows(const Generator& generator, const std::string& text) {
  const std::vector<int32_t> tokens = Encode(generator, text);
  const auto n_tokens = static_cast<int64_t>(tokens.size());
  const int64_t n_window = static_cast<int64_t>(MaxTokens(generator)) - 1;  // scored ones
  const auto at = [&](int64_t i) { return tokens.begin() + i; };
  std::vector<ScoredTokens> windows;
  for (int64_t done = 0; done < n_tokens;) {
    const int64_t end = std::min(done + n_window, n_tokens);
    ScoredTokens window;
    if (done == 0) {
      window.tokens = {PrefixToken(generator)};
      window.tokens.insert(window.tokens.end(), at(0), at(end));
    } else {
      const int64_t begin = std::max<int64_t>(0, end - n_window - 1);
      window.tokens.assign(at(begin), at(end));
      window.first = static_cast<int>(done - begin);
    }
    windows.push_back(std::move(window));
    done = end;
  }
  return windows;
}

std::unique_ptr<Generation> StartScoring(Generator& generator, const ScoredTokens& scored) {
  CompletionRequest request;
  request.prompt = scored.tokens;
  request.echo = true;
  request.logprobs_from = scored.first;
  request.options.logprobs = true;
  request.options.top_logprobs = 1;
  request.options.sampling.temperature = 0;
  request.options.limits.max_tokens = 0;
  request.options.priority = Priority::kBatch;
  return generator.Complete(request);
}

Loglikelihood FinishScoring(Generation& generation, const ScoredTokens& scored) {
  Loglikelihood sum;
  int position = 0;
  while (const auto event = generation.Next()) {
    if (const auto* text = std::get_if<TextEvent>(&*event)) {
      for (const TokenInfo& info : text->tokens) {
        if (position++ < scored.first) continue;
        sum.value += info.chosen.logprob;
        sum.is_greedy &= !info.top.empty() && info.top.front().logprob <= info.chosen.logprob;
        sum.tokens.push_back({info.chosen.logprob, static_cast<int>(info.chosen.bytes.size())});
      }
    } else if (const auto* finish = std::get_if<FinishEvent>(&*event)) {
      if (finish->reason == FinishReason::kCancelled) Fail(ErrorCode::kCancelled, "stopped");
      if (finish->reason == FinishReason::kError) {
        Fail(ErrorCode::kInternal, "the model failed: {}", finish->error);
      }
    }
  }
  if (!std::isfinite(sum.value)) {
    Fail(ErrorCode::kInternal, "the model's output is not finite; the file may be damaged");
  }
  if (position == static_cast<int>(scored.tokens.size())) return sum;
  Fail(ErrorCode::kInternal, "the model gave {} of {} log probabilities", position,
       scored.tokens.size());
}

}  // namespace pioneer::eval
