// Why: a figure without its machine says nothing, and one from a busy machine little.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";

const flagsThatMatter = ["avx2", "f16c", "avx_vnni", "avx512f", "avx512bw", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_int8", "amx_bf16", "asimddp", "i8mm", "bf16"];

const read = (file) => (existsSync(file) ? readFileSync(file, "utf8").trim() : null);

function caches() {
  const found = {};
  for (let i = 0; i < 8; ++i) {
    const folder = `/sys/devices/system/cpu/cpu0/cache/index${i}`;
    const [level, type, size] = ["level", "type", "size"].map((name) => read(`${folder}/${name}`));
    if (size !== null && type !== "Instruction") found[`L${level}`] = size;
  }
  return found;
}

export function machine() {
  const info = read("/proc/cpuinfo") ?? "";
  const flags = new Set(/^(?:flags|Features)\s*:\s*(.*)$/m.exec(info)?.[1].split(" "));
  return {
    processor: cpus()[0]?.model ?? "unknown", cores: cpus().length, instructions: flagsThatMatter.filter((flag) => flags.has(flag)), caches: caches(),
    memory_bytes: totalmem(), kernel: release(), load_before: loadavg()[0], node: process.version,
    virtual: flags.has("hypervisor"),
  };
}

export function commitOf(root) {
  try {
    const git = (...args) => execFileSync("git", ["-C", root, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return git("rev-parse", "--short", "HEAD") + (git("status", "--porcelain", "--untracked-files=no") === "" ? "" : " with changes");
  } catch {
    return "unknown";
  }
}

// Ticks of the processor: of everything, and of this process with its children that have ended.
function ticks() {
  const all = /^cpu\s+(.*)$/m.exec(read("/proc/stat") ?? "")?.[1].trim().split(/\s+/).map(Number) ?? [];
  const own = (read("/proc/self/stat") ?? "").split(") ").at(-1).split(" ").slice(11, 15).map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0] = all;
  return { total: user + nice + system + idle + wait + irq + softirq + steal, busy: user + nice + system + irq + softirq, steal, own: own.reduce((x, y) => x + y, 0) };
}

// Call what it returns when all children have ended: the shares of the machine that other programs
// and other machines on the same host took meanwhile.
export function watchOthers() {
  const before = ticks();
  return () => {
    const now = ticks();
    const total = now.total - before.total;
    if (total <= 0) return null;
    return { others: Math.max(0, now.busy - before.busy - (now.own - before.own)) / total, stolen: (now.steal - before.steal) / total };
  };
}
