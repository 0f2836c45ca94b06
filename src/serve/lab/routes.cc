// Why: the lab page's API, as docs/web-api.md says. For administrators only, all of it: recipes and
// samples are files of this machine, and training takes the machine itself.
#include <charconv>
#include <limits>

#include "serve/administrator.h"
#include "serve/json_fields.h"
#include "serve/lab/lab_json.h"
#include "serve/lab/live_runs.h"
#include "train/dial.h"

namespace pioneer::serve {
namespace {

constexpr size_t kMaxPathBytes = 4096;
constexpr size_t kMaxDataPaths = 1000;

void ListRuns(Service& service, const HttpRequest&, ServeWriter& writer) {
  OrderedJson runs = OrderedJson::array();
  for (const lab::RunSummary& run : service.lab.List()) runs.push_back(RunSummaryJson(run));
  writer.SendJson(200, {{"folder", service.lab.folder().string()}, {"runs", std::move(runs)}});
}

void ShowRun(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const std::string& name = request.PathParameter("name");
  const RunFolder folder = service.lab.Find(name);
  OrderedJson json = RunSummaryJson(service.lab.Summary(name));
  json["folder"] = folder.root.string();
  json["recipe_json"] = lab::ReadRunRecipe(folder);
  json["data"] = lab::ReadRunData(folder);
  json["output"] = lab::ReadRunOutput(folder);
  writer.SendJson(200, json);
}

int64_t StepParameter(const HttpRequest& request, const char* name, int64_t missing) {
  const auto text = request.Query(name);
  if (!text) return missing;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < 0) {
    throw InvalidField(name, "must be a step");
  }
  return value;
}

void ShowSeries(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const std::string& name = request.PathParameter("name");
  const int64_t from = StepParameter(request, "from", 0);
  const int64_t to = StepParameter(request, "to", std::numeric_limits<int64_t>::max());
  const bool whole = !request.Query("from") && !request.Query("to");
  writer.SendJson(
      200, LogSeriesJson(whole ? service.lab.Log(name).series()
                               : lab::ReadLogWindow(service.lab.Find(name).log(), from, to)));
}

void WatchRuns(Service& service, const HttpRequest& request, ServeWriter& writer) {
  std::vector<std::string> names;
  for (const auto& [name, value] : request.query) {
    if (name == "run") names.push_back(value);
  }
  if (names.empty() || names.size() > LiveRuns::kMaxRuns) {
    throw InvalidField("run", fmt::format("name 1 to {} runs", LiveRuns::kMaxRuns));
  }
  LiveRuns(service, names).Send(writer);
}

fs::path ReadPath(const std::string& text, const std::string& field) {
  if (text.size() > kMaxPathBytes || text.find('\0') != std::string::npos) {
    throw InvalidField(field, "is no path");
  }
  return text;
}

void BeginRun(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const Json json = ParseBody(request.body);
  const FieldReader body(json, "");
  lab::NewRun run;
  run.name = body.String("name").value_or("");
  run.recipe = ReadPath(body.String("recipe").value_or(""), "recipe");
  run.depth = body.Int("depth", 1, kMaxDepth).value_or(0);
  if (run.depth == 0 && run.recipe.empty()) {
    throw InvalidField("recipe", "is missing, and there is no depth");
  }
  if (const Json* data = body.Array("data")) {
    if (data->size() > kMaxDataPaths) throw InvalidField("data", "has too many paths");
    for (size_t i = 0; i < data->size(); ++i) {
      const std::string field = fmt::format("data[{}]", i);
      run.data.push_back(ReadPath(RequireString((*data)[i], field), field));
    }
  }
  service.lab.Begin(run);
  writer.SendJson(202, RunSummaryJson(service.lab.Summary(run.name)));
}

void StopRun(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const std::string& name = request.PathParameter("name");
  service.lab.Stop(name);
  writer.SendJson(202, RunSummaryJson(service.lab.Summary(name)));
}

void ResumeRun(Service& service, const HttpRequest& request, ServeWriter& writer) {
  const std::string& name = request.PathParameter("name");
  service.lab.Resume(name);
  writer.SendJson(202, RunSummaryJson(service.lab.Summary(name)));
}

}  // namespace

void AddLabRoutes(Routes& routes) {
  // Nothing is added here that does not ask who is there.
  const auto add = [&routes](const char* method, const char* pattern, ServeHandler handler) {
    routes.Add(method, pattern,
               [handler](Service& service, const HttpRequest& request, ServeWriter& writer) {
                 RequireAdministrator(service, request);
                 handler(service, request, writer);
               });
  };
  add("GET", "/api/lab/runs", ListRuns);
  add("POST", "/api/lab/runs", BeginRun);
  add("GET", "/api/lab/live", WatchRuns);
  add("GET", "/api/lab/runs/{name}", ShowRun);
  add("GET", "/api/lab/runs/{name}/series", ShowSeries);
  add("POST", "/api/lab/runs/{name}/stop", StopRun);
  add("POST", "/api/lab/runs/{name}/resume", ResumeRun);
}

}  // namespace pioneer::serve
