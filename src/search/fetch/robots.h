// Why: a site says which of its pages programs may read; a guest keeps to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pioneer::search {

// robots.txt after RFC 9309: the groups that name this program, else those for "*"; the longest
// pattern that matches decides, and where two are as long, the one that allows.
class RobotsRules {
 public:
  static constexpr size_t kMaxBytes = size_t{500} << 10;  // the rest is not looked at

  RobotsRules() = default;  // all is allowed
  static RobotsRules Parse(std::string_view text, std::string_view product = "pioneer");
  static RobotsRules ForbidAll();

  // `target`: path and query, "/a?b". /robots.txt itself is always allowed.
  bool Allows(std::string_view target) const;
  std::optional<double> crawl_delay_seconds() const { return crawl_delay_seconds_; }
  const std::vector<std::string>& sitemaps() const { return sitemaps_; }

 private:
  struct Rule {
    std::string pattern;
    bool allow = false;
  };
  std::vector<Rule> rules_;
  std::optional<double> crawl_delay_seconds_;
  std::vector<std::string> sitemaps_;
};

}  // namespace pioneer::search
