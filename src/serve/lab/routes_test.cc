// Why: the lab shows files and starts programs, so first of all: for whom. Then what it tells,
// whole and while it grows.
#include <fstream>

#include "serve/test_support.h"
#include "train/run_folder.h"
#include "train/train_log.h"

namespace pioneer::serve {
namespace {

class LabRoutesTest : public ServerTest {
 protected:
  RunFolder MakeRun(const std::string& name) const {
    const RunFolder run{folder.path() / "runs" / name};
    fs::create_directories(run.data());
    WriteFileAtomically(run.recipe(), R"({"stages": [], "secret": "recipe"})");
    WriteFileAtomically(run.manifest(), R"({"lineage": "abc", "sources": []})");
    return run;
  }
  static void Log(const RunFolder& run, int64_t from, int64_t to) {
    for (int64_t step = from; step <= to; ++step) {
      TrainLogEntry entry;
      entry.step = step;
      entry.stage = "text";
      entry.tokens = step * 10;
      entry.loss = 1 / static_cast<double>(step);
      if (step % 10 == 0) entry.validation_loss = 2;
      AppendLog(run.log(), entry);
    }
  }
  int Status(const std::string& path, HttpHeaders headers = {}, const std::string& key = "") const {
    TestClient client = Client();
    client.key = key;
    return client.Send("GET", path, "", std::move(headers)).status;
  }
  std::vector<SseEvent> Live(const std::string& query,
                             const std::function<bool(const SseEvent&)>& on_event) const {
    return TestClient::Events(Client().Request("GET", "/api/lab/live?" + query, "", {}), on_event);
  }
  static constexpr const char* kPaths[] = {"/api/lab/runs", "/api/lab/runs/a",
                                           "/api/lab/runs/a/series", "/api/lab/live?run=a"};
};

TEST_F(LabRoutesTest, OnOnesOwnMachineNoKeyIsNeeded) {
  StartServer();
  MakeRun("a");
  const Json list = Client().Ask(200, "GET", "/api/lab/runs");
  EXPECT_EQ(list["runs"][0]["name"], "a");
  EXPECT_EQ(list["folder"], (folder.path() / "runs").string());
  EXPECT_EQ(Client().Ask(200, "GET", "/api/state")["administrator"], true);
}

TEST_F(LabRoutesTest, WhatAProxyPassesOnIsNotTheOwner) {
  StartServer();
  MakeRun("a");
  for (const char* header : {"X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"}) {
    for (const char* path : kPaths) EXPECT_EQ(Status(path, {{header, "1.2.3.4"}}), 403) << path;
  }
}

TEST_F(LabRoutesTest, AServiceForOthersAsksForAnAdministrator) {
  options.allowed_hosts = {"lab.example.org"};
  StartServer();
  MakeRun("a");
  for (const char* path : kPaths) EXPECT_EQ(Status(path), 403) << path;
  TestClient client = Client();
  EXPECT_EQ(client.Send("POST", "/api/lab/runs/a/stop", "{}").status, 403);
  EXPECT_EQ(client.Send("POST", "/api/lab/runs/a/resume", "{}").status, 403);
  EXPECT_EQ(client.Send("POST", "/api/lab/runs", R"({"name":"b","depth":1})").status, 403);
  EXPECT_EQ(client.Ask(200, "GET", "/api/state")["administrator"], false);
}

TEST_F(LabRoutesTest, AKeyIsNotEnoughAnAdministratorsIs) {
  const auto keys = OpenSqliteKeyStore(folder.path() / "pioneer.db");
  const std::string plain = keys->Create("program").secret;
  const std::string admin = keys->Create("me", true).secret;
  options.require_keys = true;
  StartServer();
  MakeRun("a");
  EXPECT_EQ(Status("/api/lab/runs"), 401);
  EXPECT_EQ(Status("/api/lab/runs", {}, plain), 403);
  EXPECT_EQ(Status("/api/lab/runs", {}, admin), 200);
  EXPECT_EQ(Status("/api/lab/runs", {{"X-Forwarded-For", "1.2.3.4"}}, admin), 200);
  TestClient page = Client();  // the login's cookie
  page.Ask(204, "POST", "/api/login", DumpJson(Json{{"key", admin}}));
  page.Ask(200, "GET", "/api/lab/runs");
  keys->Revoke(keys->List()[1].id);
  EXPECT_EQ(page.Send("GET", "/api/lab/runs").status, 401);
}

TEST_F(LabRoutesTest, NamesLeadNowhereElse) {
  StartServer();
  MakeRun("a");
  WriteFileAtomically(folder.path() / "recipe.json", "{}");
  for (const char* name : {"..", "%2e%2e", "..%2Fruns%2Fa", "a%2F..%2Fa", "%2Fetc", ".", "none",
                           "a%00", "%5c..%5ca"}) {
    const std::string path = std::string("/api/lab/runs/") + name;
    const int status = Status(path);
    EXPECT_TRUE(status == 404 || status == 400) << path << " " << status;
    const int live = Status(std::string("/api/lab/live?run=") + name);
    EXPECT_TRUE(live == 404 || live == 400) << name << " " << live;
  }
  EXPECT_EQ(Status("/api/lab/live"), 400);
  EXPECT_EQ(Status("/api/lab/runs/a/series?from=-1"), 400);
}

TEST_F(LabRoutesTest, ARunAsAWholeAndInPart) {
  StartServer();
  const RunFolder run = MakeRun("a");
  Log(run, 1, 3000);
  const Json details = Client().Ask(200, "GET", "/api/lab/runs/a");
  EXPECT_EQ(details["state"], "failed");  // no checkpoint
  EXPECT_EQ(details["step"], 3000);
  EXPECT_EQ(details["recipe_json"]["secret"], "recipe");
  EXPECT_EQ(details["data"]["lineage"], "abc");
  const Json series = Client().Ask(200, "GET", "/api/lab/runs/a/series");
  EXPECT_LE(series["step"].size(), 1000u);
  EXPECT_EQ(series["step"].size(), series["loss"]["mean"].size());
  EXPECT_EQ(series["loss"]["max"][0], 1);
  EXPECT_EQ(series["held_out"]["loss"].back(), 2);
  const Json part = Client().Ask(200, "GET", "/api/lab/runs/a/series?from=100&to=149");
  EXPECT_EQ(part["step"].size(), 50u);
  EXPECT_EQ(part["step"][0], 100);
}

TEST_F(LabRoutesTest, CurvesGrowOnTheStream) {
  StartServer();
  const RunFolder run = MakeRun("a");
  MakeRun("b");
  Log(run, 1, 5);
  int64_t last = 0;
  bool went_back = false, wrote = false;
  std::set<std::string> named;
  Live("run=a&run=b", [&](const SseEvent& event) {
    const Json data = ParseJson(event.data);
    named.insert(data["run"]);
    if (event.event == "summary" && !wrote) {
      wrote = true;
      Log(run, 6, 8);
      std::ofstream(run.samples()) << R"({"step":8,"prompt":"a","text":"b"})"
                                   << "\n";
    }
    if (event.event == "points") {
      EXPECT_EQ(data["series"]["step"], Json({6, 7, 8}));
      last = 8;
      TruncateLog(run.log(), 2);
    } else if (event.event == "series" && last == 8) {
      EXPECT_EQ(data["series"]["step"], Json({1, 2}));
      went_back = true;
    }
    return !went_back;
  });
  EXPECT_TRUE(went_back);
  EXPECT_EQ(named, (std::set<std::string>{"a", "b"}));
}

TEST_F(LabRoutesTest, TheStreamEndsWithTheService) {
  StartServer();
  MakeRun("a");
  std::thread stops;
  Live("run=a", [&](const SseEvent& event) {
    if (event.event == "summary" && !stops.joinable()) {
      stops = std::thread([this] { server->Stop(60'000); });
    }
    return true;
  });
  stops.join();
}

TEST_F(LabRoutesTest, BeginsStopsAndResumesWithReasons) {
  options.program = "/bin/true";
  StartServer();
  MakeRun("a");
  TestClient client = Client();
  const auto message = [&](const std::string& path, const Json& body, int status) {
    return client.Ask(status, "POST", path, DumpJson(body))["error"]["message"].get<std::string>();
  };
  EXPECT_NE(message("/api/lab/runs", {{"name", "x"}}, 400).find("recipe"), std::string::npos);
  EXPECT_NE(message("/api/lab/runs", {{"name", "../x"}, {"recipe", "/x"}}, 400).find("name"),
            std::string::npos);
  EXPECT_NE(message("/api/lab/runs", {{"name", "x"}, {"recipe", "x.toml"}}, 400).find("whole path"),
            std::string::npos);
  message("/api/lab/runs", {{"name", "x"}, {"recipe", "/nowhere.toml"}}, 404);
  message("/api/lab/runs", {{"name", "a"}, {"recipe", "/nowhere.toml"}}, 400);
  message("/api/lab/runs", {{"name", "x"}, {"depth", 65}}, 400);
  message("/api/lab/runs", {{"name", "x"}, {"depth", 1}, {"data", {"--help"}}}, 400);
  message("/api/lab/runs/a/stop", Json::object(), 400);
  EXPECT_FALSE(fs::exists(folder.path() / "runs/x"));
  client.Ask(202, "POST", "/api/lab/runs/a/resume", "{}");
  WriteFileAtomically(folder.path() / "text.txt", "some text");
  const std::string text = (folder.path() / "text.txt").string();
  client.Ask(202, "POST", "/api/lab/runs",
             DumpJson(Json{{"name", "x"}, {"depth", 1}, {"data", {text}}}));
  EXPECT_TRUE(Eventually([&] {
    return client.Ask(200, "GET", "/api/lab/runs/x")["state"] ==
           "failed";  // true(1) trains nothing
  }));
}

}  // namespace
}  // namespace pioneer::serve
