// Why: how fast a large index is made and asked, and how much room it takes. Passages of words
// drawn by Zipf's law; questions of words of one of them. With "vectors", as if found by
// meaning, too: vectors are made of the words, as how fast a model makes them is measured
// elsewhere.
//   build/search_bench 1000000 FOLDER [vectors]
//   build/search_bench 20000 postgresql://USER@HOST/DATABASE
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "base/clock.h"
#include "base/random.h"
#include "search/index/index_library.h"

namespace pioneer::search {
namespace {

constexpr int kVocabulary = 400'000;
constexpr int kPassageWords = 110;
constexpr int kQuestions = 300;

// A word's number by Zipf's law with exponent 1, by inversion of the continuous law.
int DrawWord(Random& random) {
  return static_cast<int>(std::exp(random.Uniform() * std::log(kVocabulary)));
}

// Pronounceable and the shorter the more common.
std::string Spell(int word) {
  constexpr std::string_view kConsonants = "bdfgklmnprstvz", kVowels = "aeiou";
  std::string text;
  for (int rest = word; rest > 0 || text.size() < 4; rest /= 70) {
    text += kConsonants[static_cast<size_t>(rest) % kConsonants.size()];
    text += kVowels[static_cast<size_t>(rest) / kConsonants.size() % kVowels.size()];
  }
  return text;
}

std::string MakePassage(int64_t number) {
  Random random(static_cast<uint64_t>(number) * 7919 + 1);
  std::string text;
  for (int i = 0; i < kPassageWords; ++i)
    text += Spell(DrawWord(random)) + (i % 12 == 11 ? ". " : " ");
  return text;
}

// Three to six words of a passage, as a person remembers it: not the most common ones alone.
std::string MakeQuestion(int64_t number) {
  Random random(static_cast<uint64_t>(number) * 7919 + 1);
  std::string question;
  const int n_words = 3 + static_cast<int>(number % 4);
  for (int found = 0; found < n_words;) {
    const int word = DrawWord(random);
    if (word < 20) continue;
    question += Spell(word) + " ";
    ++found;
  }
  return question;
}

void ReadSynthetic(int64_t n, SourceSink& sink) {
  for (int64_t i = 0; i < n; ++i) {
    Document document;
    document.uri = fmt::format("synthetic:{}", i);
    document.title = fmt::format("Passage {}", i);
    document.blocks.push_back({BlockKind::kParagraph, 0, MakePassage(i), 0});
    sink.OnDocument(std::move(document), "1");
    if (i % 10'000 == 0) sink.OnProgress(i, n, 0);
  }
}

double PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1000;
}

// A text's vector is the sum of its words', each drawn by the word: texts that share words are
// near.
class WordSums : public Embedder {
 public:
  static constexpr int kDimensions = 256;  // the built-in model's
  const EmbedderInfo& info() const override { return info_; }

  std::vector<std::vector<float>> Embed(const std::vector<std::string>& texts,
                                        const CancelToken&) override {
    std::vector<std::vector<float>> vectors;
    for (const std::string& text : texts) {
      std::vector<float> sum(kDimensions);
      for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find_first_of(" .\n", at), text.size());
        AddWord(std::string_view(text).substr(at, end - at), sum);
        at = end + 1;
      }
      double square = 1e-9;
      for (const float x : sum) square += double{x} * x;
      for (float& x : sum) x /= static_cast<float>(std::sqrt(square));
      vectors.push_back(std::move(sum));
    }
    return vectors;
  }

 private:
  // Common words say little.
  static void AddWord(std::string_view word, std::vector<float>& sum) {
    if (word.size() <= 4) return;
    Random random(std::hash<std::string_view>()(word));
    for (float& x : sum) x += static_cast<float>(random.Uniform() - 0.5);
  }
  const EmbedderInfo info_{"sums of words", "sums of words", kDimensions};
};

// Waits until every passage has a vector, and where they are many, until these are in the graph.
void AwaitVectors(IndexLibrary& library) {
  const Stopwatch making;
  const int64_t before = library.State().vectors->done;
  VectorProgress now;
  int64_t seen = -1;
  do {
    seen = library.AwaitChange(seen, 1'000);
    now = *library.State().vectors;
  } while (now.done < now.total || now.in_graph.value_or(now.done) < now.done);
  const double seconds = making.Seconds();
  const auto made = static_cast<double>(now.done - before);
  fmt::print("{:.0f} vectors and their graph in {:.1f} s: {:.0f} a second\n", made, seconds,
             made / seconds);
}

void Bench(int64_t n, const std::string& place, const std::shared_ptr<Embedder>& embedder) {
  IndexLibrary library({place, embedder}, [&](const SourceSettings&, SourceSink& sink,
                                              const CancelToken&) { ReadSynthetic(n, sink); });
  const Stopwatch indexing;
  if (library.State().sources.empty()) {
    NewSource source;
    source.settings.location = std::filesystem::current_path().string();  // nobody reads it
    library.Add(source);
  }
  library.Start();
  for (int64_t seen = -1; library.State().sources[0].job->state != JobState::kDone;) {
    seen = library.AwaitChange(seen, 10'000);
  }
  const double seconds = indexing.Seconds();
  if (embedder) AwaitVectors(library);
  library.Stop();
  const LibraryState state = library.State();
  fmt::print("{} passages in {:.1f} s: {:.2f} MB/s; {:.0f} MB of text, {:.0f} MB stored\n",
             state.passages, seconds, static_cast<double>(state.text_bytes) / 1e6 / seconds,
             static_cast<double>(state.text_bytes) / 1e6,
             static_cast<double>(state.stored_bytes) / 1e6);
  fmt::print("at most {:.0f} MB of memory while indexing\n", PeakMegabytes());
  std::vector<double> times_ms;
  int first = 0;
  for (int i = 0; i < kQuestions; ++i) {
    const int64_t wanted = i * (n / kQuestions);
    const Stopwatch asking;
    const auto found = library.retriever().Retrieve({{MakeQuestion(wanted)}, {}, 10, false}, {});
    times_ms.push_back(asking.Seconds() * 1000);
    first += !found.empty() && found[0].passage.uri == fmt::format("synthetic:{}", wanted);
  }
  std::sort(times_ms.begin(), times_ms.end());
  fmt::print(
      "{} questions: p50 {:.1f} ms, p99 {:.1f} ms; the passage that was meant is first in {}\n",
      kQuestions, times_ms[kQuestions / 2], times_ms[kQuestions * 99 / 100], first);
  fmt::print("at most {:.0f} MB of memory in all\n", PeakMegabytes());
}

}  // namespace
}  // namespace pioneer::search

int main(int argc, char** argv) {
  const bool with_vectors = argc == 4 && std::string_view(argv[3]) == "vectors";
  if (argc != 3 && !with_vectors) {
    fmt::print(stderr, "usage: search_bench PASSAGES FOLDER|postgresql://... [vectors]\n");
    return 2;
  }
  using namespace pioneer::search;
  Bench(std::atoll(argv[1]), argv[2], with_vectors ? std::make_shared<WordSums>() : nullptr);
  return 0;
}
