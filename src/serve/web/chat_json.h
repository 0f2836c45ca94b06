// Why: rows of the store become the page's JSON (docs/web-api.md) here, and the page's settings
// are checked here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "serve/json_fields.h"
#include "serve/search/search_fields.h"
#include "store/chat_store.h"

namespace pioneer::serve::web {

OrderedJson ChatSummaryJson(const Chat& chat);
OrderedJson ChatJson(const Chat& chat);  // without messages
OrderedJson MessageJson(const Message& message);

struct ChatSettings {
  std::optional<double> temperature, top_p;
  std::optional<int> max_tokens;
  std::optional<std::string> system;
  std::optional<bool> thinking;          // where the model lets itself be asked
  std::optional<SearchSettings> search;  // the chat answers by searching
};

// The object `settings` of a request. Throws ApiError 400 that names the field, for unknown ones
// too.
ChatSettings ReadSettings(const Json& settings);
std::string SettingsToText(const ChatSettings& settings);
// What the store keeps; a text that is no longer valid gives the defaults.
ChatSettings SettingsFromText(const std::string& text);

// The messages from the first to `leaf_id`; empty when that is not among them.
std::vector<Message> PathTo(const std::vector<Message>& messages, const std::string& leaf_id);

// The first line of a question, at most 60 characters, cut between words where possible.
std::string TitleFrom(const std::string& question);

// The branch that is shown, as a document: what was said and where it was found, which tools were
// called, no thoughts.
std::string ExportMarkdown(const Chat& chat, const std::vector<Message>& path);

}  // namespace pioneer::serve::web
