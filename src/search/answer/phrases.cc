#include "search/answer/phrases.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/utf8.h"
#include "search/answer/words.h"
#include "store/search_text.h"

namespace pioneer::search::answer {
namespace {

constexpr size_t kNearest = 3;
constexpr size_t kMaxFollowUps = 3;
constexpr size_t kMaxHeadingBytes = 90;

std::string PlaceName(const Passage& passage) {
  if (passage.headings.empty() || passage.headings.back() == passage.title) return passage.title;
  return fmt::format("{} — {}", passage.title, passage.headings.back());
}

std::string AskAbout(const std::string& language, const std::string& heading) {
  if (language == "ko") return fmt::format("“{}”에 대해 알려 주세요", heading);
  if (language == "ja") return fmt::format("「{}」について教えてください", heading);
  return fmt::format("What do the sources say about “{}”?", heading);
}

// A heading that is a question already is asked as it is.
std::string AsQuestion(const std::string& language, const std::string& heading) {
  const bool question = heading.ends_with('?') || heading.ends_with("？");
  return question ? heading : AskAbout(language, heading);
}

bool SaysNothingNew(std::string_view question, const std::string& heading) {
  const std::vector<Word> asked = ReadWords(question);
  const std::vector<Word> words = ReadWords(heading);
  return std::all_of(words.begin(), words.end(), [&](const Word& word) {
    return !SaysSomething(word) || word.kind == WordKind::kNumber ||
           std::any_of(asked.begin(), asked.end(),
                       [&](const Word& other) { return SameWord(word, other); });
  });
}

// Every second document has them: they name no subject.
bool IsCommonHeading(const std::string& heading) {
  static const std::set<std::string, std::less<>> kCommon = {
      "abstract", "description", "example",    "examples",   "introduction", "note",
      "notes",    "overview",    "parameters", "references", "remarks",      "see also",
      "summary",  "synopsis",    "syntax",     "usage",      "warning",      "개요",
      "구문",     "설명",        "예",         "예시",       "예제",         "요약",
      "주의",     "참고",        "참조",       "概要",       "構文",         "説明",
      "例",       "使用例",      "注意",       "注記",       "参照",         "備考"};
  return kCommon.contains(FoldForSearch(heading));
}

}  // namespace

std::string NothingFound(const std::string& language, const std::vector<RankedPassage>& passages) {
  const bool ko = language == "ko", ja = language == "ja";
  std::string text = ko ? "찾은 자료에는 이 질문에 대한 답이 없습니다."
                     : ja ? "見つかった資料の中に、この質問への答えはありません。"
                          : "Nothing in the sources answers this question.";
  if (passages.empty()) return text;
  text += ko ? " 가장 가까운 내용: " : ja ? " 最も近いもの: " : " The nearest passages: ";
  std::vector<std::string> places;
  for (size_t i = 0; i < std::min(kNearest, passages.size()); ++i) {
    places.push_back(fmt::format("{} [{}]", PlaceName(passages[i].passage), i + 1));
  }
  return text + fmt::format("{}", fmt::join(places, ", "));
}

std::vector<std::string> FollowUpsFromHeadings(std::string_view question,
                                               const std::string& language,
                                               const std::vector<RankedPassage>& passages,
                                               const std::vector<int>& used) {
  std::vector<std::string> follow_ups;
  std::set<std::string> seen;
  for (const bool read : {false, true}) {
    for (int i = 0; i < std::ssize(passages) && follow_ups.size() < kMaxFollowUps; ++i) {
      if ((std::find(used.begin(), used.end(), i) != used.end()) != read) continue;
      const Passage& passage = passages[static_cast<size_t>(i)].passage;
      if (passage.headings.empty()) continue;
      const bool is_common = IsCommonHeading(passage.headings.back());
      const std::string& heading = is_common ? passage.title : passage.headings.back();
      if (heading.size() > kMaxHeadingBytes || (!is_common && heading == passage.title) ||
          SaysNothingNew(question, heading))
        continue;
      if (seen.insert(heading).second) follow_ups.push_back(AsQuestion(language, heading));
    }
  }
  return follow_ups;
}

}  // namespace pioneer::search::answer
