#!/usr/bin/env bash
# Two processes under mpirun train to the weights and losses of one process, bit for bit; so do runs
# of which any process is killed at random moments, and that are stopped, and that go on with another
# number of processes. Skipped where there is no Open MPI.
#   tests/train_mpi/run.sh [SEED] [KILLS]      PIONEER is the program (default build/pioneer)
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=${PIONEER:-build/pioneer}
seed=${1:-$(date +%N | sed 's/^0*//')}
kills=${2:-3}
RANDOM=$((seed % 32768))

skip() { echo "skipped: $1"; exit 0; }
command -v mpirun >/dev/null || skip 'no mpirun (Debian: openmpi-bin)'
[ -e "$(dirname "$program")/pioneer-mpi.so" ] || skip 'built without Open MPI (Debian: libopenmpi-dev)'

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export PIONEER_HOME=$folder/home
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0  # Open MPI's own
mpirun=(mpirun --oversubscribe)
[ "$(id -u)" -ne 0 ] || mpirun+=(--allow-run-as-root)

die() {
  printf 'FAILED (seed %s): %s\n' "$seed" "$1" >&2
  exit 1
}

cp -r docs "$folder/text"
cat >"$folder/recipe.toml" <<EOT
threads = 2
checkpoint_minutes = 0.002
tokenizer = {file = "$PWD/models/pioneer-small.gguf"}
model = {d_model = 64, n_layers = 2, n_heads = 2, d_ff = 128, context = 64}
optimizer = {kind = "muon"}
validation = {share = 0.02, sequences = 3, every_steps = 20}

[[stages]]
name = "first"
steps = 60
batch_tokens = 320
lr = 0.01
sources = [{path = "text"}]

[[stages]]
name = "second"
steps = 20
batch_tokens = 128
lr = 0.003
sources = [{path = "text"}]
EOT

weights_of() {  # RUN: a hash of its weights
  "$program" train --export-only --run "$1" --export "$folder/model.gguf" --type F32 >/dev/null ||
    die "cannot export $1"
  sha256sum <"$folder/model.gguf"
}
losses_of() {  # RUN: its log without what depends on time
  sed -E 's/,"(tokens_per_second|seconds)":[^,}]*//g' "$1/log.jsonl"
}
same_as_one() {  # RUN WHAT
  [ "$(weights_of "$1")" = "$expected" ] || die "other weights $2"
  [ "$(losses_of "$1")" = "$(losses_of "$folder/one")" ] || die "other losses $2"
}
start_training() {  # RUN PROCESSES: begins the run or goes on, in the background
  local command=("$program" train "$folder/recipe.toml" --run "$1")
  [ -e "$1/recipe.json" ] && command=("$program" train --resume --run "$1")
  [ "$2" -eq 1 ] || command=("${mpirun[@]}" -n "$2" "${command[@]}")
  "${command[@]}" >"$folder/log" 2>&1 &
  pid=$!
}
random_wait() {  # at most MILLISECONDS
  sleep "$(printf '%d.%03d' $((RANDOM % $1 / 1000)) $((RANDOM % $1 % 1000)))"
}

start_training "$folder/one" 1
wait "$pid" || die "$(cat "$folder/log")"
expected=$(weights_of "$folder/one")

start=${EPOCHREALTIME/./}
start_training "$folder/two" 2
wait "$pid" || die "$(cat "$folder/log")"
took_ms=$(((${EPOCHREALTIME/./} - start) / 1000))
same_as_one "$folder/two" 'of two processes'
grep -q 'Finished after 80 steps' "$folder/log" || die "no report: $(cat "$folder/log")"
[ "$(grep -c Finished "$folder/log")" -eq 1 ] || die 'both processes report'

run=$folder/killed
killed=0
while [ "$killed" -lt "$kills" ]; do
  start_training "$run" 2
  random_wait "$took_ms"
  read -ra ranks <"/proc/$pid/task/$pid/children"
  [ ${#ranks[@]} -gt 0 ] && kill -9 "${ranks[RANDOM % ${#ranks[@]}]}" && killed=$((killed + 1))
  wait "$pid" && rm -rf "$run"  # it was at its end before
done 2>/dev/null
start_training "$run" 1  # the rest in one process
wait "$pid" || die "$(cat "$folder/log")"
same_as_one "$run" "after $killed kills"

# mpirun passes signals on: one checkpoint, and the rest with both processes.
for signal in TERM USR1; do
  run=$folder/stopped-$signal
  for try in 1 2 3 4 5; do
    rm -rf "$run"
    start_training "$run" 2
    until [ -s "$run/log.jsonl" ]; do kill -0 "$pid" || die "$(cat "$folder/log")"; sleep 0.02; done
    kill -$signal "$pid"
    wait "$pid" && stopped=0 || stopped=$?
    # Else it was at its end before, or a busy machine took longer for the checkpoint than the second
    # that mpirun leaves after SIGTERM.
    grep -q 'stopped with a checkpoint' "$folder/log" && break
  done
  [ "$stopped" -ne 0 ] || die "a run that is stopped by $signal ends with status 0"
  [ "$(grep -c 'stopped with a checkpoint' "$folder/log")" -eq 1 ] || die "$(cat "$folder/log")"
  start_training "$run" 2
  wait "$pid" || die "$(cat "$folder/log")"
  same_as_one "$run" "after $signal"
done

# What is wrong is told once.
"${mpirun[@]}" -n 2 "$program" train --resume --run "$folder/none" >"$folder/log" 2>&1 &&
  die 'a run that is not there is resumed'
[ "$(grep -c 'holds no run to resume' "$folder/log")" -eq 1 ] || die "$(cat "$folder/log")"

printf 'two processes, %s kills, a stop: the weights and losses of one process\n' "$killed"
