#include "search/fetch/robots.h"

#include <algorithm>
#include <charconv>

namespace pioneer::search {
namespace {

constexpr size_t kMaxRules = 10'000;
constexpr size_t kMaxPatternBytes = 2048;
constexpr size_t kMaxSitemaps = 200;

std::string LowerRobots(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c | 32 : c);
  return lower;
}

std::string_view TrimRobots(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\xEF\xBB\xBF");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

int RobotsHex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 32);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Escapes of plain characters are undone and all others written alike, so that "%7E" is "~" and
// "%2f" is "%2F".
std::string AlikeEscapes(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    bool escaped = byte >= 0x80;
    if (text[i] == '%' && i + 2 < text.size() && RobotsHex(text[i + 1]) >= 0 &&
        RobotsHex(text[i + 2]) >= 0) {
      byte = static_cast<unsigned char>(RobotsHex(text[i + 1]) * 16 + RobotsHex(text[i + 2]));
      const bool plain = (byte >= '0' && byte <= '9') ||
                         ((byte | 32) >= 'a' && (byte | 32) <= 'z') || byte == '-' || byte == '.' ||
                         byte == '_' || byte == '~';
      escaped = !plain;
      i += 2;
    }
    if (escaped) {
      out.append({'%', kDigits[byte >> 4], kDigits[byte & 15]});
    } else {
      out += static_cast<char>(byte);
    }
  }
  return out;
}

// "*" is anything, a "$" at the end the end. Greedy with one point of return, so time is at most
// the product of both lengths.
bool MatchesRobots(std::string_view pattern, std::string_view target) {
  const bool to_end = pattern.ends_with('$');
  std::string whole(pattern.substr(0, pattern.size() - to_end));
  if (!to_end) whole += '*';
  size_t p = 0, t = 0, star = std::string::npos, star_t = 0;
  while (t < target.size()) {
    if (p < whole.size() && whole[p] == '*') {
      star = p++;
      star_t = t;
    } else if (p < whole.size() && whole[p] == target[t]) {
      ++p;
      ++t;
    } else if (star != std::string::npos) {
      p = star + 1;
      t = ++star_t;
    } else {
      return false;
    }
  }
  while (p < whole.size() && whole[p] == '*') ++p;
  return p == whole.size();
}

// A group is for this program if one of its user-agent lines begins with its name.
bool NamesProduct(std::string_view agent, std::string_view product) {
  const std::string lower = LowerRobots(agent);
  const size_t end = lower.find_first_not_of("abcdefghijklmnopqrstuvwxyz-_");
  return std::string_view(lower).substr(0, end) == product;
}

}  // namespace

RobotsRules RobotsRules::ForbidAll() {
  RobotsRules rules;
  rules.rules_.push_back({"/", false});
  return rules;
}

RobotsRules RobotsRules::Parse(std::string_view text, std::string_view product) {
  text = text.substr(0, kMaxBytes);
  RobotsRules own, any;
  bool for_own = false, for_any = false, own_named = false, in_agents = false;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of("\r\n"), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = TrimRobots(line.substr(0, line.find('#')));
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string key = LowerRobots(TrimRobots(line.substr(0, colon)));
    const std::string_view value = TrimRobots(line.substr(colon + 1));
    if (key == "sitemap") {
      if (own.sitemaps_.size() < kMaxSitemaps) own.sitemaps_.emplace_back(value);
      continue;
    }
    if (key == "user-agent") {
      if (!in_agents) for_own = for_any = false;
      in_agents = true;
      for_own = for_own || NamesProduct(value, product);
      for_any = for_any || value == "*";
      own_named = own_named || for_own;
      continue;
    }
    in_agents = false;
    for (RobotsRules* rules : {for_own ? &own : nullptr, for_any ? &any : nullptr}) {
      if (rules == nullptr) continue;
      if ((key == "allow" || key == "disallow") && !value.empty() &&
          value.size() <= kMaxPatternBytes && rules->rules_.size() < kMaxRules) {
        rules->rules_.push_back({AlikeEscapes(value), key == "allow"});
      } else if (key == "crawl-delay") {
        double seconds = 0;
        const auto result = std::from_chars(value.data(), value.data() + value.size(), seconds);
        if (result.ec == std::errc() && seconds >= 0) rules->crawl_delay_seconds_ = seconds;
      }
    }
  }
  if (own_named) return own;
  any.sitemaps_ = std::move(own.sitemaps_);
  return any;
}

bool RobotsRules::Allows(std::string_view target) const {
  if (target == "/robots.txt") return true;
  const std::string alike = AlikeEscapes(target);
  size_t longest = 0;
  bool allowed = true;
  for (const Rule& rule : rules_) {
    const size_t length = rule.pattern.size();
    if (length < longest || !MatchesRobots(rule.pattern, alike)) continue;
    allowed = length == longest ? allowed || rule.allow : rule.allow;
    longest = length;
  }
  return allowed;
}

}  // namespace pioneer::search
