#include "text/grammar/json_formats.h"

#include <array>
#include <string>

namespace pioneer::grammar {
namespace {

using std::string;

string Group(const string& pattern) { return "(?:" + pattern + ")"; }
string Maybe(const string& pattern) { return Group(pattern) + "?"; }

// --- dates: RFC 3339, section 5.6, with the lengths of months and leap years. Year 0 is left out.
const char* const kLeapYear =
    "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)";

string Date() {
  const string year = "(?:[0-9]{3}[1-9]|[0-9]{2}[1-9]0|[0-9][1-9]00|[1-9]000)";
  const string month_day =
      "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|"
      "02-(?:0[1-9]|1[0-9]|2[0-8]))";
  return Group(year + "-" + month_day + "|" + kLeapYear + "-02-29");
}

string Time() {
  const string offset = "(?:[zZ]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])";
  const string part = "(?:\\.[0-9]+)?";
  return "(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]" + part + offset + "|23:59:60" + part +
         "[zZ])";
}

// RFC 3339, appendix A.
string Duration() {
  const string time = "T(?:[0-9]+H(?:[0-9]+M(?:[0-9]+S)?)?|[0-9]+M(?:[0-9]+S)?|[0-9]+S)";
  const string date = "(?:[0-9]+Y(?:[0-9]+M(?:[0-9]+D)?)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)";
  return "P(?:" + date + Maybe(time) + "|" + time + "|[0-9]+W)";
}

// --- hosts: RFC 1123. Labels with "--" at their third place (encoded IDNA) are left out, because
// no expression can check them. At most 253 characters: four labels of any length or ten short
// ones.
const char* const kIpv4 =
    "(?:(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])\\.){3}"
    "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

string Label(int most) {
  const auto tail = [&](int taken) {
    return "(?:[a-zA-Z0-9-]{0," + std::to_string(most - taken - 1) + "}[a-zA-Z0-9])?";
  };
  return "[a-zA-Z0-9](?:[a-zA-Z0-9]|[a-zA-Z0-9-](?:[a-zA-Z0-9]" + tail(3) + "|-[a-zA-Z0-9]" +
         tail(4) + "))?";
}

// Letters that IDNA 2008 allows without conditions; short enough for any encoding of the label.
const char* const kInternational =
    "|[a-z0-9\\u3041-\\u3096\\u30A1-\\u30FA\\u4E00-\\u9FFF\\uAC00-\\uD7A3]{1,4}";

string Hostname(const string& international) {
  const auto labels = [&](int size, int more) {
    const string label = Group(Label(size) + international);
    return label + "(?:\\." + label + "){0," + std::to_string(more) + "}";
  };
  return Group(labels(61, 3) + "|" + labels(24, 9));
}

// RFC 3986, section 3.2.2: up to seven groups before "::", as many as are left behind it.
string Ipv6() {
  const string h16 = "[0-9a-fA-F]{1,4}";
  const string ls32 = "(?:" + h16 + ":" + h16 + "|" + kIpv4 + ")";
  const string groups = Group(h16 + ":");
  string all = groups + "{6}" + ls32 + "|::" + groups + "{5}" + ls32;
  for (int before = 1; before <= 5; ++before) {  // at most so many in front of "::"
    const string front = Maybe(groups + "{0," + std::to_string(before - 1) + "}" + h16);
    all += "|" + front + "::" + groups + "{" + std::to_string(5 - before) + "}" + ls32;
  }
  all += "|" + Maybe(Group(h16 + ":") + "{0,5}" + h16) + "::" + h16;
  all += "|" + Maybe(Group(h16 + ":") + "{0,6}" + h16) + "::";
  return Group(all);
}

string Email(const string& letters, const string& host) {
  const string atom = "[a-zA-Z0-9!#$%&'*+/=?^_`{|}~" + letters + "-]+";
  return atom + "(?:\\." + atom + ")*@(?:" + host + "|\\[" + kIpv4 + "\\])";
}

// --- URIs: RFC 3986, appendix A; with `letters` and `private_use`: RFC 3987.
struct UriSyntax {
  string letters, private_use;

  string Class(const string& more) const {
    return "(?:[a-zA-Z0-9._~!$&'()*+,;=" + more + letters + "-]|%[0-9a-fA-F]{2})";
  }
  string Authority() const {
    const string literal =
        "\\[(?:" + Ipv6() + "|[vV][0-9a-fA-F]+\\.[a-zA-Z0-9._~!$&'()*+,;=:-]+)\\]";
    return Maybe(Class(":") + "*@") + Group(literal + "|" + Class("") + "*") + "(?::[0-9]*)?";
  }
  string Tail() const {
    const string query =
        "(?:[a-zA-Z0-9._~!$&'()*+,;=:@/?" + letters + private_use + "-]|%[0-9a-fA-F]{2})*";
    return Maybe("\\?" + query) + Maybe("#" + Class(":@/?") + "*");
  }
  string Path(bool first_may_have_colon) const {
    const string segment = Class(":@");
    const string segments = "(?:/" + segment + "*)*";
    const string first = first_may_have_colon ? segment : Class("@");
    return "(?://" + Authority() + segments + "|/" + Maybe(segment + "+" + segments) + "|" + first +
           "+" + segments + "|)";
  }
  string Absolute() const { return "[a-zA-Z][a-zA-Z0-9+.-]*:" + Path(true) + Tail(); }
  string Reference() const { return Group(Absolute() + "|" + Path(false) + Tail()); }
};

const UriSyntax kUri{};
const UriSyntax& Iri() {
  // Letters of the basic plane; the higher planes are as RFC 3987 has them.
  static const UriSyntax iri{
      "\\u00A0-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFEF\\u{10000}-\\u{1FFFD}\\u{20000}-\\u{2FFFD}"
      "\\u{30000}-\\u{3FFFD}",
      "\\uE000-\\uF8FF"};
  return iri;
}

// RFC 6570, section 2.
string UriTemplate() {
  const string name_char = "(?:[a-zA-Z0-9_]|%[0-9a-fA-F]{2})";
  const string variable = name_char + "(?:\\.?" + name_char + ")*(?::[1-9][0-9]{0,3}|\\*)?";
  return "(?:[!#$&()*+,./0-9:;=?@A-Z\\[\\]_a-z~\\u00A0-\\uD7FF-]|%[0-9a-fA-F]{2}|"
         "\\{[+#./;?&]?" +
         variable + "(?:," + variable + ")*\\})*";
}

// A part of ECMA-262's patterns that is surely valid: no more than two groups inside one another,
// ranges only within the digits and letters.
string RegularExpression() {
  const string plain = "[^\\u0000-\\u001F\\\\^$.|?*+()\\[\\]{}/]";
  const string member =
      "(?:0-9|a-z|A-Z|[^\\u0000-\\u001F\\\\\\[\\]^-]|\\\\[dDwWsSnrt.\\[\\]\\\\/^-])";
  const string count = "\\{(?:[0-9]{1,3},?|[0-9],[1-9][0-9]{1,2}|[01],[1-9])\\}";
  const string quantifier = Maybe("(?:[*+?]|" + count + ")" + Maybe("\\?"));
  const string atom = "(?:" + plain + "|\\.|" + "\\\\[dDwWsSnrtfv.*+?^$(){}\\[\\]|/\\\\]" +
                      "|\\[\\^?" + member + "+\\])";
  string all = "(?:" + atom + quantifier + "|[|^$])*";
  for (int depth = 0; depth < 2; ++depth) {
    all = "(?:" + atom + quantifier + "|\\((?:\\?:)?" + all + "\\)" + quantifier + "|[|^$])*";
  }
  return all;
}

using Maker = string (*)();

constexpr std::array<std::pair<std::string_view, Maker>, 19> kFormats = {{
    {"date-time", [] { return Date() + "[tT]" + Time(); }},
    {"date", Date},
    {"time", Time},
    {"duration", Duration},
    {"email", [] { return Email("", Hostname("")); }},
    {"idn-email", [] { return Email("\\u00A1-\\uD7FF", Hostname(kInternational)); }},
    {"hostname", [] { return Hostname(""); }},
    {"idn-hostname", [] { return Hostname(kInternational); }},
    {"ipv4", [] { return string(kIpv4); }},
    {"ipv6", Ipv6},
    {"uri", [] { return kUri.Absolute(); }},
    {"uri-reference", [] { return kUri.Reference(); }},
    {"iri", [] { return Iri().Absolute(); }},
    {"iri-reference", [] { return Iri().Reference(); }},
    {"uri-template", UriTemplate},
    {"uuid", [] { return string("[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"); }},
    {"json-pointer", [] { return string("(?:/(?:[^/~]|~[01])*)*"); }},
    {"relative-json-pointer",
     [] { return string("(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^/~]|~[01])*)*)"); }},
    {"regex", RegularExpression},
}};

}  // namespace

std::optional<Regex> FormatRegex(JsonText& text, std::string_view format) {
  for (const auto& [name, make] : kFormats) {
    if (name != format) continue;
    return text.WholePattern(make());
  }
  return std::nullopt;
}

std::vector<std::string_view> KnownFormats() {
  std::vector<std::string_view> names;
  for (const auto& [name, make] : kFormats) names.push_back(name);
  return names;
}

}  // namespace pioneer::grammar
