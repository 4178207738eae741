// Times as the organization's people say them: in its zone, with the zone named.
import { h } from "./dom.js";

let zone = "UTC";

export function useZone(name) {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    zone = name;
  } catch { // a zone this browser does not know
    zone = "UTC";
  }
}
export function currentZone() { return zone; }

// All zones to choose from, as [value, label]; `also` is one of them whatever the browser knows.
export function zoneNames(also) {
  const names = new Set([...Intl.supportedValuesOf("timeZone"), "UTC", also]);
  return [...names].sort().map((one) => [one, one.replaceAll("_", " ")]);
}

const forms = new Map();
function form(options) {
  const key = zone + JSON.stringify(options);
  if (!forms.has(key)) {
    forms.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", ...options }));
  }
  return forms.get(key);
}

const DAY = { day: "numeric", month: "short", year: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit" };

export function formatDate(at) { return form(DAY).format(new Date(at)); }
export function formatClock(at) { return form(CLOCK).format(new Date(at)); }
export function formatTime(at) { return form({ ...DAY, ...CLOCK }).format(new Date(at)); }
export function formatShort(at) {
  return form({ day: "numeric", month: "short", ...CLOCK }).format(new Date(at));
}
// "29 Nov 2026, 11:31:07 EST (America/New_York)"
export function formatFull(at) {
  const text = form({ ...DAY, ...CLOCK, second: "2-digit", timeZoneName: "short" });
  return `${text.format(new Date(at))} (${zone})`;
}
// "America/New York (UTC−5)", now.
export function zoneName() {
  const parts = form({ timeZoneName: "shortOffset" }).formatToParts(new Date());
  const offset = parts.find((part) => part.type === "timeZoneName")?.value ?? "";
  const place = zone.replaceAll("_", " ");
  return offset && offset !== zone ? `${place} (${offset.replace("GMT", "UTC").replace("-", "−")})` : place;
}

const units = [["year", 31536000], ["month", 2592000], ["day", 86400], ["hour", 3600],
  ["minute", 60]];
const words = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

export function formatRelative(at, now = Date.now()) {
  const seconds = (new Date(at).getTime() - now) / 1000;
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return words.format(Math.trunc(seconds / size), unit);
  }
  return seconds > 5 ? "in a moment" : "just now";
}

// <time>, relative or as a date, with the whole of it on hover.
export function when(at, how = formatTime) {
  if (!at) return h("span", { class: "faint" }, "never");
  return h("time", { datetime: at, title: formatFull(at) }, how(at));
}

// 3720 -> "1 h 2 min"
export function formatSpan(seconds) {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  const hours = Math.floor(seconds / 3600), rest = Math.round(seconds % 3600 / 60);
  if (hours >= 48) return `${Math.round(hours / 24)} days`;
  return rest ? `${hours} h ${rest} min` : `${hours} h`;
}
