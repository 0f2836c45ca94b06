#include "search/index/korean.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <set>
#include <unordered_map>

namespace pioneer::search {
namespace {

constexpr char32_t kFirstSyllable = 0xAC00, kLastSyllable = 0xD7A3;
constexpr int kCodas = 28;
constexpr int kCodaN = 4, kCodaL = 8, kCodaB = 17;  // ㄴ, ㄹ, ㅂ as final consonants

bool IsSyllable(char32_t c) { return c >= kFirstSyllable && c <= kLastSyllable; }
int CodaOf(char32_t c) { return IsSyllable(c) ? static_cast<int>(c - kFirstSyllable) % kCodas : 0; }

// What must stand before an ending.
enum class Before : uint8_t {
  kAny,
  kConsonant,
  kVowel,
  kVowelOrL,
  kCodaN,  // the ending begins with that final consonant of the syllable before it
  kCodaL,
  kCodaB,
};

struct KoreanEnding {
  Before before = Before::kAny;
  size_t least_left = 2;  // syllables
};

using EndingTable = std::unordered_map<std::u32string, KoreanEnding>;
using Endings = std::initializer_list<const char32_t*>;

void Put(EndingTable& table, Before before, size_t least_left, Endings endings) {
  for (const char32_t* ending : endings) table.emplace(ending, KoreanEnding{before, least_left});
}

void PutParticles(EndingTable& table) {
  // These end hardly any noun of two syllables.
  Put(table, Before::kAny, 1,
      {U"에",     U"에서", U"에게", U"에게서", U"에는",   U"에도", U"에서는", U"에서도",
       U"에서의", U"한테", U"까지", U"부터",   U"마다",   U"조차", U"마저",   U"밖에",
       U"보다",   U"처럼", U"께서", U"까지의", U"부터의", U"에만", U"에의"});
  Put(table, Before::kConsonant, 1,
      {U"을", U"은", U"으로", U"으로서", U"으로써", U"으로는", U"으로도", U"으로의", U"으로부터"});
  Put(table, Before::kVowel, 1, {U"를", U"는"});
  Put(table, Before::kVowelOrL, 1, {U"로서", U"로써", U"로부터", U"로는", U"로도"});
  Put(table, Before::kAny, 2,
      {U"의", U"도", U"만", U"들", U"뿐", U"대로", U"만이", U"만을", U"만의"});
  Put(table, Before::kConsonant, 2,
      {U"이", U"과", U"이나", U"이란", U"이라는", U"이라고", U"이라도", U"이든", U"이든지", U"과의",
       U"과는", U"이며", U"이고", U"이다", U"이라면", U"이었다", U"이에요", U"이지만", U"이므로"});
  Put(table, Before::kVowel, 2,
      {U"가", U"와", U"나", U"란", U"라는", U"라고", U"라도", U"든지", U"와의", U"와는", U"라면",
       U"였다", U"예요"});
  Put(table, Before::kVowelOrL, 2, {U"로", U"로의"});
  Put(table, Before::kAny, 2,
      {U"입니다", U"입니까", U"인가", U"인가요", U"인지", U"인데", U"일까", U"일까요", U"인",
       U"이란", U"라는", U"이라는", U"라고", U"이라고"});
}

void PutVerbEndings(EndingTable& table) {
  Put(table, Before::kAny, 1,
      {U"습니다",   U"습니까", U"었다",    U"았다", U"였다",   U"었습니다", U"았습니다",
       U"였습니다", U"었던",   U"았던",    U"였던", U"었으며", U"았으며",   U"였으며",
       U"었고",     U"았고",   U"였고",    U"려면", U"려고",   U"으려면",   U"으려고",
       U"으면",     U"면서",   U"으면서",  U"지만", U"거나",   U"도록",     U"십시오",
       U"으세요",   U"세요",   U"나요",    U"는지", U"는가",   U"은가",     U"을까",
       U"을까요",   U"는데",   U"는다",    U"었을", U"았을",   U"으므로",   U"더라도",
       U"었나요",   U"았나요", U"으십시오"});
  Put(table, Before::kAny, 2, {U"고", U"며", U"면", U"던", U"지", U"게", U"서"});
  Put(table, Before::kCodaB, 1, {U"니다", U"니까", U"시다"});
  Put(table, Before::kCodaN, 1, {U"다", U"다고", U"다는", U"다면", U"가요"});
  Put(table, Before::kCodaL, 1, {U"까", U"까요", U"수록", U"지라도"});
}

// All forms of 하다 and 되다 behind a noun. `plain` is the bare stem, `n`, `l`, `m`, `b` the stem
// with that final consonant, `past` the stem of the past, `joined` its form before 서, 야, 도.
struct LightVerb {
  const char32_t *plain, *n, *l, *m, *b, *past, *joined;
};

void PutLightVerb(EndingTable& table, const LightVerb& verb) {
  const auto put = [&](const char32_t* stem, Endings endings) {
    for (const char32_t* ending : endings) {
      table.emplace(std::u32string(stem) + ending, KoreanEnding{Before::kAny, 2});
    }
  };
  put(verb.plain,
      {U"다",   U"는",   U"던",   U"고",       U"며",       U"면",   U"면서",   U"려면",
       U"려고", U"려는", U"기",   U"게",       U"지",       U"지만", U"도록",   U"자",
       U"나요", U"는지", U"는가", U"는데",     U"니",       U"니까", U"거나",   U"더라도",
       U"므로", U"느냐", U"세요", U"십시오",   U"시오",     U"였다", U"였고",   U"였으며",
       U"였던", U"여",   U"여야", U"여서",     U"었다",     U"었고", U"었으며", U"었던",
       U"어",   U"어야", U"어서", U"였습니다", U"었습니다", U"지는", U"지도",   U"기도"});
  put(verb.n, {U"", U"다", U"다고", U"다면", U"다는", U"지", U"데", U"가"});
  put(verb.l, {U"", U"지", U"까", U"까요", U"수록"});
  put(verb.m, {U"", U"에", U"으로써"});
  put(verb.b, {U"니다", U"니까", U"시다"});
  put(verb.joined, {U"", U"서", U"야", U"도", U"라", U"요", U"주", U"야만"});
  put(verb.past, {U"다", U"고", U"으며", U"으나", U"지만", U"던", U"는데", U"습니다", U"습니까",
                  U"을", U"나요", U"는지", U"다고", U"다는"});
}

EndingTable MakeEndings() {
  EndingTable table;
  PutParticles(table);
  PutVerbEndings(table);
  PutLightVerb(table, {U"하", U"한", U"할", U"함", U"합", U"했", U"해"});
  PutLightVerb(table, {U"되", U"된", U"될", U"됨", U"됩", U"됐", U"돼"});
  PutLightVerb(table, {U"시키", U"시킨", U"시킬", U"시킴", U"시킵", U"시켰", U"시켜"});
  PutLightVerb(table, {U"당하", U"당한", U"당할", U"당함", U"당합", U"당했", U"당해"});
  return table;
}

const EndingTable& AllEndings() {
  static const EndingTable kTable = MakeEndings();
  return kTable;
}

constexpr size_t kLongestEnding = 6;
constexpr int kMostEndings = 5;

// The word without the final consonant of its last syllable.
std::u32string WithoutCoda(std::u32string word) {
  word.back() -= static_cast<char32_t>(CodaOf(word.back()));
  return word;
}

bool Fits(const KoreanEnding& ending, std::u32string_view left) {
  if (left.size() < ending.least_left || !IsSyllable(left.back())) return false;
  const int coda = CodaOf(left.back());
  switch (ending.before) {
    case Before::kAny:
      return true;
    case Before::kConsonant:
      return coda != 0;
    case Before::kVowel:
      return coda == 0;
    case Before::kVowelOrL:
      return coda == 0 || coda == kCodaL;
    case Before::kCodaN:
      return coda == kCodaN;
    case Before::kCodaL:
      return coda == kCodaL;
    case Before::kCodaB:
      return coda == kCodaB;
  }
  return false;
}

// Nouns that look like one syllable and a particle.
bool IsWholeNoun(std::u32string_view word) {
  static const std::set<std::u32string_view> kNouns = {U"마을", U"가을", U"노을",  U"고을",
                                                       U"은은", U"때로", U"스스로"};
  return kNouns.contains(word);
}

std::optional<std::u32string> StripOnce(std::u32string_view word) {
  if (IsWholeNoun(word)) return std::nullopt;
  for (size_t length = std::min(kLongestEnding, word.size() - 1); length > 0; --length) {
    const std::u32string_view left = word.substr(0, word.size() - length);
    const auto found = AllEndings().find(std::u32string(word.substr(left.size())));
    if (found == AllEndings().end() || !Fits(found->second, left)) continue;
    const bool takes_coda = found->second.before >= Before::kCodaN;
    return takes_coda ? WithoutCoda(std::u32string(left)) : std::u32string(left);
  }
  return std::nullopt;
}

}  // namespace

std::u32string StripKoreanEndings(std::u32string_view word) {
  std::u32string stem(word);
  for (int i = 0; i < kMostEndings && stem.size() > 1; ++i) {
    std::optional<std::u32string> shorter = StripOnce(stem);
    if (!shorter) break;
    stem = std::move(*shorter);
  }
  return stem;
}

bool IsKoreanParticle(std::u32string_view word) {
  return word.size() <= kLongestEnding && AllEndings().contains(std::u32string(word));
}

bool MayEndInParticle(std::u32string_view word) {
  if (word.size() != 2) return false;
  const int coda = CodaOf(word[0]);
  switch (word[1]) {
    case U'이':
    case U'과':
      return coda != 0;
    case U'가':
    case U'와':
      return coda == 0;
    case U'로':
      return coda == 0 || coda == kCodaL;
    case U'의':
    case U'도':
    case U'만':
      return true;
    default:
      return false;
  }
}

bool IsKoreanFunctionWord(std::u32string_view stem) {
  static const std::set<std::u32string_view> kWords = {
      U"무엇", U"어떻", U"어떻게", U"어떤", U"어디", U"언제", U"누구",   U"누가",   U"왜",
      U"몇",   U"무슨", U"어느",   U"얼마", U"이것", U"그것", U"저것",   U"이",     U"그",
      U"저",   U"것",   U"수",     U"등",   U"및",   U"또는", U"그리고", U"하지만", U"또한",
      U"있",   U"없",   U"하",     U"되",   U"있는", U"있다", U"있습",   U"대한",   U"대해",
      U"위한", U"위해", U"통해",   U"따라", U"같은", U"경우", U"때",     U"때문",   U"중",
      U"더",   U"이런", U"그런",   U"뭐",   U"무언", U"알려", U"알려줘", U"주세요", U"대하",
      U"관한", U"관해", U"있나",   U"있을", U"입니", U"한다", U"하는"};
  return kWords.contains(stem);
}

}  // namespace pioneer::search
