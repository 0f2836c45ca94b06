// Why: a conversation becomes tokens in which only the template can write control tokens.
//
// A message that contains "<|im_end|>" must not end its turn: what users and tools write is text.
// But the template's output is one string in which the template's control tokens and the user's
// look alike. So the user's are marked before rendering:
// - In every string of the request (contents, names, tool calls, tools, variables) a marker, a
//   Unicode noncharacter that occurs nowhere in the request, is put inside each control token's
//   text; and at an edge of the string that could become part of one together with what the
//   template or a neighbour puts beside it. Keys and values of tools and variables, which templates
//   look up and compare, are marked only where they hold such a text or end of one.
// - Rendering moves the strings about; markers move with them. Strings without a control token's
//   text in them are not changed at all, so templates that trim, split or compare contents work.
// - After rendering the markers are taken out. A control token's text that had a marker inside is
//   the user's, and it and what is around it is tokenized as plain text.
// Roles are no strings of the user: ValidateChat lets only the known ones through.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/json.h"
#include "engine/generator.h"
#include "engine/template_abilities.h"
#include "text/chat_format/answer_parser.h"
#include "text/chat_format/call_grammar.h"
#include "text/chat_format/chat_format.h"
#include "text/chat_template.h"
#include "text/special_tokens.h"
#include "text/tokenizer.h"

namespace pioneer {

// Finds and marks the texts of control tokens. Immutable; any thread may use it.
class ControlTokenGuard {
 public:
  explicit ControlTokenGuard(const Tokenizer& tokenizer);

  // `text` with `marker` where needed (see above). Invalid UTF-8 becomes U+FFFD.
  std::string Mark(std::string_view text, std::string_view marker) const;
  // The same, and also marks a short text that is the middle of a control token's.
  std::string MarkWhole(std::string_view text, std::string_view marker) const;
  // Tokenizes a rendered text, without its markers: control tokens that are not marked become
  // tokens, everything else is plain.
  std::vector<int32_t> Encode(std::string_view rendered, std::string_view marker) const;

 private:
  bool IsMarked(const SpecialTokenMatcher::Match& match, std::string_view text,
                const std::vector<size_t>& marks) const;
  void AddEdges(std::string_view text, size_t offset, std::vector<size_t>& cuts) const;
  std::vector<size_t> FindCuts(std::string_view text) const;
  bool IsInsideControlToken(std::string_view text) const;

  const Tokenizer& tokenizer_;
  SpecialTokenMatcher controls_;
  SpecialTokenRules rules_;
  std::vector<std::string_view> texts_;                        // of the control tokens
  std::unordered_set<std::string_view> beginnings_, endings_;  // proper ones
  size_t longest_ = 0;
};

// A rendered conversation.
struct RenderedChat {
  std::vector<int32_t> tokens;
  std::string end;  // the last bytes of the prompt's text
};

// Immutable; any thread may use it. `tokenizer` must outlive it.
class ChatPrompt {
 public:
  // "" = kDefaultChatTemplate. A source that is no valid Jinja does not throw here: the model may
  // still complete; Render() then throws Error{kUnsupported}.
  ChatPrompt(const Tokenizer& tokenizer, std::string template_source);

  // The prompt's tokens; BOS is in front where the vocabulary or the template says so, once.
  // Throws Error{kInvalidArgument}: the template refuses, JSON in the request is broken.
  RenderedChat Render(const ChatRequest& request) const;
  std::vector<int32_t> Tokens(const ChatRequest& request) const { return Render(request).tokens; }

  const chat_format::ChatFormat& format() const { return *format_; }
  // Whether a space at the beginning of an answer belongs to the template.
  bool space_before_answers() const { return abilities_.space_before_answers; }
  // What the template says about thoughts; found out by trying it.
  Thinking thinking() const { return thinking_; }
  // Reads the answer to `prompt`; null when this model's answers are nothing but text.
  std::unique_ptr<chat_format::AnswerParser> MakeParser(const ChatRequest& request,
                                                        const RenderedChat& prompt,
                                                        bool stream_arguments) const;
  // The grammar of an answer that may or must call tools; nullopt: there is none to hold it to.
  // Throws Error{kInvalidArgument, kUnsupported} that begins with the field.
  std::optional<grammar::Grammar> MakeCallGrammar(const ChatRequest& request,
                                                  const RenderedChat& prompt) const;
  // Control tokens that are markers: the parser sees their text, the client never does.
  const std::unordered_set<int32_t>& marker_tokens() const { return marker_tokens_; }

 private:
  ChatTemplateInput MakeInput(const ChatRequest& request) const;
  OrderedJson MakeMessage(const ChatMessage& message) const;
  void SetReasoning(const std::string& effort, OrderedJson& variables) const;
  Thinking ProbeThinking() const;
  void SetThoughts(const ChatMessage& message, OrderedJson& json) const;
  std::string ChooseMarker(const OrderedJson& input) const;
  OrderedJson MarkStrings(const OrderedJson& value, std::string_view marker) const;
  OrderedJson MarkMessages(const OrderedJson& messages, std::string_view marker) const;
  void FindMarkerTokens();

  const Tokenizer& tokenizer_;
  const std::string source_;
  const ControlTokenGuard guard_;
  const std::shared_ptr<chat_format::ChatFormat> format_;
  std::unique_ptr<ChatTemplate> template_;
  std::string template_error_;
  TemplateAbilities abilities_;
  Thinking thinking_ = Thinking::kNever;
  std::unordered_set<int32_t> marker_tokens_;
  std::vector<std::string> marker_texts_;
  std::vector<chat_format::ControlToken> control_tokens_;
};

}  // namespace pioneer
