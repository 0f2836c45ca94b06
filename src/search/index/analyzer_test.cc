#include "search/index/analyzer.h"

#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/utf8.h"
#include "search/index/japanese.h"
#include "search/index/korean.h"
#include "search/rank/query_terms.h"

namespace pioneer::search {
namespace {

std::vector<std::string> TermsOf(std::string_view text) {
  std::vector<std::string> terms;
  for (const Term& term : Analyze(text)) {
    if (term.kind != TermKind::kFunction) terms.push_back(term.text);
  }
  return terms;
}

bool FindsIn(const std::string& query, const std::string& text) {
  const std::vector<std::string> terms = TermsOf(text);
  for (const QueryTerm& term : FindQueryTerms(query)) {
    if (std::find(terms.begin(), terms.end(), term.text) != terms.end()) return true;
  }
  return false;
}

struct TermsCase {
  const char *text, *terms;  // terms with spaces between
};

TEST(Analyzer, GivesTheseTerms) {
  const TermsCase kCases[] = {
      {"The Flows of AIR", "flow air"},
      {"boundary-layer", "boundarylay boundari layer"},
      {"aircraft's", "aircraft"},
      {"don't", ""},
      {"l'avion", "avion"},
      {"Café naïve", "cafe naiv"},
      {"ﬁle ＡＢＣ１２", "file abc12 abc 12"},
      {"1,000 and 1000 and 3.14", "1000 1000 3.14"},
      {"1, 2,34", "1 2 34"},
      {"snake_case camelCase HTTPServer",
       "snakecas snake case camelcas camel case httpserver http server"},
      {"utf8", "utf8 utf 8"},
      {"SQL문", "sql 문"},
      {"PDF로 저장합니다", "pdf 저장"},
      {"데이터베이스를", "데이터베이스 데이 이터 터베 베이 이스"},
      {"학교에서는", "학교"},
      {"법을 물로", "법 물로 물"},
      {"설치하려면", "설치"},
      {"만듭니다 만드는", "만드 만드"},
      {"東京都", "東 東京 京 京都 都"},
      {"城は", "城"},
      {"コンピューター", "コンピュータ コン ンピ ピュ ュー ータ"},
      {"ｺﾝﾋﾟｭｰﾀ", "コンピュータ コン ンピ ピュ ュー ータ"},
      {"りんごを食べました", "りんご りん んご 食"},
      {"これはどこですか", ""},
      {"Москва-река", "москварек москв рек"},
  };
  for (const TermsCase& test : kCases) {
    EXPECT_EQ(fmt::format("{}", fmt::join(TermsOf(test.text), " ")), test.terms) << test.text;
  }
}

TEST(Analyzer, FindsWordsHoweverTheyAreWritten) {
  const std::pair<const char*, const char*> kFound[] = {
      {"데이터베이스", "관계형데이터베이스를 설치"},
      {"베이스", "데이터베이스"},
      {"개인정보 보호", "개인정보보호법이"},
      {"데이터 베이스", "데이터베이스에"},
      {"문서를 저장하려면", "저장된 문서"},
      {"サーバ", "サーバーの設定"},
      {"姫路城", "姫路の城"},
      {"email", "e-mail"},
      {"readFile", "read_file"},
      {"한글", "\u1112\u1161\u11AB\u1100\u1173\u11AF"},
  };
  for (const auto& [query, text] : kFound) EXPECT_TRUE(FindsIn(query, text)) << query;
  EXPECT_FALSE(FindsIn("무엇입니까", "무엇을 합니다"));
  EXPECT_FALSE(FindsIn("what is the", "the what is"));
}

TEST(Analyzer, TermsStandWhereTheySay) {
  const std::string text = "Über boundary-layers, 데이터베이스를 東大寺の仏像 (ＳＱＬ)";
  uint32_t position = 0;
  for (const Term& term : Analyze(text)) {
    EXPECT_LT(term.begin, term.end);
    EXPECT_LE(term.end, text.size());
    EXPECT_TRUE(IsValidUtf8(std::string_view(text).substr(term.begin, term.end - term.begin)));
    EXPECT_GE(term.position, position);
    EXPECT_LE(term.position, position + 1);
    position = term.position;
  }
  EXPECT_GT(position, 5u);
}

TEST(Analyzer, TakesAnyBytes) {
  EXPECT_TRUE(Analyze("").empty());
  EXPECT_EQ(TermsOf("alpha\xFF\xFE beta"), (std::vector<std::string>{"alpha", "beta"}));
  for (const Term& term : Analyze(std::string(100'000, 'x')))
    EXPECT_LE(term.text.size(), kMaxTermBytes);
}

TEST(Korean, StripsTheSameFromAWordWithMoreParticles) {
  const std::pair<const char32_t*, const char32_t*> kSame[] = {
      {U"도서관", U"도서관에서는"}, {U"고속도로", U"고속도로를"}, {U"컴퓨터", U"컴퓨터로부터"},
      {U"처리", U"처리하였습니다"}, {U"제공", U"제공됩니다"},     {U"사용자", U"사용자에게"},
  };
  for (const auto& [word, longer] : kSame) {
    EXPECT_EQ(StripKoreanEndings(word), StripKoreanEndings(longer));
  }
  EXPECT_EQ(StripKoreanEndings(U"마을"), U"마을");
  EXPECT_EQ(StripKoreanEndings(U"국가"), U"국가");
  EXPECT_TRUE(IsKoreanParticle(U"으로"));
  EXPECT_FALSE(IsKoreanParticle(U"문서"));
}

TEST(Japanese, NormalizesKatakana) {
  EXPECT_EQ(NormalizeKatakana(U"ヴァイオリン"), U"バイオリン");
  EXPECT_EQ(NormalizeKatakana(U"サーバー"), U"サーバ");
  EXPECT_EQ(NormalizeKatakana(U"キー"), U"キー");
}

}  // namespace
}  // namespace pioneer::search
