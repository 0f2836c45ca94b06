// Why: what a capable model does for an answer: it understands the question within the
// conversation, writes sentences that can cite nothing but passages that are there, and says how
// likely a sentence is with its passage.
//
// What was retrieved is data: it is wrapped and named as such, cannot write control tokens (the
// engine's prompts never let a message do that), and no tools are offered.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "search/answerer.h"

namespace pioneer::search::answer {

// Below, models cannot be relied on to rewrite a question or to keep to passages; the smallest that
// do so in our experience have half a billion parameters. 0 = unknown: another server's model,
// which somebody chose for this.
inline constexpr int64_t kCapableParameters = 500'000'000;
inline constexpr int kCapableContext = 2048;  // tokens, for some passages and an answer
bool IsCapable(const Generator* model);

struct UnderstoodQuestion {
  std::string standalone;
  std::vector<std::string> queries;  // 1..4; in other languages, too, where that finds more
};
// nullopt where the model fails at it.
std::optional<UnderstoodQuestion> UnderstandByModel(Generator& model, const std::string& question,
                                                    const std::vector<EarlierTurn>& earlier,
                                                    const CancelToken& cancel);

// A sentence as it was written, without its marks.
struct WrittenSentence {
  std::string text;        // with the white space before it
  std::vector<int> cited;  // indices of passages
};

// Calls `on_sentence` for each sentence as soon as it is whole. Returns false where the model says
// that the passages do not answer the question. Throws Error{kCancelled}, and Error{kIo} where the
// model fails.
bool WriteAnswer(Generator& model, const std::string& question,
                 const std::vector<RankedPassage>& passages, const CancelToken& cancel,
                 const std::function<void(const WrittenSentence&)>& on_sentence);

// The mean log probability of the text's tokens behind `before`, in nats; nullopt where that cannot
// be known.
std::optional<double> MeanLikelihood(Generator& model, const std::string& before,
                                     const std::string& text, const CancelToken& cancel);

// How much likelier the passage makes the sentence, in nats a token; nullopt where that cannot be
// known.
std::optional<double> LikelihoodGain(Generator& model, const std::string& sentence,
                                     const std::string& passage, const CancelToken& cancel);

// The sentences of an answer that ends each with marks ("[1][2]").
class MarkedSentences {
 public:
  // Whole sentences that `text` completes.
  std::vector<WrittenSentence> Push(std::string_view text);
  // What is left at the end: only what has marks.
  std::vector<WrittenSentence> Finish();

 private:
  std::optional<WrittenSentence> Take(bool at_end);
  std::string held_;
};

}  // namespace pioneer::search::answer
