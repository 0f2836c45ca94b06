// Why: what a model writes is taken apart while it is written: thoughts, the answer's text, calls
// of tools. Markers never reach the client, nor does what may still become one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/chat_format/call_reader.h"
#include "text/chat_format/chat_format.h"
#include "text/chat_format/tool_set.h"

namespace pioneer::chat_format {

struct AnswerPiece {
  enum class Kind {
    kText,
    kReasoning,
    kCallBegin,      // name, id
    kCallArguments,  // text: a part of the arguments' JSON
    kCallEnd,        // complete: the arguments are a whole JSON object
  };
  Kind kind = Kind::kText;
  std::string text;
  int call = 0;  // which call, from 0
  std::string name, id;
  bool complete = true;
};

struct AnswerParserOptions {
  std::shared_ptr<const ToolSet> tools;  // null = no calls are read
  std::string prompt_end;                // the rendered prompt, or its last few hundred bytes
  // Arguments go out while they are written. For answers that a grammar keeps in shape; else a call
  // goes out when its arguments have been found to be whole JSON, and as text when they are not.
  bool stream_arguments = false;
  std::vector<std::string> control_tokens;  // texts that are never given as text
  std::function<std::string()> new_id;      // of calls that bring none; null = random ones
};

// One answer; one thread. Text comes in whole characters. What is not a call after all is given as
// text; a call that is cut by the end of the answer is given as far as it goes.
class AnswerParser {
 public:
  AnswerParser(std::shared_ptr<const ChatFormat> format, AnswerParserOptions options);

  std::vector<AnswerPiece> Push(std::string_view text);
  std::vector<AnswerPiece> Finish();

  bool has_calls() const { return n_calls_ > 0; }
  // What comes next belongs to the thoughts.
  bool in_reasoning() const { return mode_ == Mode::kReasoning; }

 private:
  enum class Mode { kText, kReasoning, kSection, kCall };
  enum class MarkerKind { kReasoningBegin, kReasoningEnd, kSection, kCall, kHidden };
  struct Marker {
    std::string text;
    MarkerKind kind;
  };
  struct Found {
    size_t position = std::string_view::npos;
    const Marker* marker = nullptr;
  };

  void AddMarker(std::string_view text, MarkerKind kind);
  void BeginBehindPrompt(std::string_view prompt_end);
  // Each handles what it can of pending_ and returns whether it made progress.
  bool Run();
  bool RunText();
  bool RunReasoning();
  bool RunSection();
  bool RunCall();

  Found FindMarker(std::string_view text) const;
  size_t HeldBack(std::string_view text, bool reasoning) const;
  bool BeginsBareCall(std::string_view text) const;
  void EnterMarker(const Found& found);
  void EnterCall(size_t opening_bytes);
  bool NextPattern();
  void FailCall();
  void EndCall(bool complete);
  void BeginCall();
  void SendArguments();
  void EmitText(std::string_view text);
  void EmitReasoning(std::string_view text);
  void Emit(AnswerPiece piece);
  void Drop(size_t n) { pending_.erase(0, n); }

  const std::shared_ptr<const ChatFormat> format_;
  AnswerParserOptions options_;
  std::vector<Marker> markers_;
  std::vector<Pattern> patterns_;
  std::vector<std::string> pattern_leads_;
  bool bare_calls_ = false;  // calls begin with their JSON object, at the answer's beginning

  Mode mode_ = Mode::kText;
  bool last_ = false;
  std::string pending_;
  std::string space_before_;  // white space in front of the marker that was found last
  bool skip_space_ = false;   // at the front of the text or thoughts that come
  bool text_begun_ = false;   // some text was given
  std::vector<AnswerPiece> out_;

  // Of the call that is read; pending_ begins where it begins.
  bool in_section_ = false;
  size_t opening_bytes_ = 0;  // of the marker at its front, which is not looked for again
  size_t pattern_ = 0;
  std::optional<CallReader> reader_;
  bool announced_ = false;
  size_t arguments_sent_ = 0;
  int n_calls_ = 0;
};

// Nine letters and digits: some templates take no other length.
std::string RandomCallId();

}  // namespace pioneer::chat_format
