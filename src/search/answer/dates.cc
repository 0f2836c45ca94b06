#include "search/answer/dates.h"

#include <ctime>
#include <vector>

#include "search/answer/patterns.h"
#include "store/search_text.h"

namespace pioneer::search::answer {
namespace {

enum class Unit { kDay, kWeek, kMonth, kYear };

// Days, months and years of the machine's time zone.
class Day {
 public:
  static Day Of(int64_t unix_ms) {
    const time_t seconds = static_cast<time_t>(unix_ms / 1000);
    Day day;
    localtime_r(&seconds, &day.tm_);
    day.tm_.tm_hour = day.tm_.tm_min = day.tm_.tm_sec = 0;
    return day;
  }
  static Day On(int year, int month, int day_of_month) {
    Day day;
    day.tm_ = {};
    day.tm_.tm_year = year - 1900;
    day.tm_.tm_mon = month - 1;
    day.tm_.tm_mday = day_of_month;
    return day;
  }
  Day Plus(Unit unit, int n) const {
    Day day = *this;
    if (unit == Unit::kDay) day.tm_.tm_mday += n;
    if (unit == Unit::kWeek) day.tm_.tm_mday += 7 * n;
    if (unit == Unit::kMonth) day.tm_.tm_mon += n;
    if (unit == Unit::kYear) day.tm_.tm_year += n;
    return day;
  }
  // The first day of the week (Monday), month or year that it is in.
  Day Begin(Unit unit) const {
    Day day = *this;
    if (unit == Unit::kWeek) day.tm_.tm_mday -= (day.tm_.tm_wday + 6) % 7;
    if (unit == Unit::kMonth || unit == Unit::kYear) day.tm_.tm_mday = 1;
    if (unit == Unit::kYear) day.tm_.tm_mon = 0;
    return day;
  }
  int64_t Ms() const {
    std::tm copy = tm_;
    copy.tm_isdst = -1;
    return static_cast<int64_t>(std::mktime(&copy)) * 1000;
  }

 private:
  std::tm tm_ = {};
};

// Of the folded question. `offset` counts units back from now.
struct NamedSpan {
  const char* pattern;
  Unit unit;
  int offset;
};
constexpr NamedSpan kNamedSpans[] = {
    {"\\btoday\\b|오늘|今日|本日", Unit::kDay, 0},
    {"\\byesterday\\b|어제|昨日", Unit::kDay, -1},
    {"\\bthis week\\b|이번 ?주|금주|今週", Unit::kWeek, 0},
    {"\\blast week\\b|지난 ?주|저번 ?주|先週", Unit::kWeek, -1},
    {"\\bthis month\\b|이번 ?달|이달|今月", Unit::kMonth, 0},
    {"\\blast month\\b|지난 ?달|저번 ?달|先月", Unit::kMonth, -1},
    {"\\bthis year\\b|올해|금년|今年", Unit::kYear, 0},
    {"\\blast year\\b|작년|지난 ?해|去年|昨年", Unit::kYear, -1},
};

struct CountedSpan {
  const char* pattern;  // the number is the first group
  Unit unit;
};
constexpr CountedSpan kCountedSpans[] = {
    {"\\b(?:in |over |during )?(?:the )?(?:last|past) (\\d{1,3}) days?\\b|(?:최근|지난) "
     "?(\\d{1,3}) ?일(?:간|동안)?|(?:過去|ここ|最近)(\\d{1,3})日間?",
     Unit::kDay},
    {"\\b(?:in |over |during )?(?:the )?(?:last|past) (\\d{1,3}) weeks?\\b|(?:최근|지난) "
     "?(\\d{1,3}) ?주(?:간|일|동안)?|(?:過去|ここ|最近)(\\d{1,3})週間?",
     Unit::kWeek},
    {"\\b(?:in |over |during )?(?:the )?(?:last|past) (\\d{1,3}) months?\\b|(?:최근|지난) "
     "?(\\d{1,3}) ?(?:개월|달)(?:간|동안)?|(?:過去|ここ|最近)(\\d{1,3})(?:か月|ヶ月|カ月|ヵ月)間?",
     Unit::kMonth},
    {"\\b(?:in |over |during )?(?:the )?(?:last|past) (\\d{1,3}) years?\\b|(?:최근|지난) "
     "?(\\d{1,3}) ?년(?:간|동안)?|(?:過去|ここ|最近)(\\d{1,3})年間?",
     Unit::kYear},
};

constexpr const char* kEnglishMonths[] = {"january",   "february", "march",    "april",
                                          "may",       "june",     "july",     "august",
                                          "september", "october",  "november", "december"};

// "2024", "march 2024", "2024-05-01", "2024년 5월 1일", "2024年5月".
#define PIONEER_DATE                                                                               \
  "((?:(?:january|february|march|april|may|june|july|august|september|october|november|december) " \
  ")"                                                                                              \
  "?(?:19|20)\\d\\d(?:(?:-|년 ?|年)\\d{1,2}(?:(?:-|월 ?|月)\\d{1,2}(?:일|日)?|월|月)?|년|年)?)"

struct DateFound {
  Day begin = Day::On(1970, 1, 1);
  Unit unit = Unit::kYear;  // how long it is
};

DateFound ReadDate(const std::string& text) {
  static const std::regex kNumbers("\\d+");
  std::vector<int> numbers;
  for (std::sregex_iterator it(text.begin(), text.end(), kNumbers), end; it != end; ++it) {
    numbers.push_back(std::stoi(it->str()));
  }
  int month = numbers.size() > 1 ? numbers[1] : 1;
  Unit unit = numbers.size() > 2 ? Unit::kDay : numbers.size() > 1 ? Unit::kMonth : Unit::kYear;
  for (int i = 0; i < 12; ++i) {
    if (!text.starts_with(kEnglishMonths[i])) continue;
    month = i + 1;
    unit = Unit::kMonth;
  }
  return {Day::On(numbers[0], month, numbers.size() > 2 ? numbers[2] : 1), unit};
}

// What a pattern found, taken out of the question.
std::optional<std::vector<std::string>> Take(const char* pattern, std::string& question) {
  std::smatch match;
  if (!std::regex_search(question, match, Compiled(pattern))) return std::nullopt;
  std::vector<std::string> groups;
  for (size_t i = 1; i < match.size(); ++i) {
    if (match[i].matched) groups.push_back(FoldForSearch(match[i].str()));
  }
  question = match.prefix().str() + " " + match.suffix().str();
  return groups;
}

bool TakeRange(DatesRead& read) {
  for (const char* pattern :
       {"\\b(?:from|between) " PIONEER_DATE " (?:to|and|until) " PIONEER_DATE,
        PIONEER_DATE "부터 " PIONEER_DATE "까지", PIONEER_DATE "から" PIONEER_DATE "まで"}) {
    const auto dates = Take(pattern, read.rest);
    if (!dates || dates->size() != 2) continue;
    const DateFound from = ReadDate((*dates)[0]), until = ReadDate((*dates)[1]);
    read.from_ms = from.begin.Ms();
    read.until_ms = until.begin.Plus(until.unit, 1).Ms() - 1;
    return true;
  }
  return false;
}

bool TakeSince(DatesRead& read) {
  for (const char* pattern : {"\\bsince " PIONEER_DATE "\\b", PIONEER_DATE " ?(?:이후|부터)",
                              PIONEER_DATE "(?:以降|以後|から)"}) {
    if (const auto dates = Take(pattern, read.rest)) {
      read.from_ms = ReadDate(dates->front()).begin.Ms();
      return true;
    }
  }
  // "after 2023" leaves 2023 out.
  if (const auto dates = Take("\\bafter " PIONEER_DATE "\\b", read.rest)) {
    const DateFound date = ReadDate(dates->front());
    read.from_ms = date.begin.Plus(date.unit, 1).Ms();
    return true;
  }
  return false;
}

bool TakeUntil(DatesRead& read) {
  if (const auto dates = Take("\\bbefore " PIONEER_DATE "\\b", read.rest)) {
    read.until_ms = ReadDate(dates->front()).begin.Ms() - 1;
    return true;
  }
  for (const char* pattern : {"\\b(?:until|till|up to) " PIONEER_DATE "\\b",
                              PIONEER_DATE " ?(?:이전|까지)", PIONEER_DATE "(?:以前|まで)"}) {
    if (const auto dates = Take(pattern, read.rest)) {
      const DateFound date = ReadDate(dates->front());
      read.until_ms = date.begin.Plus(date.unit, 1).Ms() - 1;
      return true;
    }
  }
  return false;
}

void TakeRelative(DatesRead& read, const Day& today) {
  for (const CountedSpan& span : kCountedSpans) {
    if (const auto count = Take(span.pattern, read.rest)) {
      read.from_ms = today.Plus(span.unit, -std::stoi(count->front())).Ms();
      return;
    }
  }
  for (const NamedSpan& span : kNamedSpans) {
    if (!Take(span.pattern, read.rest)) continue;
    const Day begin = today.Begin(span.unit).Plus(span.unit, span.offset);
    read.from_ms = begin.Ms();
    read.until_ms = begin.Plus(span.unit, 1).Ms() - 1;
    return;
  }
}

bool AsksForNews(const std::string& question) {
  static const std::regex kRecent(
      "\\b(?:latest|newest|recent|recently|news|these "
      "days|nowadays)\\b|최신|최근|요즘|뉴스|소식|最新|最近|ニュース|近頃",
      std::regex::icase);
  return std::regex_search(question, kRecent);
}

}  // namespace

DatesRead ReadDates(std::string_view question, int64_t now_ms) {
  DatesRead read;
  read.rest = std::string(question);
  read.recent = AsksForNews(read.rest);
  if (TakeRange(read) || TakeSince(read) || TakeUntil(read)) return read;
  TakeRelative(read, Day::Of(now_ms));
  if (read.from_ms) read.recent = true;
  return read;
}

}  // namespace pioneer::search::answer
