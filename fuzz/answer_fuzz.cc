// Why: what a model writes is untrusted, too, and comes in any pieces: however the text is cut, the
// same thoughts, text and calls come out. The first byte chooses the family, the second where the
// text is cut.
// room: text
#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/utf8.h"
#include "text/chat_format/answer_parser.h"

namespace {

using namespace pioneer;
using namespace pioneer::chat_format;

constexpr char kTools[] = R"([
  {"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{
    "city":{"type":"string"},"days":{"type":"integer"},"urgent":{"type":"boolean"},
    "l":{"type":"array"},"note":{"type":["string","null"]}},"required":["city"]}}},
  {"type":"function","function":{"name":"now"}}])";

std::vector<std::shared_ptr<const ChatFormat>> Formats() {
  std::vector<std::shared_ptr<const ChatFormat>> formats;
  for (const ChatFormat& format : ChatFormats()) {
    formats.push_back(std::make_shared<ChatFormat>(format));
  }
  formats.push_back(std::make_shared<ChatFormat>(DetectChatFormat("{{ messages }}")));
  return formats;
}

// What came out, with neighbours of one kind joined.
class Transcript {
 public:
  void Add(const std::vector<AnswerPiece>& pieces) {
    for (const AnswerPiece& piece : pieces) Add(piece);
  }
  std::string Take() {
    if (open_) std::abort();  // a call that never ends
    return std::move(text_);
  }

 private:
  using Kind = AnswerPiece::Kind;

  void Add(const AnswerPiece& piece) {
    const bool in_call = piece.kind == Kind::kCallArguments || piece.kind == Kind::kCallEnd;
    if (open_ != in_call) std::abort();
    if (piece.kind == Kind::kCallBegin) {
      open_ = true;
      arguments_.clear();
    }
    if (piece.kind == Kind::kCallArguments) arguments_ += piece.text;
    if (piece.kind == Kind::kCallEnd) {
      open_ = false;
      if (piece.complete && !ParseJson(arguments_).is_object()) std::abort();
    }
    if (piece.kind != last_ || piece.kind == Kind::kCallBegin) {
      text_ += "\n" + std::to_string(static_cast<int>(piece.kind)) + " ";
      last_ = piece.kind;
    }
    text_ += piece.text + piece.name + piece.id + (piece.complete ? "" : "!");
  }

  std::string text_, arguments_;
  Kind last_ = Kind::kCallEnd;
  bool open_ = false;
};

std::string Parse(const std::shared_ptr<const ChatFormat>& format, std::string_view text,
                  size_t piece_bytes, bool thinking, bool stream) {
  static const auto tools = std::make_shared<const ToolSet>(kTools);
  AnswerParserOptions options;
  options.tools = tools;
  options.stream_arguments = stream;
  if (thinking) options.prompt_end = format->reasoning_begin;
  options.new_id = [n = 0]() mutable { return "id" + std::to_string(n++); };
  AnswerParser parser(format, std::move(options));
  Transcript transcript;
  for (size_t shown = 0; shown < text.size();) {
    size_t n = std::min(piece_bytes, text.size() - shown);
    while (shown + n < text.size() && (text[shown + n] & 0xC0) == 0x80) ++n;  // whole characters
    transcript.Add(parser.Push(text.substr(shown, n)));
    shown += n;
  }
  transcript.Add(parser.Finish());
  return transcript.Take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto formats = Formats();
  if (size < 2) return 0;
  const auto& format = formats[data[0] % formats.size()];
  const size_t piece_bytes = 2 + data[1] % 32;
  const bool thinking = data[1] >= 128;
  const std::string text = RepairUtf8({reinterpret_cast<const char*>(data) + 2, size - 2});
  const std::string whole = Parse(format, text, text.size(), thinking, false);
  for (const size_t bytes : {size_t{1}, piece_bytes}) {
    const std::string cut = Parse(format, text, bytes, thinking, false);
    if (cut != whole) {
      fmt::print(stderr, "{}\nwhole:{}\nin pieces of {}:{}\n", format->name, whole, bytes, cut);
      std::abort();
    }
    // Broken arguments that went out already cannot be taken back, so only the order is looked at.
    Parse(format, text, bytes, thinking, true);
  }
  return 0;
}
