// Why: what a service must not gather over time: memory, files, threads, requests that nobody has.
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { sum } from "../../bench/statistics.mjs";

const mean = (list) => sum(list) / list.length;

export class ServiceState {
  constructor(client, pid) {
    this.client = client;
    this.pid = pid;
    this.samples = []; // {done, resident, anonymous}: after so many requests, MiB
  }

  #status(name) { return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${this.pid}/status`, "utf8"))[1]); }

  sample(done) { this.samples.push({ done, resident: this.#status("VmRSS") / 1024, anonymous: this.#status("RssAnon") / 1024 }); }
  threads() { return this.#status("Threads"); }
  // But the library's connections: as many are kept as its work happened to need at a time.
  files() { return readdirSync(`/proc/${this.pid}/fd`).filter((fd) => !this.#target(fd).includes("/search.db")).length; }
  #target(fd) {
    try {
      return readlinkSync(`/proc/${this.pid}/fd/${fd}`);
    } catch {
      return ""; // closed meanwhile
    }
  }

  // Sums of a metric over all models.
  async metrics() {
    const all = {};
    for (const line of (await this.client.get("/metrics")).split("\n")) {
      const match = /^(\w+)(?:\{.*\})? (\S+)$/.exec(line);
      if (match) all[match[1]] = (all[match[1]] ?? 0) + Number(match[2]);
    }
    return all;
  }

  // Waits until nothing runs, waits or holds memory, and as many files are open as before; resolves
  // with what is still wrong at the deadline.
  async settles(files, seconds = 40) {
    const deadline = Date.now() + seconds * 1000;
    for (;;) {
      const all = await this.metrics();
      this.client.close();
      const left = ["pioneer_requests_running", "pioneer_requests_waiting", "pioneer_kv_bytes_used"]
        .filter((name) => all[name] !== 0).map((name) => `${name} is ${all[name]}`);
      if (this.files() > files) left.push(`${this.files()} files are open, ${files} were at the beginning`);
      if (left.length === 0 || Date.now() > deadline) return left;
      await new Promise((resolve) => { setTimeout(resolve, 50); });
    }
  }

  // Memory that no file backs, in MiB: the mean while the second quarter of the requests ran, and
  // the last.
  growth(requests) {
    const between = (from, to) => this.samples.filter(({ done }) => done >= from * requests && done <= to * requests).map((s) => s.anonymous);
    const [early, late] = [between(0.25, 0.5), between(0.75, 1)];
    if (early.length === 0 || late.length === 0) return null;
    return { early: mean(early), late: mean(late), resident: this.samples.at(-1).resident };
  }
}
