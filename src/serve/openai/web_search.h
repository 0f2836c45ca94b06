// Why: web_search_options of chat completions: the service searches the library and, where one is
// set up, the web, and the answer's text cites what carries it (docs/api.md, "Search in chats").
//
// The model is given what was found as data, without tools; each sentence is proved before it is
// sent, as POST /v1/search does.
#pragma once

#include <string>
#include <vector>

#include "serve/openai/chat_request.h"
#include "serve/service.h"

namespace pioneer::serve::openai {

// Throws ApiError 400 that names the field; nullopt where the field is absent. What the answer of a
// search cannot honour is refused here.
std::optional<WebSearchOptions> ReadWebSearchOptions(const FieldReader& body,
                                                     const ChatRequest& request);

// Answers the newest message; returns when all is sent or the client is gone. Throws ApiError 400
// "nothing_to_search" where neither the library nor the web has anything.
void AnswerBySearch(Service& service, const ChatCall& call, ServeWriter& writer);

}  // namespace pioneer::serve::openai
