#include "search/answer/follow_up.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/utf8.h"
#include "search/answer/patterns.h"
#include "search/answer/sentences.h"
#include "search/answer/words.h"
#include "store/search_text.h"

namespace pioneer::search::answer {
namespace {

// Questions of so few words that say something may lack a part.
constexpr size_t kEllipsisWords = 3;
// Older turns are about something else.
constexpr size_t kMaxEarlier = 4;

using Words = std::vector<Word>;

Words Telling(std::string_view text) {
  Words words = ReadWords(text);
  std::erase_if(words, [](const Word& word) { return !SaysSomething(word); });
  return words;
}

std::string_view TextOf(std::string_view text, const Word& word) {
  return text.substr(word.begin, word.end - word.begin);
}

// The word without its particles, as it is written: its key is a prefix of it but for case.
std::string_view StemOf(std::string_view text, const Word& word) {
  const std::string_view whole = TextOf(text, word);
  if (word.kind == WordKind::kNumber && !word.unit.empty()) {
    const size_t unit = whole.find(word.unit);
    return unit == std::string_view::npos ? whole : whole.substr(0, unit + word.unit.size());
  }
  if (word.script != WordScript::kHangul || word.kind == WordKind::kNumber) return whole;
  return whole.substr(0, std::min(word.key.size(), whole.size()));
}

bool Matches(std::string_view text, const char* pattern) {
  return std::regex_search(FoldForSearch(text), Compiled(pattern));
}

bool HasAny(const Words& words, std::string_view list) {
  return std::any_of(words.begin(), words.end(), [&](const Word& word) {
    const std::string padded = " " + word.text + " ";
    return list.find(padded) != std::string_view::npos;
  });
}

constexpr std::string_view kEnglishPronouns =
    " it its they them their he him his she her this that these those there ";
constexpr std::string_view kPersons =
    " he him his she her 그는 그가 그의 그녀 그녀는 그녀의 彼 彼女 ";
constexpr std::string_view kKoreanPronouns =
    " 그것 그것은 그것을 그것의 그건 그게 그걸 이것 이것은 이것을 이건 이게 이걸 거기 거기서 "
    "거기에 그곳 그곳은 그곳에 그는 그가 그의 그녀 그녀는 "
    "그녀의 그들 그들은 그들의 ";
constexpr const char* kJapanesePronouns =
    "^(?:それ|これ|その|この|そこ|あれ|彼|彼女)|、(?:それ|その|そこ)|(?:それ|そこ|彼|彼女)(?:は|が|"
    "を|の|に|で)";

bool HasPronoun(std::string_view question, const std::string& language) {
  const Words words = ReadWords(question);
  if (language == "ko") return HasAny(words, kKoreanPronouns) || Matches(question, "^그 |^이 ");
  if (language == "ja") return Matches(question, kJapanesePronouns);
  return HasAny(words, kEnglishPronouns);
}

// Capital letters next to each other, the first longest run: what the text is about.
std::string NameRun(std::string_view text) {
  const Words words = ReadWords(text);
  std::string best;
  size_t best_words = 0;
  for (size_t i = 0; i < words.size();) {
    size_t end = i;
    while (end < words.size() &&
           (words[end].kind == WordKind::kName ||
            (end > i && words[end].kind == WordKind::kNumber && words[end].unit.empty())) &&
           (end == i ||
            text.substr(words[end - 1].end, words[end].begin - words[end - 1].end) == " ")) {
      ++end;
    }
    if (end - i > best_words) {
      best_words = end - i;
      best = text.substr(words[i].begin, words[end - 1].end - words[i].begin);
    }
    i = std::max(end, i + 1);
  }
  return best;
}

// "How does the page cache work?": page cache.
std::string EnglishTopic(std::string_view earlier) {
  if (std::string names = NameRun(earlier); !names.empty()) return names;
  Words words = Telling(earlier);
  // With "does" the verb stands last.
  const Words all = ReadWords(earlier);
  const bool verb_last = Matches(earlier, "\\b(?:do|does|did)\\b") && SaysSomething(all.back());
  if (verb_last && words.size() > 1) words.pop_back();
  std::string topic;
  for (const Word& word : words) {
    if (word.kind == WordKind::kNumber) continue;
    topic += (topic.empty() ? "" : " ") + std::string(TextOf(earlier, word));
  }
  return topic;
}

bool Has(const Words& words, const Word& word) {
  return std::any_of(words.begin(), words.end(),
                     [&](const Word& other) { return SameWord(word, other); });
}

// What of the earlier question the new one does not say, nouns before all.
std::string CarriedWords(std::string_view earlier, const Words& words, bool nouns_only) {
  std::string carried;
  for (const Word& word : Telling(earlier)) {
    if (nouns_only && word.predicate) continue;
    if (Has(words, word)) continue;
    carried += (carried.empty() ? "" : " ") + std::string(StemOf(earlier, word));
  }
  return carried;
}

// Pronouns give way to `topic`.
std::string ReplaceEnglishPronouns(std::string_view question, const std::string& topic) {
  static constexpr std::string_view kOwners = " its their his her ";
  std::string out;
  size_t copied = 0;
  bool replaced = false;
  const Words words = ReadWords(question);
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string padded = " " + words[i].text + " ";
    if (kEnglishPronouns.find(padded) == std::string_view::npos) continue;
    // "that" and "this" before a noun are articles, "is there" is no place.
    const bool article =
        (padded == " that " || padded == " this " || padded == " these " || padded == " those ") &&
        i + 1 < words.size() && SaysSomething(words[i + 1]);
    if (replaced && (article || padded == " there " || padded == " that ")) continue;
    if (padded == " there " && i > 0 && (words[i - 1].text == "is" || words[i - 1].text == "are"))
      continue;
    const bool owner = kOwners.find(padded) != std::string_view::npos && i + 1 < words.size() &&
                       SaysSomething(words[i + 1]);
    out += question.substr(copied, words[i].begin - copied);
    out += topic + (owner ? "'s" : "");
    copied = words[i].end;
    replaced = true;
  }
  out += question.substr(copied);
  return replaced ? out : fmt::format("{} {}", question, topic);
}

// Before or behind the question, where each language puts what it is about.
std::string WithTopic(std::string_view question, const std::string& topic,
                      const std::string& language) {
  if (topic.empty()) return std::string(question);
  if (language == "ja") return fmt::format("{} {}", topic, question);
  return fmt::format("{} {}", topic, question);
}

std::string ResolvePronoun(std::string_view question, const EarlierTurn& last,
                           const std::string& earlier, const std::string& language) {
  const Words words = Telling(question);
  if (language != "en") return WithTopic(question, CarriedWords(earlier, words, true), language);
  // "he" is whom the answer named.
  if (HasAny(ReadWords(question), kPersons)) {
    const auto sentences = SplitSentences(last.answer);
    const std::string person =
        sentences.empty() ? "" : NameRun("x " + std::string(sentences[0].In(last.answer)));
    if (!person.empty()) return ReplaceEnglishPronouns(question, person);
  }
  return ReplaceEnglishPronouns(question, EnglishTopic(earlier));
}

bool AsksWhatAbout(std::string_view question, const std::string& language) {
  if (language == "en") {
    return Matches(question, "^(?:and |but |ok,? |so )*(?:what|how) about |^and |^in \\S+\\?*$") ||
           (Telling(question).size() <= 2 &&
            !Matches(question,
                     "\\b(?:who|what|when|where|why|how|which|is|are|was|were|do|does|did|can|"
                     "should|tell|show|explain|list)\\b"));
  }
  if (language == "ko") {
    return Matches(question, "^(?:그럼|그러면|그렇다면|그런데|그리고|혹시) ") ||
           Matches(question, "(?:은|는|에는|에서는|의 경우|의 경우는|은요|는요) ?\\?*$");
  }
  return Matches(question, "^(?:では|じゃあ|それでは|ちなみに)") ||
         Matches(question, "(?:は|の場合|の場合は)(?:\\?|？)*$");
}

// "Why?", 왜?: nothing but how it is asked.
bool IsBareQuestion(const Words& telling) { return telling.empty(); }

// The word of the earlier question whose place the new one takes.
std::optional<Word> Replaced(const Words& earlier, const Word& by) {
  const auto find = [&](const auto& fits) -> std::optional<Word> {
    const auto found = std::find_if(earlier.begin(), earlier.end(), fits);
    return found == earlier.end() ? std::nullopt : std::optional(*found);
  };
  if (by.kind == WordKind::kNumber) {
    return find(
        [&](const Word& word) { return word.kind == WordKind::kNumber && word.unit == by.unit; });
  }
  if (by.kind == WordKind::kName || (by.script == WordScript::kLatin && by.capitalised)) {
    return find([&](const Word& word) { return word.kind == WordKind::kName; });
  }
  if (by.script == WordScript::kLatin) return std::nullopt;
  // 서울의 인구, 東京の人口: whose it is changes, not what is asked of it.
  if (auto owner = find([](const Word& word) { return word.role == WordRole::kOf; })) return owner;
  const auto is_noun = [](const Word& word) {
    return !word.predicate && word.kind != WordKind::kNumber;
  };
  if (std::count_if(earlier.begin(), earlier.end(), is_noun) == 1) return find(is_noun);
  return std::nullopt;
}

// Korean particles have two forms: 은 behind a consonant, 는 behind a vowel.
void FitParticle(std::string& text, size_t at) {
  static constexpr std::pair<std::string_view, std::string_view> kForms[] = {
      {"은", "는"}, {"이", "가"}, {"을", "를"}, {"과", "와"}};
  if (at < 3 || at >= text.size()) return;
  const char32_t before = DecodeUtf8(std::string_view(text).substr(at - 3)).code_point;
  if (before < 0xAC00 || before > 0xD7A3) return;
  const bool consonant = (before - 0xAC00) % 28 != 0;
  for (const auto& [after_consonant, after_vowel] : kForms) {
    for (const std::string_view form : {after_consonant, after_vowel}) {
      if (!std::string_view(text).substr(at).starts_with(form)) continue;
      text.replace(at, form.size(), consonant ? after_consonant : after_vowel);
      return;
    }
  }
}

std::string Substitute(const std::string& earlier, const Word& old, std::string_view question,
                       const Word& by) {
  std::string text = earlier;
  const std::string_view new_text = StemOf(question, by);
  text.replace(old.begin, StemOf(earlier, old).size(), new_text);
  FitParticle(text, old.begin + new_text.size());
  return text;
}

std::string FillEllipsis(std::string_view question, const std::string& earlier,
                         const Words& telling) {
  const Words before = Telling(earlier);
  std::string filled = earlier;
  // Names of several words take the place of names of several words.
  const std::string old_names = NameRun(earlier), new_names = NameRun("x " + std::string(question));
  if (!old_names.empty() && new_names.find(' ') != std::string::npos) {
    return filled.replace(filled.find(old_names), old_names.size(), new_names);
  }
  for (const Word& word : telling) {
    if (Has(before, word)) continue;
    const auto old = Replaced(Telling(filled), word);
    if (!old) return fmt::format("{} {}", CarriedWords(earlier, telling, false), question);
    filled = Substitute(filled, *old, question, word);
  }
  return filled;
}

std::string Resolve(std::string_view question, const EarlierTurn& last,
                    const std::string& earlier) {
  const std::string language = LanguageOf(question);
  const Words telling = Telling(question);
  if (IsBareQuestion(telling) && !HasPronoun(question, language))
    return fmt::format("{} {}", earlier, question);
  if (HasPronoun(question, language)) return ResolvePronoun(question, last, earlier, language);
  if (telling.size() <= kEllipsisWords && AsksWhatAbout(question, language)) {
    return FillEllipsis(question, earlier, telling);
  }
  return std::string(question);
}

std::vector<std::string> SplitBy(std::string_view text, const char* pattern) {
  const std::string whole(text);
  std::vector<std::string> parts;
  for (std::sregex_token_iterator it(whole.begin(), whole.end(), Compiled(pattern), -1), end;
       it != end; ++it) {
    std::string part = it->str();
    const size_t begin = part.find_first_not_of(" \t\n,;");
    if (begin == std::string::npos) continue;
    part = part.substr(begin, part.find_last_not_of(" \t\n,;") - begin + 1);
    if (!Telling(part).empty()) parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace

std::string StandaloneByRules(std::string_view question, const std::vector<EarlierTurn>& earlier) {
  const size_t first = earlier.size() - std::min(earlier.size(), kMaxEarlier);
  std::string standalone;
  for (size_t i = first; i < earlier.size(); ++i) {
    standalone =
        i == first ? earlier[i].question : Resolve(earlier[i].question, earlier[i - 1], standalone);
  }
  if (standalone.empty()) return std::string(question);
  return Resolve(question, earlier.back(), standalone);
}

std::vector<std::string> QuestionParts(std::string_view question) {
  std::vector<std::string> parts = SplitBy(
      question,
      "\\?\\s+|？\\s*|,? and (?=(?:what|how|who|when|where|why|which|is|are|does|do|can)\\b)|,? "
      "그리고 |、?そして|、?また、");
  if (parts.size() > 1) return parts;
  static const std::regex kComparisons[] = {
      std::regex("(?:difference|differences) between (.+?) and ([^?]+)", std::regex::icase),
      std::regex("(\\S+?)(?:와|과) (\\S+?)의 차이"), std::regex("(\\S+?)と(\\S+?)の違い")};
  const std::string text(question);
  std::smatch match;
  for (const std::regex& comparison : kComparisons) {
    if (std::regex_search(text, match, comparison)) return {match[1].str(), match[2].str()};
  }
  return {};
}

}  // namespace pioneer::search::answer
