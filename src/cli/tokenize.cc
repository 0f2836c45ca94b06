// Why: `pioneer tokenize`: text on stdin to token ids on stdout.
#include <fmt/format.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>

#include "base/json.h"
#include "cli/command.h"
#include "cli/model_option.h"
#include "text/tokenizer.h"

namespace pioneer {
namespace {

struct TokenizeOptions {
  std::string model;
  bool lines = false, special = false, parse_special = false, json = false;
};

void PrintIds(const Tokenizer& tokenizer, const std::string& text, const TokenizeOptions& options) {
  const std::vector<int32_t> ids = tokenizer.Encode(
      text, {.add_special = options.special, .parse_special = options.parse_special});
  if (options.json) {
    Json tokens = Json::array();
    for (const int32_t id : ids) {
      tokens.push_back({{"id", id}, {"text", tokenizer.TokenBytes(id, true)}});
    }
    fmt::print("{}\n", DumpJson(tokens));
  } else {
    fmt::print("{}\n", fmt::join(ids, " "));
  }
}

void Tokenize(const TokenizeOptions& options) {
  const std::unique_ptr<Tokenizer> tokenizer = LoadTokenizer(options.model);
  if (options.lines) {
    for (std::string line; std::getline(std::cin, line);) PrintIds(*tokenizer, line, options);
    return;
  }
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  PrintIds(*tokenizer, text, options);
}

}  // namespace

void AddTokenizeCommand(CLI::App& root) {
  auto options = std::make_shared<TokenizeOptions>();
  CLI::App* command =
      AddCommand(root, "tokenize", "Turn stdin, as one text, into token ids on a line",
                 "echo -n 'Hello' | pioneer tokenize --model pioneer-small");
  AddModelOption(*command, options->model);
  command->add_flag("--lines", options->lines, "Each line of stdin is a text by itself");
  command->add_flag("--special", options->special, "Add the model's BOS and EOS tokens");
  command->add_flag("--parse-special", options->parse_special,
                    "Control tokens written in the text become tokens");
  command->add_flag("--json", options->json, "Print ids with their texts as JSON");
  command->callback([options] { Tokenize(*options); });
}

}  // namespace pioneer
