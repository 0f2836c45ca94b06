#include "eval/task.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/utf8.h"
#include "text/unicode.h"

namespace pioneer::eval {

std::map<std::string, double> JudgeChoice(const ChoiceQuestion& question,
                                          const std::vector<double>& loglikelihoods) {
  const auto score = [&](const auto& length) {
    int best = 0;
    double best_value = 0;
    for (int i = 0; i < static_cast<int>(loglikelihoods.size()); ++i) {
      const double divisor = std::max(1.0, static_cast<double>(length(question.choices[i])));
      const double value = loglikelihoods[i] / divisor;
      if (i > 0 && value <= best_value) continue;
      best = i;
      best_value = value;
    }
    return best == question.label ? 1.0 : 0.0;
  };
  return {{"acc", score([](const std::string&) { return size_t{1}; })},
          {"acc_norm", score([](const std::string& s) { return Utf8ToCodePoints(s).size(); })},
          {"acc_norm_bytes", score([](const std::string& s) { return s.size(); })}};
}

double Perplexity(double loglikelihood, double n) { return std::exp(-loglikelihood / n); }

double BitsPerByte(double loglikelihood, double n_bytes) {
  return -loglikelihood / n_bytes / std::numbers::ln2;
}

int64_t CountWords(std::string_view text) {
  int64_t n = 1;
  bool in_space = false;
  for (size_t position = 0; position < text.size();) {
    const TextChar c = CharAt(text, position);
    if (c.Is(kSpace) && !in_space) ++n;
    in_space = c.Is(kSpace);
    position += c.length;
  }
  return n;
}

}  // namespace pioneer::eval
