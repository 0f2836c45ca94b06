// Why: `pioneer keys`: who may use the service when it asks for keys.
#include <fmt/format.h>

#include <memory>

#include "base/file.h"
#include "base/json.h"
#include "cli/command.h"
#include "store/key_store.h"

namespace pioneer {
namespace {

std::unique_ptr<KeyStore> OpenKeys() { return OpenSqliteKeyStore(PioneerHome() / "pioneer.db"); }

void CreateKey(const std::string& name, bool is_admin) {
  const CreatedApiKey created = OpenKeys()->Create(name, is_admin);
  fmt::print("{}\n", created.secret);
  fmt::print(stderr,
             "This is the only time the key is shown. Start the service with --require-keys.\n");
}

void ListKeys(bool json) {
  Json rows = Json::array();
  for (const ApiKey& key : OpenKeys()->List()) {
    rows.push_back(
        {{"id", key.id}, {"name", key.name}, {"hint", key.hint}, {"admin", key.is_admin}});
    if (json) continue;
    fmt::print("{:<28} {:<10} {}{}\n", key.id, key.hint, key.name,
               key.is_admin ? " (administrator)" : "");
  }
  if (json) fmt::print("{}\n", DumpJson(rows));
}

}  // namespace

void AddKeysCommand(CLI::App& root) {
  CLI::App* keys =
      AddCommand(root, "keys", "Create, list and revoke API keys", "pioneer keys create laptop");
  keys->require_subcommand(1);
  auto text = std::make_shared<std::string>();
  auto json = std::make_shared<bool>(false);

  CLI::App* create = keys->add_subcommand("create", "Make a key and print it, once");
  create->add_option("NAME", *text, "Whose key it is")->required();
  auto is_admin = std::make_shared<bool>(false);
  create->add_flag("--admin", *is_admin,
                   "A key of whoever runs this service: it opens the lab page (docs/lab.md)");
  create->callback([text, is_admin] { CreateKey(*text, *is_admin); });

  CLI::App* list = keys->add_subcommand("list", "The keys by id, beginning and name");
  list->add_flag("--json", *json, "Print JSON");
  list->callback([json] { ListKeys(*json); });

  CLI::App* revoke = keys->add_subcommand("revoke", "Make a key useless at once");
  revoke->add_option("ID", *text, "From pioneer keys list")->required();
  revoke->callback([text] { OpenKeys()->Revoke(*text); });
}

}  // namespace pioneer
