// Why: what methods of tuning do differently, in three questions: what is in the next step, by
// which loss is it learned, and how good is the model at what was held out.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/json.h"
#include "base/thread_pool.h"
#include "text/tokenizer.h"
#include "tune/adapter_layout.h"
#include "tune/chat_texts.h"
#include "tune/frozen_model.h"
#include "tune/loss.h"
#include "tune/packed_texts.h"
#include "tune/settings.h"
#include "tune/tune_workers.h"

namespace pioneer::tune {

// Numbers with names, for the log and for people.
using TuneFacts = std::map<std::string, double>;

// What a method works with; all of it outlives the method.
struct TuneWork {
  const TuneSettings& settings;
  const FrozenModel& model;
  const Tokenizer& tokenizer;
  const ChatTexts& chat;
  const AdapterLayout& layout;
  const TrainBuffer<float>& adapter;  // as it is now; the workers have it, too
  TuneWorkers& workers;
  const std::shared_ptr<ThreadPool>& threads;
  CancelToken cancel;
};

struct TuneBatch {
  std::vector<PackedTexts> packs;  // none: there is nothing to learn in this step
  std::unique_ptr<Loss> loss;
  TuneFacts facts;
};

struct TuneJudgement {
  double loss = -1, bits_per_byte = -1;  // of held-out answers; -1 = not what the method looks at
  TuneFacts facts;
};

// Deals examples in an order that is new in each pass over them and follows from the seed.
class ExampleOrder {
 public:
  ExampleOrder(std::vector<size_t> examples, uint64_t seed);
  size_t Next();
  size_t size() const { return examples_.size(); }
  Json Position() const;
  // Throws Error{kCorruptFile}.
  void SetPosition(const Json& position);

 private:
  void Shuffle();
  std::vector<size_t> examples_, order_;
  uint64_t seed_;
  int64_t pass_ = 0;
  size_t next_ = 0;
};

// Which examples are learned from and which are held out: of 20 or more a share, at most `most`.
struct ExampleSplit {
  std::vector<size_t> learned, held_out;
};
ExampleSplit SplitExamples(size_t n, double share, size_t most, uint64_t seed);

// One thread. Next(), Judge() may throw Error{kCancelled}.
class TuneMethod {
 public:
  virtual ~TuneMethod() = default;
  // The same step of the same run, resumed or not, gives the same batch.
  virtual TuneBatch Next(int64_t step) = 0;
  virtual TuneJudgement Judge() = 0;  // of nothing where nothing is held out
  virtual int64_t DefaultSteps() const = 0;
  virtual ExampleOrder& order() = 0;
  // What became of the examples: "123 learned from, 7 held out, 2 left out: longer than ...".
  const std::string& description() const { return description_; }

 protected:
  std::string description_;
};

// Throws Error{kInvalidArgument} that begins with FILE:LINE for an example that the model's chat
// template refuses, and when no example is left.
std::unique_ptr<TuneMethod> MakeSftMethod(const TuneWork& work,
                                          const std::vector<TuneExample>& examples);
std::unique_ptr<TuneMethod> MakeDpoMethod(const TuneWork& work,
                                          const std::vector<TuneExample>& examples);
std::unique_ptr<TuneMethod> MakeGrpoMethod(const TuneWork& work, std::vector<TuneExample> examples);

}  // namespace pioneer::tune
