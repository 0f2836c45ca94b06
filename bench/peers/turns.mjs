// Why: one machine, several programs: each stays loaded and runs a round when it is its turn, so that
// what disturbs the machine disturbs all alike, and ratios are of neighbours in time.
import { execFile, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

const running = new Set();
process.once("exit", () => { for (const child of running) child.kill(); });

// Threads of llama.cpp go on spinning for about a tenth of a second after their turn, in which whoever
// comes next had one core less: 1.35 times as long for a prompt on two cores. So turns lie apart.
const restMs = 300;

// `pioneer bench --turns` or llama_bench.mjs.
export class TurnProgram {
  constructor(name, command, args) {
    this.name = name;
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
    this.problems = "";
    running.add(this.child);
    this.child.on("exit", () => running.delete(this.child));
    this.child.stderr.on("data", (piece) => { this.problems = (this.problems + piece).slice(-2000); });
    this.child.stdin.on("error", () => {}); // it has ended; reading its output tells why
  }

  async next() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} ended early: ${this.problems}`);
    return JSON.parse(value);
  }

  // Seconds of one round of the test that both are at.
  async turn({ test, batch, depth }) {
    this.child.stdin.write("\n");
    const round = await this.next();
    if (round.test !== test || round.batch !== batch || round.depth !== depth) throw new Error(`${this.name} is at ${JSON.stringify(round)}`);
    return round.seconds;
  }

  // What it says of all rounds; what it measures by itself runs now.
  async finish() {
    this.child.stdin.write("\n");
    const result = await this.next();
    this.child.stdin.end();
    return result;
  }

  stop() { this.child.kill(); }
}

// Of llama-batched-bench's table: | PP | TG | B | N_KV | T_PP s | S_PP t/s | T_TG s | ..., one row.
export function batchedSeconds(out) {
  const row = out.split("\n").map((line) => line.split("|").map((cell) => cell.trim())).find((cells) => cells.length > 8 && Number(cells[1]) > 0);
  if (!row) throw new Error(`llama-batched-bench printed no row: ${out.slice(0, 200)}`);
  return Number(row[7]);
}

// A build's llama-bench and llama-batched-bench, which know no turns: a process for each round, with
// a round of its own to warm up.
export class BenchProgram {
  constructor(name, folder, { model, threads }) {
    Object.assign(this, { name, folder, model, threads, version: null });
  }

  async turn({ test, batch, depth, n }, round) {
    if (round === 0) return null;
    const common = ["-m", this.model, "-t", String(this.threads)];
    if (batch === 1) {
      const count = test === "prompt" ? ["-p", String(n), "-n", "0"] : ["-p", "0", "-n", String(n)];
      const { stdout } = await this.run("llama-bench", [...common, ...count, ...(depth > 0 ? ["-d", String(depth)] : []), "-r", "1", "-o", "json"]);
      const [result] = JSON.parse(stdout);
      this.version = `${result.build_commit} (${result.build_number})`;
      return n / result.avg_ts;
    }
    const each = Math.max(depth, 1);
    const context = batch * (each + n);
    const { stdout, stderr } = await this.run("llama-batched-bench", [...common, "-c", String(context), "-npp", String(each), "-ntg", String(n), "-npl", String(batch)]);
    return batchedSeconds(`${stdout}\n${stderr}`);
  }

  // What it printed on both streams, each by itself; tables come on one or the other.
  run(tool, args) {
    return promisify(execFile)(join(this.folder, tool), args, { maxBuffer: 1 << 24, cwd: tmpdir() });
  }

  async finish() { return { version: this.version }; }
  stop() {}
}

// The tests in the order in which `pioneer bench` runs them.
export function testsOf({ prompt, generate, batch, depth }) {
  const prompts = prompt > 0 ? depth.map((d) => ({ test: "prompt", batch: 1, depth: d, n: prompt })) : [];
  const generates = generate > 0 ? depth.flatMap((d) => batch.map((b) => ({ test: "generate", batch: b, depth: d, n: generate }))) : [];
  return [...prompts, ...generates];
}

// [{ test, batch, depth, n, seconds: { NAME: [of each pair] } }] and what each program said at its end.
export async function inTurns(programs, plan, tell = () => {}) {
  const tests = [];
  try {
    for (const test of testsOf(plan)) {
      const seconds = Object.fromEntries(programs.map(({ name }) => [name, []]));
      for (let round = 0; round <= plan.pairs; ++round) {
        tell(test, round);
        // Who goes first changes, so that neither always runs on a machine that the other heated.
        for (const program of round % 2 === 0 ? programs : [...programs].reverse()) {
          await sleep(restMs);
          const time = await program.turn(test, round);
          if (round > 0 && time !== null) seconds[program.name].push(time);
        }
      }
      tests.push({ ...test, seconds });
    }
    const ends = {};
    for (const program of programs) ends[program.name] = await program.finish();
    return { tests, ends };
  } finally {
    for (const program of programs) program.stop();
  }
}
