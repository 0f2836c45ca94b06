// Why: one function a format; what they share (reading lines, examples) stands in task_file.cc.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "eval/task.h"

namespace pioneer::eval {

// An item before the examples are put in front of it.
struct Draft {
  TaskItem item;
  std::string prompt;  // of the question alone
  std::string target;  // what an example has behind it, with the space between; "" = cannot be one
  std::string subject;
};

struct Format {
  const char* name;
  bool (*fits)(const Json& line);  // is this a line of the format?
  // Throws Error{kInvalidArgument} that names the field.
  Draft (*read)(const Json& line);
  std::vector<Metric> metrics;
  // What stands before the examples, of a subject.
  std::string (*description)(const std::string& subject);
};

// Null when the line is of no known format.
const Format* FindFormat(const Json& line);

}  // namespace pioneer::eval
