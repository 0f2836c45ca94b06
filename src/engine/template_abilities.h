// Why: chat templates differ in what they take: tools or none, a call's arguments as an object or
// as text. What a template does not say is found out by trying it; what it cannot do is done in
// plain messages.
#pragma once

#include <vector>

#include "engine/generator.h"
#include "text/chat_template.h"

namespace pioneer {

struct TemplateAbilities {
  bool system = true;                  // system messages
  bool tools = false;                  // tools, calls and results
  bool arguments_as_text = false;      // calls' arguments are text, not an object
  bool calls_without_content = false;  // calls are shown only beside a content of none
  bool calls_without_results = true;   // a user may speak right after calls
  bool space_before_answers = false;   // shown answers have a space between header and content
};

// Renders a few small conversations. Never throws because of what the template does.
TemplateAbilities ProbeTemplate(const ChatTemplate& chat_template);

// For templates without tools: the tools in words, in the system's message or before the user's
// first one; calls and results as messages. The syntax is that of the format "generic".
std::vector<ChatMessage> TellAboutTools(std::vector<ChatMessage> messages, const OrderedJson& tools,
                                        bool system);

// For templates without calls_without_results: calls that no result follows, in words.
void TellCallsWithoutResults(std::vector<ChatMessage>& messages);

}  // namespace pioneer
