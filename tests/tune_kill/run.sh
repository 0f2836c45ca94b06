#!/usr/bin/env bash
# Tuning runs that are killed at random moments end with the adapter of the run that nobody
# disturbed, bit for bit: conversations, preferences and rewards.
#   tests/tune_kill/run.sh [SEED] [KILLS]      PIONEER is the program (default build/pioneer)
# KILLS are those of each method.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=${PIONEER:-build/pioneer}
seed=${1:-$(date +%N | sed 's/^0*//')}
kills=${2:-7}
RANDOM=$((seed % 32768))
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export PIONEER_HOME=$folder/home

die() {
  printf 'FAILED (seed %s): %s\n' "$seed" "$1" >&2
  exit 1
}

"$program" tune arithmetic --count 100 --largest 9 >"$folder/sums.jsonl"
for i in {1..40}; do
  printf '{"prompt": "%s", "chosen": "yes", "rejected": "no"}\n' "$i"
done >"$folder/pairs.jsonl"

begin() {  # METHOD RUN
  local data=$folder/sums.jsonl batch=512 more=()
  [ "$1" = dpo ] && data=$folder/pairs.jsonl batch=4
  [ "$1" = grpo ] && batch=4 more=(--group 4 --max-tokens 4 --kl 0.05 --updates 2)
  exec "$program" tune "$1" --data "$data" --out "$2" --rank 4 --steps 20 --batch "$batch" --lr 1e-3 \
    --context 128 --threads 2 --checkpoint-minutes 0.001 "${more[@]}"
}

total=0
for method in sft dpo grpo; do
  start=${EPOCHREALTIME/./}
  (begin $method "$folder/$method") >/dev/null 2>"$folder/log" || die "$(cat "$folder/log")"
  took_us=$((${EPOCHREALTIME/./} - start))
  killed=0
  run=$folder/$method-killed
  while true; do
    if [ -e "$run/tune.json" ]; then
      "$program" tune $method --resume --out "$run" >/dev/null 2>"$folder/log" &
    else
      begin $method "$run" >/dev/null 2>"$folder/log" &
    fi
    pid=$!
    if [ "$killed" -lt "$kills" ]; then
      wait_us=$((RANDOM * took_us / 32768 / 2))
      sleep "$((wait_us / 1000000)).$(printf '%06d' $((wait_us % 1000000)))"
      kill -9 "$pid" 2>/dev/null
    fi
    wait "$pid" 2>/dev/null
    status=$?
    if [ "$status" -eq 137 ]; then
      killed=$((killed + 1))
      total=$((total + 1))
      continue
    fi
    [ "$status" -eq 0 ] || die "$method: $(cat "$folder/log")"
    cmp -s "$folder/$method/adapter.gguf" "$run/adapter.gguf" ||
      die "$method: another adapter after $killed kills"
    [ "$killed" -lt "$kills" ] || break
    rm -rf "$run"
  done
done
printf '%s kills in runs of three methods: the same adapters each time\n' "$total"
