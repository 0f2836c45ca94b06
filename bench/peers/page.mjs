// Why: the figures of a run as one page that needs nothing else: a table of targets, and plots.
const escape = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
const short = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));

const colours = ["var(--a)", "var(--b)", "var(--c)", "var(--d)"];
const line = 17;
const labelWidth = 190;
const plotWidth = 430;

// Bars from the left: groups [{ label, bars: [{ value, low, high }] or null of each name, limit }].
// A thin line spans the lowest and highest round, a dashed one is the limit of the group.
export function barPlot(title, names, groups) {
  const values = groups.flatMap(({ bars, limit }) => [...bars.filter(Boolean).map(({ high }) => high), limit ?? 0]);
  const scale = plotWidth / Math.max(...values, 1e-9);
  const groupHeight = names.length * line + 10;
  const parts = groups.map(({ label, bars, limit }, g) => {
    const top = 30 + g * groupHeight;
    const rows = bars.map((bar, i) => {
      if (!bar) return "";
      const y = top + i * line;
      const [x0, x1, x2] = [bar.value, bar.low, bar.high].map((value) => labelWidth + value * scale);
      return `<rect x="${labelWidth}" y="${y}" width="${(x0 - labelWidth).toFixed(1)}" height="${line - 4}" fill="${colours[i % colours.length]}"/>` +
        `<path d="M${x1.toFixed(1)} ${y + line / 2 - 2}H${x2.toFixed(1)}" stroke="var(--ink)"/>` +
        `<text x="${(Math.max(x0, x2) + 6).toFixed(1)}" y="${y + line - 6}">${short(bar.value)}</text>`;
    });
    const x = (labelWidth + (limit ?? 0) * scale).toFixed(1);
    const mark = limit ? `<path d="M${x} ${top - 3}V${top + names.length * line}" stroke="var(--ink)" stroke-dasharray="4 3"/>` : "";
    return `<text x="${labelWidth - 8}" y="${top + (names.length * line) / 2 + 2}" text-anchor="end">${escape(label)}</text>${rows.join("")}${mark}`;
  });
  const height = 30 + groups.length * groupHeight;
  return `<figure><svg viewBox="0 0 ${labelWidth + plotWidth + 60} ${height}" role="img" aria-label="${escape(title)}">` +
    `<text x="0" y="16" class="title">${escape(title)}</text>${parts.join("")}</svg></figure>`;
}

const legend = (names) => `<p class="legend">${names.map((name, i) => `<span><i style="background:${colours[i % colours.length]}"></i>${escape(name)}</span>`).join(" ")}</p>`;

export function htmlTable(columns, rows) {
  const cells = (tag, row) => `<tr>${row.map((cell) => `<${tag}>${escape(cell ?? "-")}</${tag}>`).join("")}</tr>`;
  return `<table>${cells("th", columns)}${rows.map((row) => cells("td", row)).join("")}</table>`;
}

const verdict = (reached) => (reached === null ? "not measured" : reached ? "reached" : "not reached");

// One plot for each kind of measurement, over models and types.
function plots(report, names) {
  const kinds = new Map();
  for (const speed of report.speeds) {
    const kind = `${speed.test} ${speed.n} tokens${speed.batch > 1 ? ` in each of ${speed.batch} streams` : ""}${speed.depth > 0 ? ` at depth ${speed.depth}` : ""}, tokens/s`;
    kinds.set(kind, [...(kinds.get(kind) ?? []), speed]);
  }
  return [...kinds].map(([kind, speeds]) => barPlot(kind, names, speeds.map((speed) => ({
    label: `${speed.model} ${speed.type}`, bars: names.map((name) => speed.programs[name] ?? null), limit: speed.memory_limit ?? null,
  })))).join("\n");
}

const ms = (x) => (x === null || x === undefined ? null : x.toFixed(x < 10 ? 2 : 0));

// The service under load, and what starting takes.
function service({ serve, start }) {
  const started = start ? `<p>From starting the program to the first token of ${escape(start.model)}: ${start.first.toFixed(2)} s the first time, then ` +
    `${start.seconds.map((seconds) => seconds.toFixed(2)).join(", ")} s.</p>` : "";
  if (!serve) return started;
  const rows = serve.concurrent.map((r) => [r.concurrency, r.requests, r.errors, r.tokens_per_second.toFixed(1), ms(r.ttft?.p50), ms(r.ttft?.p99), ms(r.tpot?.p50), ms(r.itl?.p50), ms(r.itl?.p99)]);
  return `${started}<p>${escape(serve.model)}, prompts of ${escape(serve.options.prompt)} and answers of ${escape(serve.options.answer)} tokens:</p>` +
    htmlTable(["At once", "Requests", "Errors", "Tokens/s", "TTFT p50, ms", "p99", "TPOT p50", "ITL p50", "p99"], rows);
}

const style = `:root { color-scheme: light dark; --ink: #222; --paper: #fff; --line: #ccc; --a: #2563eb; --b: #d97706; --c: #059669; --d: #7c3aed }
@media (prefers-color-scheme: dark) { :root { --ink: #ddd; --paper: #16181c; --line: #444; --a: #6f9bff; --b: #f0a23a; --c: #3fc795; --d: #ab8bff } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 } th, td { border-bottom: 1px solid var(--line); padding: .25rem .8rem .25rem 0; text-align: left; vertical-align: top }
figure { margin: 1.5rem 0 } svg { width: 100%; max-width: 46rem; font: 12px system-ui, sans-serif; fill: var(--ink) } svg .title { font-weight: 600; font-size: 13px }
.legend i { display: inline-block; width: .8em; height: .8em; margin-right: .3em } .legend span { margin-right: 1.2em }`;

export function page(report, targets) {
  const names = report.names;
  const { machine } = report;
  const facts = [
    ["Processor", `${machine.processor}, ${machine.cores} cores${machine.virtual ? ", virtual" : ""}, ${report.options.threads} threads used`],
    ["Instructions", machine.instructions.join(" ")], ["Caches", Object.entries(machine.caches).map((pair) => pair.join(" ")).join(", ")],
    ["Memory", `${(machine.memory_bytes / 1e9).toFixed(0)} GB, read at ${(report.memory_bytes_per_second / 1e9).toFixed(1)} GB/s`],
    ["System", `Linux ${machine.kernel}, Node ${machine.node}`], ["Programs", Object.entries(report.versions).map((pair) => pair.join(" ")).join("; ")],
    ["Others", report.others === null ? "unknown" : `other programs took ${(100 * report.others.others).toFixed(0)} % of the machine meanwhile, other machines ${(100 * report.others.stolen).toFixed(0)} %`],
    ["Date", report.date], ["Command", report.command],
  ];
  const counts = [true, false, null].map((value) => `${targets.filter(({ reached }) => reached === value).length} ${verdict(value)}`);
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Pioneer and its peers</title>
<style>${style}</style>
<h1>Pioneer and its peers</h1>
<p>Each figure is the median of ${report.options.pairs} rounds, made in turns by programs that stay loaded; ratios are medians of the ratios of each pair.
Thin lines span the lowest and the highest round. The dashed line is what the memory's measured speed allows.</p>
${htmlTable(["", ""], facts)}
<h2>Targets</h2>
<p>${counts.join(", ")}.</p>
${htmlTable(["What", "Target", "Measured", ""], targets.map(({ what, target, measured, reached }) => [what, target, measured, verdict(reached)]))}
<h2>Plots</h2>
${legend(names)}
${plots(report, names)}
<h2>Service</h2>
${service(report)}
</html>
`;
}
