// Why: `pioneer chat`: talk in the terminal, with a line editor, or ask one question from a script.
#include <editline/readline.h>
#include <fmt/format.h>
#include <langinfo.h>
#include <unistd.h>

#include <atomic>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "cli/answer_printer.h"
#include "cli/command.h"
#include "cli/generator_option.h"
#include "cli/model_option.h"

namespace pioneer {
namespace {

struct ChatOptions {
  std::string model, system, message;
  GenerationOptions generation;
  int tokens = 0;             // 0 = kTokens, or until the context is full where the model thinks
  std::optional<bool> think;  // what it is asked for, where it can be
  std::optional<bool> show_thoughts;
  EngineFlags engine;
};

constexpr int kTokens = 512;

// The generation that Ctrl+C stops. Generation::Cancel() is not for signal handlers, so the handler
// only raises a flag, which the loop below reads between the tokens.
std::atomic<bool> interrupted{false};
void StopAnswer(int) { interrupted = true; }

constexpr const char* kHelp =
    "  /new         forget this conversation\n"
    "  /again       answer the last question once more\n"
    "  /system TEXT set the system prompt\n"
    "  /help        this list\n"
    "  /exit        leave (so does Ctrl+D); Ctrl+C stops an answer\n";

ChatMessage MessageOf(const std::string& role, const std::string& content) {
  ChatMessage message;
  message.role = role;
  message.content = content;
  return message;
}

// Templates fail on a call's arguments that were cut off.
bool IsJsonObject(const std::string& text) {
  try {
    return ParseJson(text).is_object();
  } catch (const Error&) {
    return false;
  }
}

class Conversation {
 public:
  Conversation(Generator& generator, const ChatOptions& options)
      : generator_(generator), options_(options) {
    request_.read_all_calls = true;
    if (options.think) request_.reasoning_effort = *options.think ? "medium" : "none";
    SetSystem(options.system);
  }

  void SetSystem(const std::string& text) {
    system_ = text;
    Forget();
  }
  void Forget() {
    request_.messages.clear();
    if (!system_.empty()) request_.messages.push_back(MessageOf("system", system_));
  }
  // Drops the last answer; false when there is none.
  bool DropAnswer() {
    if (request_.messages.empty() || request_.messages.back().role != "assistant") return false;
    request_.messages.pop_back();
    return true;
  }
  void Say(const std::string& text) {
    request_.messages.push_back(MessageOf("user", text));
    Answer();
  }
  // Streams the answer to the last question to stdout.
  void Answer() {
    request_.options = options_.generation;
    request_.options.limits.max_tokens = MaxTokens();
    try {
      const ChatMessage answer = Stream(*generator_.Chat(request_));
      request_.messages.push_back(answer);
    } catch (const Error&) {
      request_.messages.pop_back();  // the question that failed is not part of the conversation
      throw;
    }
  }

 private:
  // How long a model thinks cannot be foreseen.
  int MaxTokens() const {
    if (options_.tokens > 0) return options_.tokens;
    const Thinking thinking = generator_.info().thinking;
    const bool usually = thinking == Thinking::kOnByDefault;
    const bool switchable = usually || thinking == Thinking::kOffByDefault;
    const bool thinks =
        switchable ? options_.think.value_or(usually) : thinking == Thinking::kAlways;
    return thinks ? -1 : kTokens;
  }

  ChatMessage Stream(Generation& generation) const {
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    AnswerPrinter printer(options_.show_thoughts.value_or(terminal), terminal);
    ChatMessage answer = MessageOf("assistant", "");
    ChatMessage::ToolCall call;  // the one being written
    interrupted = false;
    while (std::optional<GenerationEvent> event = generation.Next()) {
      if (interrupted) generation.Cancel();
      if (const auto* text = std::get_if<TextEvent>(&*event)) {
        answer.content += text->text;
        printer.Text(text->text);
      } else if (const auto* thoughts = std::get_if<ReasoningEvent>(&*event)) {
        answer.reasoning += thoughts->text;
        printer.Thoughts(thoughts->text);
      } else if (const auto* piece = std::get_if<ToolCallEvent>(&*event)) {
        call.id += piece->id;
        call.name += piece->name;
        call.arguments_json += piece->arguments;
        if (!piece->finished) continue;
        printer.Call(call);
        if (IsJsonObject(call.arguments_json)) answer.tool_calls.push_back(call);
        call = {};
      } else if (const auto* finish = std::get_if<FinishEvent>(&*event)) {
        if (finish->reason == FinishReason::kError) Fail(ErrorCode::kInternal, "{}", finish->error);
      }
    }
    printer.End();
    if (answer.content.empty() && answer.tool_calls.empty() && !answer.reasoning.empty()) {
      fmt::print(stderr, "The model ended while it thought; --no-think may make it answer.\n");
    }
    return answer;
  }

  Generator& generator_;
  const ChatOptions& options_;
  std::string system_;
  ChatRequest request_;
};

// One line from the terminal with editing and history, or plainly from a pipe; false at the end.
bool ReadLine(std::string& line) {
  struct Free {
    void operator()(char* p) const { std::free(p); }
  };
  const std::unique_ptr<char, Free> read(readline("> "));
  if (read == nullptr) return false;
  line = read.get();
  if (!line.empty()) add_history(line.c_str());
  return true;
}

// Does what the line asks; false to leave.
bool Obey(Conversation& conversation, const std::string& line) {
  if (line == "/exit" || line == "/quit") return false;
  if (line == "/help") {
    fmt::print("{}", kHelp);
  } else if (line == "/new") {
    conversation.Forget();
  } else if (line == "/again") {
    conversation.DropAnswer() ? conversation.Answer() : fmt::print("Nothing was asked yet.\n");
  } else if (line.starts_with("/system ")) {
    conversation.SetSystem(line.substr(8));
  } else if (line.starts_with("/")) {
    fmt::print("There is no such command. These are:\n{}", kHelp);
  } else if (!line.empty()) {
    conversation.Say(line);
  }
  return true;
}

void Talk(Conversation& conversation, const GeneratorInfo& info) {
  fmt::print("{} ({}). /help lists the commands.\n", info.id, info.description);
  std::string line;
  while (true) {
    std::fflush(stdout);
    if (!ReadLine(line)) break;
    try {
      if (!Obey(conversation, line)) break;
    } catch (const Error& error) {
      fmt::print("{}\n", error.what());
    }
  }
}

// The line editor drops what is not in the locale's alphabet: without a UTF-8 locale, most of the
// world's letters.
void UseUtf8() {
  if (std::setlocale(LC_CTYPE, "") != nullptr &&
      std::string_view(nl_langinfo(CODESET)) == "UTF-8") {
    return;
  }
  std::setlocale(LC_CTYPE, "C.UTF-8");
}

void TalkInTerminal(const ChatOptions& options) {
  UseUtf8();
  const std::shared_ptr<Generator> generator = OpenGenerator(options.model, options.engine);
  Conversation conversation(*generator, options);
  if (!options.message.empty()) return conversation.Say(options.message);
  struct sigaction action = {};
  action.sa_handler = StopAnswer;
  sigaction(SIGINT, &action, nullptr);
  Talk(conversation, generator->info());
}

}  // namespace

void AddChatCommand(CLI::App& root) {
  auto options = std::make_shared<ChatOptions>();
  options->generation.sampling.temperature = 0.7;
  options->generation.sampling.top_p = 0.95;
  CLI::App* command =
      AddCommand(root, "chat", "Talk with a model in the terminal", "pioneer chat 'Who are you?'");
  command->add_option("MESSAGE", options->message, "Ask this, print the answer and leave");
  AddModelOption(*command, options->model);
  command->add_option("--system", options->system, "The system prompt");
  command
      ->add_option("--tokens", options->tokens,
                   "At most so many tokens an answer (default: 512, or until the context is full "
                   "where the model thinks first)")
      ->check(CLI::Range(1, 1 << 24));
  const auto choice = [&](const char* name, std::optional<bool>& choice, bool value,
                          const char* help) {
    command->add_flag_callback(
        name, [&choice, value] { choice = value; }, help);
  };
  choice("--think", options->think, true, "Ask the model to think first, where it can be asked");
  choice("--no-think", options->think, false, "Ask it to answer without thinking first");
  choice("--thoughts", options->show_thoughts, true,
         "Print the thoughts, too (as on a terminal, where they are dim)");
  choice("--no-thoughts", options->show_thoughts, false,
         "Print the answer alone (as elsewhere: to a file, to a program)");
  AddSamplingOptions(*command, options->generation);
  AddEngineOptions(*command, options->engine);
  command->callback([options] { TalkInTerminal(*options); });
}

}  // namespace pioneer
