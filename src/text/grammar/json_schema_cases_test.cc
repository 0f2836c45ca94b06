// Why: what each keyword means, as data: tests/cases/json_schema/*.json hold schemas with instances
// that their grammars must take and must refuse, and schemas that must be refused with a reason.
//
// A case: "schema"; "valid", "invalid": instances; "valid_text", "invalid_text": texts as they are;
// "error": a part of the message.
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "text/grammar/json_schema_test_support.h"

namespace pioneer::grammar {
namespace {

void CheckList(const SchemaValue& one, const char* key, bool expected, bool as_text,
               const SchemaChecker& checker) {
  const SchemaValue* list = one.Find(key);
  if (!list) return;
  for (const SchemaValue& instance : list->items) {
    const std::string text = as_text ? instance.text : WriteJson(instance);
    EXPECT_EQ(checker.Accepts(text), expected) << WriteJson(one) << "\n" << text;
  }
}

void Check(const SchemaValue& one) {
  const std::string schema = WriteJson(*one.Find("schema"));
  const SchemaValue* error = one.Find("error");
  try {
    const SchemaChecker checker(schema);
    EXPECT_EQ(error, nullptr) << schema << " was taken";
    CheckList(one, "valid", true, false, checker);
    CheckList(one, "invalid", false, false, checker);
    CheckList(one, "valid_text", true, true, checker);
    CheckList(one, "invalid_text", false, true, checker);
  } catch (const Error& failure) {
    ASSERT_NE(error, nullptr) << schema << ": " << failure.what();
    EXPECT_NE(std::string_view(failure.what()).find(error->text), std::string_view::npos)
        << schema << ": " << failure.what();
  }
}

TEST(JsonSchemaCases, HoldWhatTheySay) {
  int n = 0;
  for (const auto& entry :
       fs::directory_iterator(fs::path(PIONEER_SOURCE_DIR) / "tests/cases/json_schema")) {
    const SchemaValue cases = ParseSchemaValue(ReadFile(entry.path()));
    for (const SchemaValue& one : cases.items) {
      Check(one);
      ++n;
    }
  }
  EXPECT_GT(n, 100);
}

}  // namespace
}  // namespace pioneer::grammar
