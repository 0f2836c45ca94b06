// Why: reads one call by its pattern, piece by piece as the model writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "text/chat_format/call_pattern.h"
#include "text/chat_format/json_scanner.h"
#include "text/chat_format/loose_value.h"
#include "text/chat_format/tool_set.h"

namespace pioneer::chat_format {

// One call. `syntax`, `tools` and the pattern must outlive it.
class CallReader {
 public:
  enum class State : uint8_t { kMore, kDone, kBroken };

  CallReader(const CallSyntax& syntax, const Pattern& pattern, const ToolSet& tools);

  // Reads on in `text`, all that came so far of this call from its first byte (it only grows).
  // `last`: nothing more will come; a pattern whose end is cut but whose arguments are whole is
  // done.
  State Read(std::string_view text, bool last);

  size_t position() const { return position_; }  // bytes read
  // Known as soon as the name is not "".
  const std::string& name() const { return name_; }
  const std::string& any() const { return any_; }              // what %i or the key "id" said
  const std::string& arguments() const { return arguments_; }  // JSON, so far
  // The arguments have begun, and with an object: from here on it is a call.
  bool arguments_begun() const { return arguments_begun_; }
  bool arguments_whole() const { return arguments_whole_; }

 private:
  enum class Step : uint8_t { kMore, kNext, kBroken };

  Step ReadPart(const Pattern& parts, size_t i);
  Step ReadLiteral(std::string_view literal);
  Step ReadName();
  Step ReadUntil(std::string_view end, std::string* out);
  Step ReadJson(std::string* out);
  Step ReadArguments();
  Step ReadObject(const PatternPart& part);
  Step ReadObjectKey(const PatternPart& part);
  Step ReadObjectValue(const PatternPart& part);
  Step ReadObjectEnd();
  Step ReadParameters();
  Step BeginParameter(std::string_view end);
  Step ReadLooseValue();
  Step ReadTypedValue();
  Step ReadStringValue(std::string_view end, size_t found);
  bool ValueIsString() const;
  void OpenParameter();
  void EndParameters();
  void TakeName(std::string name);
  bool IsArgumentsKey(const PatternPart& part) const;
  bool IsNameKey(const PatternPart& part) const;
  bool SkipByte(char c);
  void SkipSpace();
  std::string_view rest() const { return text_.substr(position_); }

  const CallSyntax& syntax_;
  const Pattern& pattern_;
  const ToolSet& tools_;
  const Pattern parameter_;
  std::string_view text_;
  bool last_ = false;
  size_t position_ = 0, part_ = 0;

  std::string name_, any_, arguments_;
  bool arguments_begun_ = false, arguments_whole_ = false;

  // Of the JSON value that is being read.
  std::optional<JsonScanner> scanner_;
  // Of kObject.
  enum class ObjectState : uint8_t { kOpen, kKey, kColon, kValue, kCommaOrEnd };
  ObjectState object_state_ = ObjectState::kOpen;
  std::string object_key_, object_value_;
  bool value_is_text_ = false;
  // Of kParameters.
  size_t parameter_part_ = 0;
  bool in_parameter_ = false, has_parameters_ = false, in_value_ = false, string_open_ = false;
  std::string key_, type_;
  size_t value_begin_ = 0, value_searched_ = 0;
  std::optional<ValueEndFinder> value_end_;
};

}  // namespace pioneer::chat_format
