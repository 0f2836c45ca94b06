// Why: the JSON-Schema-Test-Suite is what implementations are measured by. Nothing invalid may be
// taken; what is refused though it is valid must stay rare (order of keys, integers written "1.0",
// formats, which are held here, and remote schemas, which are not fetched).
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file.h"
#include "text/grammar/json_schema_test_support.h"

namespace pioneer::grammar {
namespace {

struct Count {
  int n_cases = 0, n_passed = 0, n_compile = 0, n_refused = 0;
};

// The suite's draft 7 does not always say which draft it is.
std::string WithDialect(const SchemaValue& schema, const std::string& uri) {
  if (!schema.is_object() || schema.Find("$schema")) return WriteJson(schema);
  std::string text = WriteJson(schema);
  return "{\"$schema\": \"" + uri + "\"" + (schema.members.empty() ? "" : ", ") + text.substr(1);
}

void RunGroup(const SchemaValue& group, const std::string& file, const std::string& uri,
              Count& count) {
  const std::vector<SchemaValue>& tests = group.Find("tests")->items;
  count.n_cases += static_cast<int>(tests.size());
  std::unique_ptr<SchemaChecker> checker;
  try {
    checker = std::make_unique<SchemaChecker>(WithDialect(*group.Find("schema"), uri));
  } catch (const Error& error) {
    // "Nothing can satisfy it" refuses every instance rightly.
    const bool nothing = std::string_view(error.what()).find("satisfy") != std::string_view::npos;
    for (const SchemaValue& test : tests) {
      (nothing && !test.Find("valid")->boolean ? count.n_passed : count.n_compile) += 1;
    }
    return;
  }
  for (const SchemaValue& test : tests) {
    const bool valid = test.Find("valid")->boolean;
    const bool accepted = checker->Accepts(*test.Find("data"));
    EXPECT_FALSE(accepted && !valid) << file << ": " << group.Find("description")->text << ": "
                                     << test.Find("description")->text;
    count.n_passed += accepted == valid ? 1 : 0;
    count.n_refused += valid && !accepted ? 1 : 0;
  }
}

void RunDraft(const std::string& draft, const std::string& uri, double least_share) {
  const fs::path folder =
      fs::path(PIONEER_SOURCE_DIR) / "../shared/data/schemas/test-suite/tests" / draft;
  if (!fs::exists(folder)) GTEST_SKIP() << "the suite is not here: " << folder;
  Count count;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    const SchemaValue groups = ParseSchemaValue(ReadFile(entry.path()));
    for (const SchemaValue& group : groups.items) {
      RunGroup(group, entry.path().filename(), uri, count);
    }
  }
  const double share = static_cast<double>(count.n_passed) / count.n_cases;
  testing::Test::RecordProperty("cases", count.n_cases);
  testing::Test::RecordProperty("passed", count.n_passed);
  EXPECT_GT(share, least_share) << count.n_passed << " of " << count.n_cases << ", "
                                << count.n_compile << " in schemas that are refused, "
                                << count.n_refused << " valid instances refused";
}

TEST(JsonSchemaSuite, Draft2020) {
  RunDraft("draft2020-12", "https://json-schema.org/draft/2020-12/schema", 0.75);
}

TEST(JsonSchemaSuite, Draft7) {
  RunDraft("draft7", "http://json-schema.org/draft-07/schema#", 0.75);
}

}  // namespace
}  // namespace pioneer::grammar
