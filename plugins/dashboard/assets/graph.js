// Sums over time as stacked bars; the same as a table for who cannot see them. Chart.js comes
// only when there is something to draw.
import { fill, h, isolated } from "./dom.js";
import { formatClock, formatShort, formatTime } from "./time.js";
import { table } from "./ui.js";

const SECONDS = { minute: 60, hour: 3600, day: 86400 };
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

// A style sheet's colour as a canvas needs it.
function colour(name) {
  const probe = h("span", { hidden: true });
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

// The server counts days in UTC, and leaves out steps without a request.
export function stepsOf(usage) {
  const size = SECONDS[usage.step] * 1000, end = Date.parse(usage.to), list = [];
  for (let at = Date.parse(usage.from); at < end; at += size) list.push(at);
  return list;
}

export function stepName(usage, at) {
  if (usage.step === "day") return day.format(at);
  const short = stepsOf(usage).length * SECONDS[usage.step] <= 86400;
  return short ? formatClock(at) : formatShort(at);
}

function stepTitle(usage, at) {
  return usage.step === "day" ? `${day.format(at)} (UTC)` : formatTime(at);
}

function values(series, steps) {
  const counts = new Map(series.points.map((point) => [Date.parse(point.at), point.requests]));
  return steps.map((at) => counts.get(at) ?? 0);
}

function options(titles) {
  const text = colour("muted"), line = colour("line"), font = { family: getComputedStyle(document.body).fontFamily };
  return {
    animation: false, maintainAspectRatio: false, font,
    interaction: { mode: "index", intersect: false },
    scales: {
      x: { stacked: true, grid: { display: false }, border: { color: line },
        ticks: { color: text, font, maxRotation: 0, autoSkipPadding: 20 } },
      y: { stacked: true, beginAtZero: true, grid: { color: line, drawBorder: false },
        ticks: { color: text, font, precision: 0, maxTicksLimit: 5 } },
    },
    plugins: { legend: { display: false }, tooltip: { titleFont: font, bodyFont: font, padding: 10, boxPadding: 4,
      callbacks: { title: (items) => titles()[items[0].dataIndex] },
      filter: (item) => item.parsed.y > 0 } },
  };
}

// shown: [{ name, label, tone, points, requests }]; draw again with update(usage, shown).
export function graph(label) {
  const canvas = h("canvas", { role: "img" });
  const legend = h("ul", { class: "legend" });
  const rows = h("div");
  const details = h("details", null, h("summary", null, "Show as a table"), rows);
  const node = h("div", null, h("div", { class: "chart" }, canvas), legend, details);
  let chart, usage, shown, titles = [];

  function datasets(steps) {
    return shown.map((one) => ({ label: one.label, data: values(one, steps), backgroundColor: colour(one.tone),
      borderRadius: 2, maxBarThickness: 34 }));
  }
  function drawTable() {
    if (!details.open) return;
    const steps = stepsOf(usage), columns = shown.map((one) => ({ title: one.label, class: "right num",
      cell: (i) => values(one, steps)[i] }));
    const busy = steps.map((at, i) => i).filter((i) => columns.some((column) => column.cell(i) > 0));
    fill(rows, table(label, [{ title: "Time", cell: (i) => titles[i] }, ...columns], busy));
  }
  details.addEventListener("toggle", drawTable);
  async function update(nextUsage, nextShown) {
    [usage, shown] = [nextUsage, nextShown];
    const steps = stepsOf(usage), sum = shown.reduce((all, one) => all + one.requests, 0);
    titles = steps.map((at) => stepTitle(usage, at));
    canvas.setAttribute("aria-label", `${label}: ${sum} requests. ${shown.map((one) =>
      `${one.label}: ${one.requests}`).join(", ")}`);
    fill(legend, shown.map((one) => h("li", null, h("span", { class: `dot ${one.tone}` }),
      h("span", { class: "clip" }, one.label), h("span", { class: "muted num" }, one.requests.toLocaleString("en")))));
    drawTable();
    if (!globalThis.Chart) await import("./chart.js");
    const data = { labels: steps.map((at) => stepName(usage, at)), datasets: datasets(steps) };
    if (chart) {
      chart.data = data;
      chart.update();
    } else {
      chart = new globalThis.Chart(canvas, { type: "bar", data, options: options(() => titles) });
    }
  }
  function recolour() {
    if (!chart) return;
    chart.options = options(() => titles);
    chart.data.datasets = datasets(stepsOf(usage));
    chart.update();
  }
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", recolour);
  window.addEventListener("themechange", recolour);
  function end() {
    dark.removeEventListener("change", recolour);
    window.removeEventListener("themechange", recolour);
    chart?.destroy();
  }
  return { node, update, end };
}

const statusTones = { "2xx": "c2", "3xx": "c5", "4xx": "c3", "5xx": "c4", refused: "c6" };
const statusNames = { "2xx": "2xx answered", "3xx": "3xx not modified", "4xx": "4xx client's fault",
  "5xx": "5xx server's fault", refused: "refused" };

// How series are called and coloured; beyond five the rest is one.
export function shownOf(usage) {
  if (usage.by === "status") {
    return usage.series.map((one) => ({ ...one, label: statusNames[one.name] ?? one.name,
      tone: statusTones[one.name] ?? "c6" }));
  }
  const named = usage.series.map((one, i) => ({ ...one, tone: `c${i + 1}`,
    label: one.label ? `${isolated(one.label)} …${one.last4}` : one.name }));
  if (named.length <= 5) return named;
  const rest = named.slice(5), points = new Map();
  for (const point of rest.flatMap((one) => one.points)) {
    points.set(point.at, (points.get(point.at) ?? 0) + point.requests);
  }
  return [...named.slice(0, 5), { name: "others", label: `${rest.length} others`, tone: "c6",
    requests: rest.reduce((sum, one) => sum + one.requests, 0),
    points: [...points].map(([at, requests]) => ({ at, requests })) }];
}

// [value, label, step, hours]
export const ranges = [["hour", "1 hour", "minute", 1], ["day", "24 hours", "hour", 24],
  ["week", "7 days", "hour", 168], ["month", "30 days", "day", 720]];

export function rangeQuery(name) {
  const [, , step, hours] = ranges.find((one) => one[0] === name);
  return { step, from: new Date(Date.now() - (hours - (step === "day" ? 24 : 0)) * 3600e3)
    .toISOString().replace(/\.\d+Z$/, "Z") };
}
