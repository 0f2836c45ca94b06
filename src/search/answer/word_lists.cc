#include "search/answer/word_lists.h"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace pioneer::search::answer {
namespace {

using WordSet = std::unordered_set<std::string_view>;

// Words between white space, for lists that are read more easily than quoted.
WordSet SplitList(std::string_view list) {
  WordSet words;
  size_t at = 0;
  while (at < list.size()) {
    const size_t end = std::min(list.find(' ', at), list.size());
    if (end > at) words.insert(list.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

// Quantifiers and modal verbs that change what is claimed ("all", "only", "must", "may") are no
// function words.
constexpr std::string_view kEnglishFunctionWords =
    "a an the this that these those it its itself he him his himself she her hers herself they "
    "them "
    "their theirs themselves we us our ours you your yours i me my mine who whom whose which what "
    "when where why how and or but nor so yet if then else than as of in on at by for from to into "
    "onto with about against between through during above below up down out off over under again "
    "further once here there is am are was were be been being have has had having do does did "
    "doing "
    "will would shall should can could and/or also very just too such same own not no n't never "
    "neither cannot without because while until although though whether per via within upon among "
    "along across toward towards s t d ll re ve m o let us get gets got one ones any some please "
    "tell me there's it's that's what's who's said";

constexpr std::string_view kKoreanFunctionWords =
    "그 이 저 것 것은 것이 것을 수 등 및 또는 그리고 하지만 그러나 또한 또 때 때문 때문에 위해 "
    "위한 "
    "대한 대해 대하여 통해 통한 따라 따르면 관한 관해 의해 의한 있다 있는 있으며 있고 있습니다 "
    "있었다 "
    "있었습니다 있어 있을 있던 없다 없는 없으며 없고 없습니다 없었다 없이 아니다 아니라 아닌 "
    "아닙니다 "
    "않다 않는다 않는 않은 않고 않으며 않습니다 않았다 않았습니다 않을 못한다 못했다 못하는 못하고 "
    "못합니다 못했습니다 안 못 한다 합니다 하는 했다 했습니다 하고 하며 한 할 해 하여 된다 됩니다 "
    "되는 "
    "되었다 됐다 되고 되며 된 될 돼 되어 이다 입니다 이며 이고 무엇 뭐 무엇인가 무엇인가요 누구 "
    "누가 "
    "언제 어디 어디서 어디에 왜 어떻게 어떤 어느 얼마 얼마나 몇 알려줘 알려주세요 말해줘 설명해줘 "
    "인가요 "
    "나요 까요 그럼 그러면 그런데 그렇다면 그것 그것은 그건 그게 이것 이것은 이건 이게 거기 그곳 "
    "여기 "
    "이곳 그녀 그는 그가 그의 그녀는 그들 그들은 우리 너 나 당신 좀 더 가장 매우 아주 바로 다시 "
    "이런 "
    "그런 저런 이러한 그러한 즉 한편 따라서 그래서 뿐 뿐만 주세요 줘 거야 건가요 뭐야 누구야 "
    "언제야 "
    "어디야 얼마야 뭔가요 무엇입니까 입니까";

constexpr std::string_view kJapaneseFunctionWords =
    "何 誰 彼 彼女 私 我々 事 物 時 為 等 者 的 方 様 中 上 下 間 これ それ あれ どれ いつ どこ "
    "なぜ "
    "有る 無い 教えて 下さい 言う 行う 行わ 行っ 成る 出来 出来る 此 其";

constexpr std::string_view kNegations =
    "not no never n't neither nor none nobody nothing without cannot can't don't doesn't didn't "
    "isn't aren't wasn't weren't won't wouldn't shouldn't couldn't hasn't haven't hadn't";

// One group a line; keys as ReadWords() makes them (English without endings).
constexpr std::string_view kSynonyms[] = {
    "buy purchas acquir bought",
    "begin start commenc began begun launch",
    "end finish conclud",
    "build construct built erect",
    "creat made mak produc develop",
    "found establish set",
    "big large great huge",
    "show display",
    "us employ utiliz",
    "need requir",
    "help assist aid",
    "fast quick rapid",
    "car automobil vehicl",
    "movi film",
    "author writ writer wrote written",
    "buri grav",
    "child children kid",
    "compani firm corporat",
    "percent %",
    "delet remov eras",
    "chang modifi alter",
    "chos select pick choos",
    "import essent",
    "get obtain receiv",
    "giv provid offer suppli",
    "keep kept stor retain",
    "locat situat",
    "main chief principal",
    "near close",
    "repair fix",
    "store shop",
    "permit allow let",
    "forbid prohibit ban",
    "call nam",
    "die dead death died",
    "born birth",
    "live resid",
    "send sent transmit",
    "take took taken",
    "grow grew grown",
    "hold held",
    "lead led leader",
    "open opened",
    "pay paid",
    "win won",
    "leav left",
    "becom became",
    "run ran",
    "teach taught",
    "cost price",
    "city town",
    "people person",
    "year annual yearli",
    "day daili",
    "about approximat around roughli",
    "구매 구입 매입",
    "시작 개시",
    "종료 끝 끝나",
    "설립 창립 창설",
    "건설 건축 건립",
    "제작 만들 만드",
    "삭제 제거 지우",
    "변경 수정 바꾸",
    "사용 이용 쓰",
    "필요 요구",
    "허용 허가",
    "금지 불허",
    "회사 기업",
    "가격 비용 값",
    "직원 임직원 사원",
    "저자 작가 지은이",
    "증가 늘어나 늘",
    "감소 줄어들 줄",
    "개최 열리 열렸 열린",
    "위치 자리",
    "사망 별세 죽",
    "출생 태어나 태어났 태어난",
    "購入 買",
    "開始 始",
    "終了 終",
    "設立 創立 創設",
    "建設 建築 建造",
    "削除 消",
    "変更 変 改",
    "使用 利用 使",
    "必要 要",
    "会社 企業",
    "価格 値段 料金",
    "増加 増",
    "減少 減",
    "開催 開",
    "死亡 死去 亡 死",
    "作成 作 製作 制作",
    "人口 住民",
};

// "left | right": a word of one side against a word of the other is a contradiction.
constexpr std::string_view kOpposites[] = {
    "increas ris rose grow grew grown gain higher expand | decreas fall fell declin drop shrink "
    "shrank "
    "lose lost lower reduc",
    "befor prior earlier | after later follow",
    "more | less fewer",
    "most maxim maximum highest largest biggest | least minim minimum lowest smallest",
    "allow permit let enabl accept | forbid prohibit ban disabl refus reject deny deni",
    "open | clos shut",
    "first | last",
    "begin start began | end finish stop",
    "north northern | south southern",
    "east eastern | west western",
    "alway | never",
    "all everi | some none",
    "add insert | remov delet",
    "accept | reject declin",
    "win won | lose lost",
    "success succeed | fail failur",
    "public | privat",
    "free | paid",
    "optional | mandatori requir compulsori",
    "hot warm | cold cool",
    "inside internal indoor | outside external outdoor",
    "import | export",
    "buy bought purchas | sell sold",
    "arriv | depart leav left",
    "old older oldest | new newer newest young younger youngest",
    "high | low",
    "long longer longest | short shorter shortest",
    "fast faster fastest quick | slow slower slowest",
    "above | below",
    "upper top | lower bottom",
    "male man men | female woman women",
    "day | night",
    "summer | winter",
    "love like | hate dislik",
    "safe | dangerou unsafe",
    "possibl | impossibl",
    "legal | illegal",
    "may might | must",
    "minimum | maximum",
    "encrypt | decrypt",
    "upload | download",
    "odd | even",
    "raise | lower",
    "support | oppos",
    "증가 늘어나 늘 상승 오르 올랐 | 감소 줄어들 줄 하락 내리 내렸",
    "이전 전 | 이후 후",
    "이상 초과 | 이하 미만",
    "허용 허가 가능 | 금지 불허 불가능 불가",
    "열리 개방 개장 | 닫히 폐쇄 폐장",
    "처음 최초 첫 | 마지막 최후",
    "시작 개시 | 종료 중단 끝",
    "최대 최고 가장큰 | 최소 최저",
    "북쪽 북부 | 남쪽 남부",
    "동쪽 동부 | 서쪽 서부",
    "항상 언제나 | 가끔 절대",
    "모든 모두 전체 전부 | 일부",
    "추가 삽입 | 삭제 제거",
    "성공 | 실패",
    "찬성 | 반대",
    "승리 이겼 이기 | 패배 졌 지",
    "무료 | 유료",
    "필수 의무 | 선택 임의",
    "수입 | 수출",
    "공개 | 비공개",
    "오전 | 오후",
    "실내 | 실외 야외",
    "여름 | 겨울",
    "오래된 | 새로운",
    "높 | 낮",
    "길 | 짧",
    "많 | 적",
    "빠르 | 느리",
    "구매 구입 매입 | 판매 매각",
    "합격 통과 | 불합격 탈락",
    "승인 수락 | 거부 거절 반려",
    "남자 남성 | 여자 여성",
    "유지 | 폐지",
    "의무적 | 자발적",
    "増加 増 上昇 | 減少 減 下降 低下",
    "以前 前 | 以後 後 以降",
    "以上 超過 | 以下 未満",
    "許可 可能 可 | 禁止 不可能 不可",
    "最初 初 | 最後",
    "開始 始 | 終了 終 中止",
    "最大 最高 | 最小 最低",
    "北 北部 北側 | 南 南部 南側",
    "東 東部 東側 | 西 西部 西側",
    "全 全部 全員 | 一部",
    "追加 | 削除",
    "成功 | 失敗",
    "賛成 | 反対",
    "勝利 勝 | 敗北 敗 負",
    "無料 | 有料",
    "必須 義務 | 任意",
    "輸入 | 輸出",
    "公開 | 非公開",
    "午前 | 午後",
    "屋内 室内 | 屋外 室外",
    "夏 | 冬",
    "高 | 低",
    "長 | 短",
    "多 | 少",
    "速 | 遅",
    "購入 買 | 販売 売 売却",
    "承認 | 却下 拒否",
    "男性 男 | 女性 女",
    "古 | 新",
    "開 | 閉",
};

std::unordered_map<std::string_view, int> ReadSynonyms() {
  std::unordered_map<std::string_view, int> groups;
  int group = 0;
  for (const std::string_view line : kSynonyms) {
    ++group;
    for (const std::string_view word : SplitList(line)) groups.emplace(word, group);
  }
  return groups;
}

// A word may be in several groups; the first counts.
std::unordered_map<std::string_view, int> ReadOpposites() {
  std::unordered_map<std::string_view, int> groups;
  int group = 0;
  for (const std::string_view line : kOpposites) {
    ++group;
    const size_t bar = line.find('|');
    for (const std::string_view word : SplitList(line.substr(0, bar))) groups.emplace(word, group);
    for (const std::string_view word : SplitList(line.substr(bar + 1))) {
      groups.emplace(word, -group);
    }
  }
  return groups;
}

const std::unordered_map<std::string_view, double>& NumberWords() {
  static const std::unordered_map<std::string_view, double> kWords = {
      {"zero", 0},      {"two", 2},        {"three", 3},     {"four", 4},       {"five", 5},
      {"six", 6},       {"seven", 7},      {"eight", 8},     {"nine", 9},       {"ten", 10},
      {"eleven", 11},   {"twelve", 12},    {"thirteen", 13}, {"fourteen", 14},  {"fifteen", 15},
      {"sixteen", 16},  {"seventeen", 17}, {"eighteen", 18}, {"nineteen", 19},  {"twenty", 20},
      {"thirty", 30},   {"forty", 40},     {"fifty", 50},    {"sixty", 60},     {"seventy", 70},
      {"eighty", 80},   {"ninety", 90},    {"hundred", 1e2}, {"thousand", 1e3}, {"million", 1e6},
      {"billion", 1e9}, {"trillion", 1e12}};
  return kWords;
}

int Lookup(const std::unordered_map<std::string_view, int>& groups, std::string_view key) {
  const auto found = groups.find(key);
  return found == groups.end() ? 0 : found->second;
}

}  // namespace

bool IsEnglishFunctionWord(std::string_view word) {
  static const WordSet kWords = SplitList(kEnglishFunctionWords);
  return kWords.contains(word);
}

bool IsKoreanFunctionWord(std::string_view word) {
  static const WordSet kWords = SplitList(kKoreanFunctionWords);
  return kWords.contains(word);
}

bool IsJapaneseFunctionWord(std::string_view word) {
  static const WordSet kWords = SplitList(kJapaneseFunctionWords);
  return kWords.contains(word);
}

std::optional<double> EnglishNumberWord(std::string_view word) {
  const auto found = NumberWords().find(word);
  if (found == NumberWords().end()) return std::nullopt;
  return found->second;
}

std::string EnglishNumberAcross(std::string_view word) {
  static constexpr std::string_view kMonths[] = {"january",   "february", "march",    "april",
                                                 "may",       "june",     "july",     "august",
                                                 "september", "october",  "november", "december"};
  static constexpr std::string_view kOrdinals[] = {
      "first",     "second",      "third",      "fourth",     "fifth",
      "sixth",     "seventh",     "eighth",     "ninth",      "tenth",
      "eleventh",  "twelfth",     "thirteenth", "fourteenth", "fifteenth",
      "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth"};
  static constexpr std::string_view kTimes[] = {"once", "twice"};
  if (word == "one" || word == "a" || word == "an") return "1";
  for (const std::span<const std::string_view> words :
       {std::span<const std::string_view>(kMonths), std::span<const std::string_view>(kOrdinals),
        std::span<const std::string_view>(kTimes)}) {
    const auto found = std::find(words.begin(), words.end(), word);
    if (found != words.end()) return std::to_string(found - words.begin() + 1);
  }
  return "";
}

bool IsNegation(std::string_view word) {
  static const WordSet kWords = SplitList(kNegations);
  return kWords.contains(word);
}

int SynonymGroup(std::string_view key) {
  static const auto kGroups = ReadSynonyms();
  return Lookup(kGroups, key);
}

int OppositeGroup(std::string_view key) {
  static const auto kGroups = ReadOpposites();
  return Lookup(kGroups, key);
}

}  // namespace pioneer::search::answer
