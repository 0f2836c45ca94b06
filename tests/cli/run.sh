#!/usr/bin/env bash
# The program as a person types it: what it prints and how it ends. Parts that need ../shared/data
# are skipped, saying so, where that folder is absent.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=${PIONEER:-build/pioneer}
data=../shared/data
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export PIONEER_HOME=$scratch/home
failures=0

fail() {
  failures=$((failures + 1))
  printf 'FAILED: %s\n' "$1"
}

expect_equal() {  # NAME EXPECTED GOT
  [ "$2" = "$3" ] && return
  fail "$1"
  diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | head -n 10
}

# NAME STATUS WORDS COMMAND...: the command ends with STATUS and its stderr holds WORDS
expect_failure() {
  local name=$1 status=$2 words=$3 got
  shift 3
  "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
  got=$?
  [ "$got" -eq "$status" ] || fail "$name: status $got instead of $status"
  grep -qF -- "$words" "$scratch/err" || { fail "$name: no '$words' in:"; head -n 5 "$scratch/err"; }
}

# --- the built-in model
text=$("$program" complete --prompt 'Once upon a time' --tokens 24 --temperature 0)
[ -n "$text" ] || fail 'complete prints a text'
expect_equal 'greedy twice is the same' "$text" \
  "$("$program" complete --prompt 'Once upon a time' --tokens 24 --temperature 0)"
expect_equal 'scalar kernels say the same' "$text" \
  "$(PIONEER_ISA=scalar "$program" complete --prompt 'Once upon a time' --tokens 24 --temperature 0)"
answer=$("$program" chat --temperature 0 'Hello')
[ -n "$answer" ] || fail 'chat answers'
node tests/thinking_model.mjs models/pioneer-small.gguf "$scratch/thinking.gguf"
thinks() { "$program" chat --model "$scratch/thinking.gguf" --temperature 0 --tokens 20 "$@" Hello 2>/dev/null; }
expect_equal 'thoughts are no part of the answer' '' "$(thinks)"
[[ $(thinks --thoughts) == '> '?* ]] || fail 'chat --thoughts marks thoughts'
answer=$(thinks --no-think --thoughts)
[[ ${answer# } == [A-Za-z]* ]] || fail 'chat --no-think answers'
"$program" models list | grep -q pioneer-small || fail 'models list names the built-in model'
"$program" models show pioneer-small --json | grep -q '"architecture":"llama"' || fail 'models show --json'
"$program" models catalogue | grep -q '^qwen3-0.6b ' || fail 'models catalogue names a small model'
expect_failure 'a model to be pulled' 1 'pioneer models pull qwen3-0.6b' \
  env HF_HOME="$scratch/hf" OLLAMA_MODELS="$scratch/none" "$program" complete --model qwen3-0.6b --prompt x
expect_failure 'pull of a name that is none' 1 'OWNER/REPO' "$program" models pull no-such-name
expect_failure 'removing the built-in model' 1 'not Pioneer' "$program" models remove pioneer-small
cp models/pioneer-small.gguf "$scratch/mine.gguf"
mkdir -p "$PIONEER_HOME/models" && cp "$scratch/mine.gguf" "$PIONEER_HOME/models/mine.gguf"
"$program" models list | grep -q '^mine ' || fail 'models list names a file in the data folder'
"$program" models remove mine >/dev/null || fail 'models remove'
[ ! -e "$PIONEER_HOME/models/mine.gguf" ] || fail 'a removed model is gone'
ids=$(printf '안녕 hello' | "$program" tokenize)
[[ $ids =~ ^[0-9]+(\ [0-9]+)*$ ]] || fail "tokenize prints ids: $ids"
"$program" perplexity --file README.md --context 128 --json | grep -q '"perplexity":' || fail 'perplexity --json'
"$program" perplexity --file LICENSE --context 128 --kv-type q8_0,q4_0 --json |
  grep -q '"perplexity":' || fail 'perplexity --kv-type'
expect_failure 'an unknown --kv-type' 1 'f16, bf16, q8_0' \
  "$program" complete --prompt Once --tokens 1 --kv-type q9
"$program" bench --prompt 16 --generate 4 --repeat 1 --json | grep -q '"tokens_per_second":' || fail 'bench --json'
"$program" doctor >"$scratch/doctor" || { fail 'doctor'; cat "$scratch/doctor"; }

# --- packed weights are kept for the next start, except those of small models
[ ! -e "$PIONEER_HOME/cache" ] || fail 'a small model keeps no packed weights'
"$program" models random --layers 4 --width 1024 --heads 8 --feed-forward 4096 "$scratch/large.gguf"
large() { "$program" complete --model "$scratch/large.gguf" --prompt x --tokens 4 --temperature 0; }
text=$(PIONEER_WEIGHT_CACHE=off large)
[ ! -e "$PIONEER_HOME/cache" ] || fail 'PIONEER_WEIGHT_CACHE=off keeps nothing'
expect_equal 'weights that are being kept say the same' "$text" "$(large)"
"$program" models cache | grep -q 'large-[0-9a-f]*\.packed$' || fail 'models cache names the file'
expect_equal 'kept weights say the same' "$text" "$(large)"
"$program" doctor | grep -q '1 models' || fail 'doctor knows of kept weights'
"$program" models cache --clear | grep -q 'MiB' || fail 'models cache --clear'
expect_equal 'nothing is left' 'No packed weights are kept.' "$("$program" models cache)"
expect_failure 'a size that is none' 1 'as 20GiB' env PIONEER_WEIGHT_CACHE=much "$program" models cache

# --- quantize: every type runs and stays near the original
for type in F16 BF16 Q8_0 Q6_K Q5_K_M Q5_1 Q5_0 Q4_K_M Q4_1 Q4_0 IQ4_NL IQ4_XS MXFP4 Q3_K_M Q2_K; do
  "$program" quantize models/pioneer-small.gguf "$scratch/$type.gguf" $type >/dev/null 2>&1 ||
    fail "quantize to $type"
  "$program" complete --model "$scratch/$type.gguf" --prompt 'The' --tokens 4 --temperature 0 >/dev/null ||
    fail "a $type file runs"
done

# --- imatrix: what it learns from one text makes coarse types better on another of its kind
"$program" imatrix --file docs/search.md --output "$scratch/imatrix.gguf" --context 256 --json |
  grep -q '"tensors":42' || fail 'imatrix sees every matrix of every layer'
perplexity() {
  "$program" quantize models/pioneer-small.gguf "$scratch/coarse.gguf" "$@" >/dev/null 2>&1
  "$program" perplexity --model "$scratch/coarse.gguf" --file ARCHITECTURE.md --context 256 --json 2>/dev/null |
    sed 's/.*"perplexity":\([0-9.]*\).*/\1/'
}
for type in Q2_K Q3_K_S; do
  plain=$(perplexity $type) weighted=$(perplexity $type --imatrix "$scratch/imatrix.gguf")
  awk "BEGIN {exit !($weighted > 0 && $weighted < $plain)}" || fail "imatrix $type: $weighted is not below $plain"
done

# --- training: a plan from one number; a run, a branch, and what is refused
"$program" train plan --depth 1 README.md --json | grep -q '"tokens_per_second":' || fail 'train plan --depth'
cat >"$scratch/recipe.toml" <<EOF
tokenizer = {file = "$PWD/models/pioneer-small.gguf"}
model = {d_model = 32, n_layers = 1, n_heads = 2, d_ff = 32, context = 32}
optimizer = {kind = "muon"}
[[stages]]
sources = [{path = "$PWD/docs"}]
steps = 2
batch_tokens = 64
EOF
"$program" train "$scratch/recipe.toml" --run "$scratch/run" --export "$scratch/trained.gguf" >"$scratch/out" 2>&1 ||
  fail "train: $(tail -n 1 "$scratch/out")"
grep -q '^Finished after 2 steps' "$scratch/out" || fail 'train says how it ended'
"$program" complete --model "$scratch/trained.gguf" --prompt 'a' --tokens 2 >/dev/null || fail 'a trained model runs'
sed -i 's/^steps = 2/steps = 1/' "$scratch/recipe.toml"
"$program" train "$scratch/recipe.toml" --branch "$scratch/run" --run "$scratch/branch" >"$scratch/out" 2>&1 ||
  fail "train --branch: $(tail -n 1 "$scratch/out")"
"$program" lab --runs "$scratch" | grep -q ' run .*finished .*100 % ' || fail 'lab lists runs'
"$program" lab --runs "$scratch" run branch | grep -q 'loss, nats a token' || fail 'lab draws curves'
"$program" lab --runs "$scratch" run --json | grep -q '"steps_per_point":1,"step":\[1,2\]' || fail 'lab --json'
expect_failure 'an unknown run' 1 'no such run' "$program" lab --runs "$scratch" ../run
expect_failure 'stopping what does not run' 1 'not being trained' "$program" lab stop --runs "$scratch" run
expect_failure 'resuming what has finished' 1 'has finished' "$program" lab resume --runs "$scratch" run
expect_failure 'a run without a recipe' 1 'name a recipe' "$program" train --run "$scratch/none"
expect_failure 'a second run in one folder' 1 'holds a run already' \
  "$program" train "$scratch/recipe.toml" --run "$scratch/run"
expect_failure 'resuming nothing' 1 'no run to resume' "$program" train --resume --run "$scratch/none"
expect_failure 'depth out of range' 2 '--depth' "$program" train --depth 0 README.md
expect_failure 'depth without text' 1 'needs text' "$program" train --depth 2 --run "$scratch/none"
echo 'seeed = 2' >>"$scratch/recipe.toml"
expect_failure 'an unknown key in a recipe' 1 'seeed' "$program" train plan "$scratch/recipe.toml"

# --- eval: scores, a report card, going on, two models
cat >"$scratch/quiz.jsonl" <<'QUIZ'
{"input":"Once upon a","choices":["time","xqzt"],"expected":"time","kind":"choice"}
{"input":"The sun is","choices":["zzzzqx","bright"],"expected":"bright","kind":"choice"}
{"input":"I went to the","choices":["house","qqqqq"],"expected":0,"kind":"choice"}
QUIZ
"$program" eval --task "$scratch/quiz.jsonl" --out "$scratch/card" >"$scratch/out" 2>/dev/null || fail 'eval'
grep -q '^quiz  *acc_norm  *1.0000  *0.0000  *3$' "$scratch/out" || { fail 'eval: the table'; cat "$scratch/out"; }
grep -q 'Report card' "$scratch/card/report.html" || fail 'eval writes a report card'
lines=$(wc -l <"$scratch/card/A-quiz.jsonl")
again=$("$program" eval --task "$scratch/quiz.jsonl" --out "$scratch/card" --json 2>/dev/null)
grep -q '"items_run":0' <<<"$again" || fail 'eval asks nothing twice'
expect_equal 'eval keeps each item once' "$lines" "$(wc -l <"$scratch/card/A-quiz.jsonl")"
expect_failure 'results of another run' 1 'choose another --out' \
  "$program" eval --task "$scratch/quiz.jsonl" --shots 1 --out "$scratch/card"
expect_failure 'unknown task' 1 'there is no task nothing' "$program" eval --task nothing
head -c 5000 LICENSE >"$scratch/text.txt"
"$program" eval --task "$scratch/text.txt" --against "$scratch/Q2_K.gguf" --json 2>/dev/null >"$scratch/out"
grep -q '"detectable_difference":0' "$scratch/out" || fail 'eval compares two models on a text'

# --- wrong usage is 2, failure is 1, and the message helps
expect_failure 'no command' 2 'A subcommand is required' "$program"
expect_failure 'unknown command' 2 'bogus' "$program" bogus
expect_failure 'unknown option' 2 '--bogus' "$program" serve --bogus
expect_failure 'bad number' 2 '--tokens' "$program" complete --prompt x --tokens many
expect_failure 'unknown model' 1 'pioneer-small' "$program" complete --model nowhere --prompt x
expect_failure 'no file' 1 "$scratch/none.gguf" "$program" complete --model "$scratch/none.gguf" --prompt x
head -c 3000 models/pioneer-small.gguf >"$scratch/cut.gguf"
expect_failure 'truncated file' 1 'cut.gguf' "$program" complete --model "$scratch/cut.gguf" --prompt x
head -c 4096 /dev/urandom >"$scratch/noise.gguf"
expect_failure 'not a GGUF file' 1 'noise.gguf' "$program" complete --model "$scratch/noise.gguf" --prompt x
expect_failure 'unknown type' 2 'Q3' "$program" quantize models/pioneer-small.gguf "$scratch/q.gguf" Q3
expect_failure 'bad instruction set' 1 'PIONEER_ISA' env PIONEER_ISA=mmx "$program" complete --prompt x
expect_failure 'unwritable data folder' 1 'PIONEER_HOME' env PIONEER_HOME=/proc/nowhere "$program" serve --port 0
long=$(printf 'word %.0s' $(seq 4000))
expect_failure 'prompt longer than the context' 1 'context' "$program" complete --prompt "$long"

# --- tuning: sums to learn, an adapter that the engine takes, and what is refused
"$program" tune arithmetic --count 40 --largest 9 >"$scratch/sums.jsonl" || fail 'tune arithmetic'
tune() { "$program" tune "$@" --rank 2 --steps 2 --context 128 --threads 2; }
tune sft --data "$scratch/sums.jsonl" --out "$scratch/sft" --batch 256 >"$scratch/out" 2>&1 ||
  fail "tune sft: $(tail -n 1 "$scratch/out")"
grep -q '^held_out_loss: ' "$scratch/out" || fail 'tune sft says what became of held-out answers'
"$program" complete --adapter "$scratch/sft/adapter.gguf" --prompt 'a' --tokens 2 >/dev/null || fail 'a tuned adapter acts'
"$program" complete --adapter "$scratch/sft" --prompt 'a' --tokens 2 >/dev/null || fail 'so do its files for PEFT'
"$program" tune merge --adapter "$scratch/sft/adapter.gguf" --out "$scratch/merged.gguf" --json |
  grep -q '"changed":' || fail 'tune merge --json'
"$program" complete --model "$scratch/merged.gguf" --prompt 'a' --tokens 2 >/dev/null || fail 'a merged model runs'
tune grpo --data "$scratch/sums.jsonl" --out "$scratch/grpo" --batch 2 --group 2 --max-tokens 4 --json |
  grep -q '"held_out_accuracy":' || fail 'tune grpo --json'
"$program" tune export --run "$scratch/grpo" --out "$scratch/peft" >/dev/null && [ -s "$scratch/peft/adapter_model.safetensors" ] ||
  fail 'tune export'
expect_failure 'a run where one is' 1 'holds a run already' tune sft --data "$scratch/sums.jsonl" --out "$scratch/sft"
expect_failure 'tuning without data' 1 '--data' tune sft --out "$scratch/none"
printf '{"messages": 5}\n' >"$scratch/bad.jsonl"
expect_failure 'a line that is no example' 1 'bad.jsonl:1: ' tune sft --data "$scratch/bad.jsonl" --out "$scratch/none"
expect_failure 'resuming no tuning run' 1 'no tuning run' "$program" tune sft --resume --out "$scratch/nothing"

# --- training data
for i in $(seq 40); do
  printf '{"text": "Ship %d left the harbour of town %d in the year %d, and nobody knows what became of it."}\n' \
    "$i" $((i * 37)) $((1800 + i))
done >"$scratch/ships.jsonl"
head -n 3 "$scratch/ships.jsonl" >>"$scratch/ships.jsonl"
cat >"$scratch/recipe.json" <<'JSON'
{"model": {"d_model": 32, "n_layers": 1, "n_heads": 2, "d_ff": 32, "context": 32},
 "tokenizer": {"train": {"vocab_size": 280, "sources": [{"path": "ships.jsonl"}]}},
 "stages": [{"sources": [{"path": "ships.jsonl"}], "steps": 1}]}
JSON
table=$("$program" data "$scratch/recipe.json" --out "$scratch/data" --threads 1)
grep -q '^ships .* 43 .*3 exact_duplicate' <<<"$table" || fail 'data counts and drops copies'
lineage=$(sed -n 's/^lineage *//p' <<<"$table")
expect_equal 'data is the same on two threads' "$lineage" \
  "$("$program" data "$scratch/recipe.json" --out "$scratch/data2" --threads 2 | sed -n 's/^lineage *//p')"
"$program" data "$scratch/recipe.json" --out "$scratch/data" --json | grep -q "\"lineage\":\"$lineage\"" ||
  fail 'data --json is the manifest'
expect_failure 'data without a recipe' 2 'RECIPE' "$program" data
rm "$scratch/ships.jsonl"
expect_failure 'data without its source' 1 'there is no source' "$program" data "$scratch/recipe.json" --out "$scratch/data3"

# --- search
mkdir -p "$scratch/shelf"
cat >"$scratch/shelf/policy.md" <<'MD'
# Travel policy

## Hotels

Employees may spend up to 140 euros a night in Berlin and 180 euros in Seoul.

## Reporting

Receipts are handed in within 30 days. Ms. Kim in accounting answers questions.
MD
cat >"$scratch/shelf/연차.md" <<'MD'
# 연차 휴가 규정

연차는 최소 3일 전에 인사팀 포털에서 신청합니다. 긴급한 경우 팀장에게 전화로 알립니다.
MD
echo 'This is no PDF.' >"$scratch/shelf/broken.pdf"
library="--library $scratch/library"
"$program" index add $library "$scratch/shelf" | grep -q '2 added.*1 failed' || fail 'index add reads a folder'
"$program" index failures $library shelf | grep -q 'broken.pdf' || fail 'index failures names the broken file'
"$program" index list $library --json | grep -q '"documents":2' || fail 'index list --json'
answer=$("$program" search $library 'How much may a hotel in Seoul cost?')
grep -q '180 euros in Seoul.* \[1\]' <<<"$answer" || fail "search answers with a citation: $answer"
grep -q 'policy.md#:~:text=' <<<"$answer" || fail 'search names the place of the citation'
answer=$("$program" search $library '연차는 며칠 전에 신청해야 하나요?')
grep -q '3일 전에.* \[1\]' <<<"$answer" || fail "search answers in Korean: $answer"
"$program" search $library --json 'Which planet is the largest?' | grep -q '"found":false' ||
  fail 'search says when nothing answers'
"$program" search $library --passages --json 'hotel in Seoul' | grep -q 'by pioneer-embed.*"stage":"dense"' ||
  fail 'search tells the stage of vectors'
"$program" search $library --embedder none --passages --json 'hotel in Seoul' | grep -q '"stage":"dense"' &&
  fail 'search by words alone uses vectors'
# A causal model makes vectors, too, though not good ones.
"$program" index sync $library shelf --embedder pioneer-small >/dev/null || fail 'index sync makes other vectors'
PIONEER_EMBEDDER=pioneer-small "$program" search $library --passages --json 'hotel in Seoul' |
  grep -q 'by pioneer-small.*"stage":"dense"' || fail 'search uses the embedder that is set'
"$program" index remove $library shelf >/dev/null
"$program" index list $library --json | grep -q '"documents":0' || fail 'index remove forgets the documents'
coproc WEB { node tests/cli/web.mjs; }
read -r provider <&"${WEB[0]}"
answer=$("$program" search $library --web --web-private-pages --web-search "searxng=$provider" \
  'When was the mill of Tarn closed?' 2>"$scratch/err")
grep -q 'closed in 1932.* \[1\]' <<<"$answer" || fail "search --web answers from a page: $answer"
grep -q '/mill#:~:text=' <<<"$answer" || fail 'search --web names the place in the page'
grep -q '/none: .*404' "$scratch/err" || fail 'search --web tells which page failed'
expect_failure 'pages of this machine are not read' 0 "$provider/mill" \
  "$program" search $library --web --web-search "searxng=$provider" 'When was the mill of Tarn closed?'
eval "exec ${WEB[1]}>&-"
expect_failure 'the web without a provider' 1 'name the web search' "$program" search $library --web 'x'
expect_failure 'a provider that is none' 1 'there is no web search' "$program" search $library --web --web-search bing 'x'
expect_failure 'adding what is not there' 1 'there is no file or folder' "$program" index add $library "$scratch/nowhere"
mkdir -p "$scratch/set"
echo '{"id": "a", "title": "", "text": "The tower was built in 1871."}' >"$scratch/set/passages.jsonl"
echo '{"id": "b", "title": "", "text": "The bridge fell in 1903."}' >>"$scratch/set/passages.jsonl"
echo '{"id": "1", "question": "When was the tower built?", "relevant": ["a"], "answers": []}' >"$scratch/set/questions.jsonl"
"$program" eval search "$scratch/set" --embedder none --json 2>/dev/null | grep -q '"ndcg@10":{"standard_error":0.0,"value":1.0}' || fail 'eval search'
"$program" eval search "$scratch/set" --json 2>/dev/null | grep -q '"searcher":"with vectors"' ||
  fail 'eval search with vectors'
echo 'echo "{\"name\": \"another\"}"; while read -r question; do echo "[\"b\", \"a\"]"; done' >"$scratch/peer.sh"
"$program" eval search "$scratch/set" --embedder none --peers --peer "sh $scratch/peer.sh" --json 2>/dev/null |
  grep -q '"mrr@10":{"standard_error":0.0,"value":0.5}.*"searcher":"another"' || fail 'eval search beside another program'
expect_failure 'a peer that does not answer' 1 'ended before it had answered' \
  "$program" eval search "$scratch/set" --embedder none --peer true

# --- the shared models and vocabularies
if [ -d "$data" ]; then
  expected=$(sed -n 's/^`\(Once upon a time.*\)`$/\1/p' ../shared/facts/data.md | sed 's/\\n/\n/g')
  # The published text is 200 tokens long.
  expect_equal 'stories260K' "$expected" \
    "$("$program" complete --model $data/models/stories260K.gguf --prompt '' --tokens 200 --temperature 0)"
  for name in bert-bge command-r deepseek-coder deepseek-llm falcon gemma-4 gpt-2 llama-bpe \
      llama-spm phi-3 qwen2 qwen35 starcoder; do
    file=$data/vocab/ggml-vocab-$name.gguf
    expect_equal "vocabulary $name" "$(sed 's/^ *//; s/ *$//' "$file.out")" \
      "$(node tests/cli/vocabulary.mjs "$program" "$file")"
  done
else
  echo "skipped: stories260K and the vocabularies (no $data here)"
fi

[ $failures -eq 0 ] && echo 'all good'
exit $((failures > 0))
