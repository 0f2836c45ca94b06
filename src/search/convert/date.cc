#include "search/convert/date.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>

namespace pioneer::search {
namespace {

// Reads along a text; each step says whether it found what it looked for.
class DateReader {
 public:
  explicit DateReader(std::string_view text) : rest_(text) {}

  std::optional<int> Number(size_t min_digits, size_t max_digits) {
    size_t n = 0;
    int value = 0;
    while (n < rest_.size() && n < max_digits && rest_[n] >= '0' && rest_[n] <= '9') {
      value = value * 10 + (rest_[n++] - '0');
    }
    if (n < min_digits) return std::nullopt;
    rest_.remove_prefix(n);
    digits_ = n;
    return value;
  }
  bool Sign(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    last_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view Word() {
    size_t n = 0;
    while (n < rest_.size() && ((rest_[n] | 32) >= 'a' && (rest_[n] | 32) <= 'z')) ++n;
    const std::string_view word = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return word;
  }
  void Skip(std::string_view any_of) {
    while (Sign(any_of)) {
    }
  }
  char last() const { return last_; }
  size_t digits() const { return digits_; }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  char last_ = 0;
  size_t digits_ = 0;
};

struct CalendarTime {
  int year = 0, month = 1, day = 1;
  int hour = 0, minute = 0, second = 0;
  int zone_minutes = 0;
};

std::optional<int64_t> ToMs(const CalendarTime& t) {
  namespace chrono = std::chrono;
  const chrono::year_month_day date{chrono::year{t.year},
                                    chrono::month{static_cast<unsigned>(t.month)},
                                    chrono::day{static_cast<unsigned>(t.day)}};
  if (!date.ok() || t.year < 1000 || t.hour > 24 || t.minute > 59 || t.second > 60) {
    return std::nullopt;
  }
  const int64_t days = chrono::sys_days(date).time_since_epoch().count();
  return ((days * 24 + t.hour) * 60 + t.minute - t.zone_minutes) * 60'000 + t.second * 1000;
}

// "03:04", "03:04:05.6"; false when it is there and wrong.
bool ReadTime(DateReader& reader, CalendarTime& t) {
  const auto hour = reader.Number(1, 2);
  if (!hour) return true;
  if (!reader.Sign(":")) return false;
  const auto minute = reader.Number(2, 2);
  if (!minute) return false;
  t.hour = *hour;
  t.minute = *minute;
  if (reader.Sign(":")) t.second = reader.Number(2, 2).value_or(99);
  if (reader.Sign(".,")) reader.Number(1, 9);
  return true;
}

// "Z", "+09:00", "+0900", "GMT", "EST"; unknown words are UTC.
bool ReadZone(DateReader& reader, CalendarTime& t) {
  reader.Skip(" ");
  if (reader.Sign("+-")) {
    const int sign = reader.last() == '-' ? -1 : 1;
    const auto hours = reader.Number(2, 2);
    if (!hours) return false;
    reader.Sign(":");
    t.zone_minutes = sign * (*hours * 60 + reader.Number(2, 2).value_or(0));
    return true;
  }
  static constexpr std::pair<std::string_view, int> kZones[] = {
      {"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5}, {"MST", -7},
      {"MDT", -6}, {"PST", -8}, {"PDT", -7}, {"KST", 9},  {"JST", 9}};
  const std::string_view word = reader.Word();
  for (const auto& [name, hours] : kZones) {
    if (name == word) t.zone_minutes = hours * 60;
  }
  return true;
}

std::optional<int64_t> ParseIso(std::string_view text) {
  DateReader reader(text);
  CalendarTime t;
  const auto year = reader.Number(4, 4);
  if (!year) return std::nullopt;
  t.year = *year;
  if (reader.done()) return ToMs(t);
  if (!reader.Sign("-/.")) return std::nullopt;
  const auto month = reader.Number(1, 2);
  if (!month) return std::nullopt;
  t.month = *month;
  if (reader.Sign("-/.")) {
    const auto day = reader.Number(1, 2);
    if (!day) return std::nullopt;
    t.day = *day;
  }
  if (reader.Sign("Tt ") && (!ReadTime(reader, t) || !ReadZone(reader, t))) return std::nullopt;
  return ToMs(t);
}

int MonthOf(std::string_view word) {
  static constexpr std::string_view kMonths[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                                 "jul", "aug", "sep", "oct", "nov", "dec"};
  std::string lower;
  for (const char c : word.substr(0, 3)) lower += static_cast<char>(c | 32);
  const auto found = std::find(std::begin(kMonths), std::end(kMonths), lower);
  return found == std::end(kMonths) ? 0 : static_cast<int>(found - std::begin(kMonths)) + 1;
}

std::optional<int64_t> ParseMailDate(std::string_view text) {
  DateReader reader(text);
  CalendarTime t;
  reader.Word();  // the day of the week
  reader.Skip(", ");
  const auto day = reader.Number(1, 2);
  reader.Skip(" -");
  t.month = MonthOf(reader.Word());
  reader.Skip(" -");
  const auto year = reader.Number(2, 4);
  if (!day || !year || t.month == 0) return std::nullopt;
  t.day = *day;
  t.year = *year >= 100 ? *year : *year + (*year < 50 ? 2000 : 1900);
  reader.Skip(" ");
  if (!ReadTime(reader, t) || !ReadZone(reader, t)) return std::nullopt;
  return ToMs(t);
}

}  // namespace

std::optional<int64_t> ParseDate(std::string_view text) {
  while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.remove_suffix(1);
  if (const auto iso = ParseIso(text)) return iso;
  return ParseMailDate(text);
}

}  // namespace pioneer::search
