// Why: verifiable rewards need tasks whose answers are known; sums are the smallest, can be made in
// any number, and show on any model whether tuning works.
#pragma once

#include <cstdint>
#include <string>

namespace pioneer::tune {

struct ArithmeticOptions {
  int64_t count = 1000;  // at most
  int64_t largest = 20;  // of the numbers that are added or taken away, from 0
  uint64_t seed = 1;
};

// JSONL, one task a line, of which each method reads its own fields: {"prompt", "answer": number}
// (grpo) and {"messages": question and answer} (sft). The same options give the same text. No task
// comes twice: where there are not so many, there are fewer lines.
std::string ArithmeticTasks(const ArithmeticOptions& options);

}  // namespace pioneer::tune
