#include "search/index/japanese.h"

#include <algorithm>
#include <set>

namespace pioneer::search {
namespace {

const std::set<std::u32string_view>& FunctionWords() {
  static const std::set<std::u32string_view> kWords = {
      // copulas and polite endings
      U"です", U"でした", U"ですか", U"でしょう", U"でしょうか", U"ます", U"ました", U"ません",
      U"ますか", U"ましたか", U"だった", U"である", U"であった", U"であり", U"であるが", U"だろう",
      U"なの", U"なのか", U"なのですか", U"ですが", U"んですか", U"のですか", U"のか", U"ませんか",
      U"ください", U"ましょう",
      // particles of two characters and more, and what they are joined to
      U"では", U"には", U"とは", U"とも", U"にも", U"への", U"から", U"まで", U"より", U"など",
      U"だけ", U"しか", U"ので", U"のに", U"でも", U"ても", U"ては", U"との", U"での", U"からの",
      U"までの", U"については", U"について", U"においては", U"において", U"における", U"によって",
      U"により", U"による", U"によると", U"にとって", U"として", U"としては", U"としての",
      U"という", U"といった", U"というのは", U"とともに", U"ながら", U"たり", U"けど", U"けれど",
      U"ならば", U"のは", U"のが", U"のを", U"のも", U"をも", U"かつ", U"ほど", U"くらい",
      U"ぐらい", U"ばかり",
      // する, いる, ある, なる and the passive
      U"する", U"した", U"して", U"しない", U"すれば", U"すると", U"すること", U"したい", U"し",
      U"しました", U"します", U"しますか", U"しましたか", U"している", U"していた", U"しています",
      U"していました", U"しており", U"しても", U"しなかった", U"しながら", U"される", U"された",
      U"されて", U"されている", U"されていた", U"されています", U"されました", U"されましたか",
      U"され", U"させる", U"させた", U"させて", U"れる", U"られる", U"れた", U"られた", U"れて",
      U"られて", U"れている", U"られている", U"れました", U"られました", U"れましたか",
      U"られましたか", U"いる", U"いた", U"いて", U"います", U"いますか", U"いました",
      U"いましたか", U"おり", U"ある", U"あった", U"あり", U"あります", U"ありますか",
      U"ありました", U"あって", U"ない", U"なく", U"なかった", U"なる", U"なった", U"なり",
      U"なって", U"なっている", U"なりました", U"なりましたか", U"なります", U"できる", U"できた",
      U"できます", U"できますか", U"ている", U"ていた", U"ています", U"ていました", U"てきた",
      U"てくる", U"ておく", U"てある", U"った", U"って", U"っている", U"っていた", U"かった",
      U"くない", U"ければ", U"んだ", U"いう", U"いった", U"った", U"らしい", U"よう", U"ような",
      U"ように", U"ようと", U"そう", U"ため", U"ために", U"こと", U"ことが", U"ことを", U"ことに",
      U"ことは", U"ことも", U"もの", U"ものの", U"ところ", U"わけ", U"はず", U"うち", U"ほか",
      U"とき", U"たち",
      // words that point, ask and join
      U"これ", U"それ", U"あれ", U"どれ", U"この", U"その", U"あの", U"どの", U"ここ", U"そこ",
      U"どこ", U"だれ", U"いつ", U"なに", U"なん", U"なぜ", U"どう", U"どのような", U"どのように",
      U"どんな", U"どちら", U"いくつ", U"いくら", U"これら", U"それら", U"こうした", U"そのため",
      U"そのような", U"このような", U"また", U"または", U"および", U"しかし", U"そして", U"ただし",
      U"なお", U"さらに", U"それぞれ", U"すでに", U"まず", U"もっとも", U"とても", U"いわゆる",
      U"おける", U"よる", U"よって", U"つつ", U"ずつ", U"かけて", U"とする", U"とした", U"として",
      U"となる", U"となった", U"になる", U"になった", U"とされる", U"といいますか", U"をする",
      U"をした", U"といわれる"};
  return kWords;
}

constexpr size_t kLongestFunctionWord = 8;
// What a verb or an adjective in kanji ends in.
constexpr std::u32string_view kOkurigana =
    U"はがをにへとものやでかなだたてしいくりれるきみちけせっんうねよつまらさめえべげぎじびすむぬぐ"
    U"ぶ";
constexpr std::u32string_view kParticles = U"はがをにへともので";

size_t FunctionWordAt(std::u32string_view run, size_t at) {
  for (size_t length = std::min(kLongestFunctionWord, run.size() - at); length > 1; --length) {
    if (FunctionWords().contains(run.substr(at, length))) return length;
  }
  return 0;
}

}  // namespace

std::vector<HiraganaPiece> FindHiraganaWords(std::u32string_view run, bool after_word) {
  std::vector<HiraganaPiece> pieces;
  size_t begin = 0;
  const auto end_piece = [&](size_t at) {
    if (at >= begin + 2) pieces.push_back({begin, at - begin});
  };
  // What follows a word in kanji may be its ending; what follows a particle begins a new word.
  bool may_be_ending = after_word, may_be_particle = after_word;
  for (size_t at = 0; at < run.size();) {
    size_t length = FunctionWordAt(run, at);
    const bool is_ending = length == 0 && may_be_ending && kOkurigana.find(run[at]) != run.npos;
    const bool is_last = at + 1 == run.size() && at > begin;
    const bool is_particle = (may_be_particle || is_last) && kParticles.find(run[at]) != run.npos;
    if (is_ending || (length == 0 && is_particle) || run[at] == U'を')
      length = std::max<size_t>(length, 1);
    if (length > 0) {
      end_piece(at);
      at += length;
      begin = at;
      may_be_particle = true;
      may_be_ending = is_ending && kParticles.find(run[begin - 1]) == run.npos;
    } else {
      ++at;
      may_be_particle = may_be_ending = false;
    }
  }
  end_piece(run.size());
  return pieces;
}

std::u32string NormalizeKatakana(std::u32string_view word) {
  std::u32string normal;
  for (size_t i = 0; i < word.size(); ++i) {
    const char32_t next = i + 1 < word.size() ? word[i + 1] : 0;
    if (word[i] != U'ヴ') {
      normal += word[i];
      continue;
    }
    constexpr std::u32string_view kSmall = U"ァィェォ", kLarge = U"バビベボ";
    const size_t vowel = kSmall.find(next);
    normal += next != 0 && vowel != kSmall.npos ? kLarge[vowel] : U'ブ';
    i += next != 0 && vowel != kSmall.npos;
  }
  constexpr size_t kShortest = 3;  // "キー" keeps its bar
  while (normal.size() > kShortest && normal.back() == U'ー') normal.pop_back();
  return normal;
}

}  // namespace pioneer::search
