#include "search/answer/definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "search/answer/patterns.h"
#include "search/answer/sentences.h"
#include "store/search_text.h"

namespace pioneer::search::answer {
namespace {

constexpr size_t kMostQuestionBytes = 200;
constexpr std::ptrdiff_t kMostSubjectWords = 4;
constexpr size_t kMostSentenceBytes = 700;
constexpr double kSaysWhatItIs = 1, kSaysWhatItDoes = 0.5;
// Of the best passage's score, for a passage that says what it is.
constexpr double kPreference = 1;

using Words = std::initializer_list<std::string_view>;

bool StartsWithAny(std::string_view text, const Words& beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(),
                     [&](std::string_view one) { return text.starts_with(one); });
}

bool EndsWithAny(std::string_view text, const Words& ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [&](std::string_view one) { return text.ends_with(one); });
}

bool SkipAny(std::string_view& text, const Words& beginnings) {
  for (const std::string_view one : beginnings) {
    if (!text.starts_with(one)) continue;
    text.remove_prefix(one.size());
    return true;
  }
  return false;
}

// "1.2. tablespace" and "the tablespace" are "tablespace".
std::string_view WithoutLead(std::string_view text) {
  const size_t digits = text.find_first_not_of("0123456789. ");
  if (digits != text.npos && digits > 0 && text[digits - 1] == ' ') text.remove_prefix(digits);
  while (SkipAny(text, {"\"", "'", "“", "‘", "「", "* ", "- ", "• "})) continue;
  SkipAny(text, {"a ", "an ", "the "});
  return text;
}

std::string_view WithoutEnd(std::string_view text) {
  while (!text.empty()) {
    if (std::string_view(" .?!:").find(text.back()) != std::string_view::npos) {
      text.remove_suffix(1);
    } else if (EndsWithAny(text, {"。", "、"})) {
      text.remove_suffix(3);
    } else {
      break;
    }
  }
  return text;
}

constexpr std::string_view kKinds[] = {
    " function", " command", " operator", " statement", " module", " class",
    " method",   " option",  " utility",  " program",   " 함수",   " 명령",
    " 연산자",   " 모듈",    " 옵션",     " 기능",      "関数",    "コマンド"};

// "the zip function" is also met as "zip()".
std::string_view WithoutKind(std::string_view subject) {
  for (const std::string_view kind : kKinds) {
    if (subject.ends_with(kind) && subject.size() > kind.size() + 1) {
      return subject.substr(0, subject.size() - kind.size());
    }
  }
  return subject;
}

// Of "the pickle module implements", behind "pickle".
std::string_view WithoutKindInFront(std::string_view rest) {
  for (const std::string_view kind : kKinds) {
    if (rest.starts_with(kind)) return rest.substr(kind.size());
  }
  return rest;
}

// Behind the subject: "(GIL)", "()", a closing quotation mark.
std::string_view WithoutAside(std::string_view rest) {
  while (true) {
    if (SkipAny(rest, {"\"", "'", "”", "’", "」"})) continue;
    const size_t end = StartsWithAny(rest, {"(", " ("}) ? rest.find(')') : rest.npos;
    if (end == rest.npos) return rest;
    rest.remove_prefix(end + 1);
  }
}

std::string_view NextWord(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

bool IsOneOf(std::string_view word, const Words& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "is essentially a namespace", "is used to ..."; not "is dropped", "is also", "is often".
double DefinesByIs(std::string_view rest) {
  std::string_view word = NextWord(rest);
  if (IsOneOf(word, {"just", "simply", "basically", "essentially", "actually"})) {
    word = NextWord(rest);
  }
  if (IsOneOf(word, {"a", "an", "the", "one", "what"})) return kSaysWhatItIs;
  if (word == "used" && StartsWithAny(rest, {"to ", "for "})) return kSaysWhatItIs;
  const bool is_state =
      word.ends_with("ed") || word.ends_with("ly") ||
      IsOneOf(word, {"not", "also", "only", "now", "often", "always", "never", "still", "no",
                     "more", "less", "available", "in", "on", "at", "of", "set", "done", "being"});
  return is_state ? 0 : kSaysWhatItDoes;
}

double DefinesInEnglish(std::string_view rest) {
  if (StartsWithAny(rest, {" — ", " – ", " - ", ": "})) return kSaysWhatItIs;
  if (!rest.starts_with(' ')) return 0;
  rest.remove_prefix(1);
  if (StartsWithAny(rest, {"means ", "refers to ", "refer to ", "stands for "})) {
    return kSaysWhatItIs;
  }
  const std::string_view verb = NextWord(rest);
  if (IsOneOf(verb, {"is", "are"})) return DefinesByIs(rest);
  const bool does = IsOneOf(
      verb, {"adds",     "allow",      "allows",   "combines",  "computes", "consists", "contains",
             "controls", "converts",   "copies",   "creates",   "defines",  "deletes",  "describes",
             "displays", "enables",    "extracts", "generates", "gives",    "handles",  "helps",
             "holds",    "implements", "lets",     "lists",     "makes",    "manages",  "opens",
             "performs", "prints",     "provide",  "provides",  "reads",    "reclaims", "removes",
             "replaces", "represents", "returns",  "runs",      "serves",   "sets",     "shows",
             "sorts",    "specifies",  "starts",   "stores",    "tells",    "tests",    "writes"});
  return does ? kSaysWhatItDoes : 0;
}

double DefinesInKorean(std::string_view rest, std::string_view sentence) {
  if (StartsWithAny(rest, {"이란 ", "란 ", "(이)란 "})) return kSaysWhatItIs;
  if (!StartsWithAny(rest, {"은 ", "는 ", "은(는) ", "는(은) "})) return 0;
  const bool is = EndsWithAny(
      WithoutEnd(sentence), {"입니다", "이다", "것이다", "말한다", "말합니다", "뜻한다", "뜻합니다",
                             "의미한다", "의미합니다", "가리킨다", "가리킵니다", "예요", "에요"});
  return is ? kSaysWhatItIs : kSaysWhatItDoes;
}

double DefinesInJapanese(std::string_view rest, std::string_view sentence) {
  if (rest.starts_with("とは")) return kSaysWhatItIs;
  if (!rest.starts_with("は")) return 0;
  const bool is = EndsWithAny(WithoutEnd(sentence), {"である", "です", "をいう", "を指す", "のこと",
                                                     "であった", "でした", "を指します"});
  return is ? kSaysWhatItIs : kSaysWhatItDoes;
}

double DefinesFolded(std::string_view sentence, std::string_view subject) {
  for (const std::string_view name : {subject, WithoutKind(subject)}) {
    if (!sentence.starts_with(name)) continue;
    std::string_view rest = sentence.substr(name.size());
    if (rest.starts_with("s ")) rest.remove_prefix(1);  // of several
    const std::string_view verb = WithoutKindInFront(WithoutAside(rest));
    const double found = std::max({DefinesInEnglish(verb), DefinesInKorean(verb, sentence),
                                   DefinesInKorean(rest, sentence),  // "은(는)" is no aside
                                   DefinesInJapanese(verb, sentence)});
    if (found > 0) return found;
  }
  return 0;
}

}  // namespace

DefinitionQuestion ReadDefinitionQuestion(std::string_view question) {
  if (question.size() > kMostQuestionBytes) return {};
  const std::string folded = FoldForSearch(question);
  const std::string_view end = WithoutEnd(folded);
  // "매크로란?" asks, and "병자호란" is a word.
  const std::string asked = std::string(end) + (folded.find('?') == folded.npos ? "" : "?");
  static constexpr const char* kForms[] = {
      "^what(?:'s|’s| is| are)(?: meant by)? (?:an? |the )?(.+?)"
      "(?: used)?(?: for)?( in [^ ?]+(?: [^ ?]+)?)?\\??$",
      "^what (?:does|do) (?:an? |the )?(.+?) (?:do|mean|stand for)\\??$",
      "^(?:explain|tell me) what (?:an? |the )?(.+?) (?:is|are|means)\\??$",
      "^(?:the )?(?:definition|meaning) of (?:an? |the )?(.+?)\\??$",
      "^(.+?)(?:이란|란)(?:\\?| (?:무엇|무슨|뭐|뭔|어떤).*)$",
      "^(.+?)(?:은|는|이|가)? (?:무엇인가요|무엇인가|무엇입니까|무엇이야|무엇인지.*|무엇을 하.*|"
      "무슨 뜻.*|무슨 기능.*|뭐야|뭐예요|뭐에요|뭔가요|뭔지.*|뭐지|뭐하는.*|뭘 하.*|어떤 "
      "기능.*)\\??$",
      "^(.+?)의 (?:뜻|의미|정의)(?:은|는|이|가)?(?: .*)?\\??$",
      "^(.+?)とは(?:何.*|なに.*|なん.*|どういう.*)?\\??$",
      "^(.+?)って(?:何|なに|なん).*$",
      "^(.+?)は(?:何|なに|なん)(?:ですか|でしょうか|か|だ)?\\??$",
      "^(.+?)の意味(?:は.*)?\\??$",
  };
  for (const char* form : kForms) {
    std::smatch match;
    if (!std::regex_search(asked, match, Compiled(form))) continue;
    const std::string subject(WithoutEnd(match[1].str()));
    // A property of a thing, and what only points, is looked for like anything else.
    static constexpr const char* kProperty =
        "(?:^| )(?:of|between|in|on|at|to|with|by|from|if|when|that|which|my|your|this|these|those|"
        "it|they|different|new|wrong)(?: |$)|의 |の|차이|"
        "^(?:이게|그게|저게|이것|그것|저것|이건|그건|저건|이|그|저|여기|これ|それ|あれ)$";
    const auto n_words = std::count(subject.begin(), subject.end(), ' ') + 1;
    const bool is_thing = !subject.empty() && n_words <= kMostSubjectWords &&
                          !std::regex_search(subject, Compiled(kProperty));
    if (!is_thing) return {};
    const std::string within = match.size() > 2 ? match[2].str() : "";
    return {subject, subject + within};
  }
  return {};
}

double Defines(std::string_view sentence, std::string_view subject) {
  if (subject.empty() || sentence.size() > kMostSentenceBytes) return 0;
  if (sentence.find(" | ") != sentence.npos) return 0;  // a table's or a menu's
  const std::string folded = FoldForSearch(sentence);
  std::string_view text = WithoutLead(folded);
  // "In Python, a generator is ..."
  constexpr size_t kMostClause = 40;
  if (const size_t comma = text.substr(0, kMostClause).find(", ");
      text.starts_with("in ") && comma != text.npos) {
    return std::max(DefinesFolded(text, subject),
                    DefinesFolded(WithoutLead(text.substr(comma + 2)), subject));
  }
  return DefinesFolded(text, subject);
}

bool Names(std::string_view line, std::string_view subject) {
  constexpr size_t kMostLineBytes = 120;
  if (subject.empty() || line.size() > kMostLineBytes) return false;
  const std::string folded = FoldForSearch(line);
  std::string_view name = WithoutEnd(WithoutLead(folded));
  if (const size_t aside = name.find('('); aside != name.npos && aside > 0) {
    name = WithoutEnd(name.substr(0, aside));
  }
  const std::string_view plain = WithoutKind(subject);
  return name == subject || name == plain ||
         (name.size() == subject.size() + 1 && name.starts_with(subject) && name.ends_with('s'));
}

bool BeginsBelowName(const Passage& passage, std::string_view subject) {
  if (!passage.headings.empty()) return Names(passage.headings.back(), subject);
  return passage.begin == 0 && Names(passage.title, subject);
}

void PreferDefinitions(std::string_view subject, std::vector<RankedPassage>& passages) {
  if (passages.empty()) return;
  const double best = passages.front().score;
  for (RankedPassage& ranked : passages) {
    const Passage& passage = ranked.passage;
    double defines = 0;
    for (const TextSpan& span : SplitSentences(passage.text)) {
      defines = std::max(defines, Defines(span.In(passage.text), subject));
    }
    if (BeginsBelowName(passage, subject)) defines = std::max(defines, kBelowItsName);
    if (defines > 0) {
      ranked.score += kPreference * defines * best;
      ranked.reasons.push_back({"definition", defines, 0, fmt::format("says what {} is", subject)});
    }
  }
  std::stable_sort(
      passages.begin(), passages.end(),
      [](const RankedPassage& a, const RankedPassage& b) { return a.score > b.score; });
}

}  // namespace pioneer::search::answer
