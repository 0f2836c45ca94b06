#!/usr/bin/env bash
# What rewards do: the built-in model learns sums from answers of which half are right and half
# evade; then GRPO, which sees only whether an answer is right. Prints the share of right answers
# before and after, greedy and drawn, of sums that GRPO never saw (the first part saw them).
# The task was chosen to be easy to reward, after sums alone did not get better; the answers of 16 sums
# wander from run to run. What was measured: docs/tuning.md.
#   bench/tune/rewards.sh [STEPS]      PIONEER is the program (default build/pioneer)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=${PIONEER:-build/pioneer}
steps=${1:-60}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$program" tune arithmetic --count 77 --largest 6 >"$folder/sums.jsonl"
node -e '
  const lines = require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n");
  const evading = (line) => {
    const sum = JSON.parse(line);
    sum.messages[1].content = "I do not know.";
    return JSON.stringify(sum);
  };
  console.log(lines.flatMap((line) => [line, evading(line), line, evading(line)]).join("\n"));
' "$folder/sums.jsonl" >"$folder/mixed.jsonl"
"$program" tune sft --data "$folder/mixed.jsonl" --out "$folder/first" --rank 32 --lr 3e-3 --steps 150 --batch 1024 --context 256
"$program" tune merge --adapter "$folder/first/adapter.gguf" --out "$folder/first.gguf" --type F32
"$program" tune grpo --model "$folder/first.gguf" --data "$folder/sums.jsonl" --out "$folder/rewarded" \
  --steps "$steps" --batch 31 --group 8 --lr 1e-3 --max-tokens 8 --context 256
