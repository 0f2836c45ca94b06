#include "search/fetch/path_glob.h"

#include <algorithm>

namespace pioneer::search {
namespace {

// One step of a pattern: a character, any, a set; and how often.
struct GlobStep {
  enum class Kind { kChar, kAny, kSet, kStar, kDeepStar } kind = Kind::kChar;
  char character = 0;
  std::string_view set;
};

GlobStep TakeSet(std::string_view& pattern) {
  const size_t end = pattern.find(']', 2);
  if (end == std::string_view::npos) {
    pattern.remove_prefix(1);
    return {GlobStep::Kind::kChar, '[', {}};
  }
  const GlobStep step = {GlobStep::Kind::kSet, 0, pattern.substr(1, end - 1)};
  pattern.remove_prefix(end + 1);
  return step;
}

std::vector<GlobStep> ParseGlob(std::string_view pattern) {
  std::vector<GlobStep> steps;
  while (!pattern.empty()) {
    if (pattern.starts_with("**/")) {
      steps.push_back({GlobStep::Kind::kDeepStar, '/', {}});  // nothing, or folders
      pattern.remove_prefix(3);
    } else if (pattern.starts_with("**")) {
      steps.push_back({GlobStep::Kind::kDeepStar, 0, {}});
      pattern.remove_prefix(2);
    } else if (pattern[0] == '[') {
      steps.push_back(TakeSet(pattern));
    } else {
      const auto kind = pattern[0] == '*'   ? GlobStep::Kind::kStar
                        : pattern[0] == '?' ? GlobStep::Kind::kAny
                                            : GlobStep::Kind::kChar;
      steps.push_back({kind, pattern[0], {}});
      pattern.remove_prefix(1);
    }
  }
  return steps;
}

bool InSet(std::string_view set, char c) {
  const bool negated = set.starts_with('!') || set.starts_with('^');
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (size_t i = 0; i < set.size(); ++i) {
    if (i + 2 < set.size() && set[i + 1] == '-') {
      found = found || (set[i] <= c && c <= set[i + 2]);
      i += 2;
    } else {
      found = found || set[i] == c;
    }
  }
  return found != negated && c != '/';
}

bool Takes(const GlobStep& step, char c) {
  switch (step.kind) {
    case GlobStep::Kind::kChar:
      return step.character == c;
    case GlobStep::Kind::kSet:
      return InSet(step.set, c);
    case GlobStep::Kind::kAny:
    case GlobStep::Kind::kStar:
      return c != '/';
    case GlobStep::Kind::kDeepStar:
      return true;
  }
  return false;
}

bool IsStar(const GlobStep& step) {
  return step.kind == GlobStep::Kind::kStar || step.kind == GlobStep::Kind::kDeepStar;
}

// Which steps can come next, after each character: an automaton, so that no pattern is slow.
bool MatchSteps(const std::vector<GlobStep>& steps, std::string_view path) {
  std::vector<char> now(steps.size() + 1, 0), next(steps.size() + 1, 0);
  const auto pass_stars = [&](std::vector<char>& states, bool at_part) {
    for (size_t i = 0; i < steps.size(); ++i) {
      // "**/" ends only where a part of the path begins.
      const bool whole_parts = steps[i].kind == GlobStep::Kind::kDeepStar && steps[i].character;
      if (states[i] && IsStar(steps[i]) && (!whole_parts || at_part)) states[i + 1] = 1;
    }
  };
  now[0] = 1;
  pass_stars(now, true);
  for (const char c : path) {
    std::fill(next.begin(), next.end(), 0);
    for (size_t i = 0; i < steps.size(); ++i) {
      if (now[i] && Takes(steps[i], c)) next[IsStar(steps[i]) ? i : i + 1] = 1;
    }
    pass_stars(next, c == '/');
    now.swap(next);
  }
  return now.back() != 0;
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view path) {
  while (pattern.starts_with('/')) pattern.remove_prefix(1);
  std::string whole(pattern);
  if (whole.ends_with('/')) {
    whole += "**";
  } else if (whole.find('/') == std::string::npos) {
    path.remove_prefix(path.rfind('/') + 1);
  }
  return MatchSteps(ParseGlob(whole), path);
}

bool IsWanted(std::string_view path, const std::vector<std::string>& include,
              const std::vector<std::string>& exclude) {
  const auto matches = [&](const std::string& pattern) { return MatchesGlob(pattern, path); };
  return (include.empty() || std::any_of(include.begin(), include.end(), matches)) &&
         std::none_of(exclude.begin(), exclude.end(), matches);
}

}  // namespace pioneer::search
