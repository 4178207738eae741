// When nobody comes: what the organization's and a host's hours leave closed, for shading.
// What can be booked the server decides; this only helps the eye.
import { all } from "../api.js";
import { addDays, instantOf } from "../days.js";
import { dayOf } from "./days.js";

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

// Nothing where it cannot be had.
async function had(asked) {
  try {
    return await asked;
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    return null;
  }
}

function windows(schedule, date) {
  const special = schedule.overrides.find((one) => one.date === date);
  const list = special ? special.closed ? [] : special.hours ?? []
    : schedule.weekly[DAYS[new Date(`${date}T00:00:00Z`).getUTCDay()]] ?? [];
  const at = (day, clock) => Date.parse(instantOf(schedule.timezone, day, clock));
  return list.map(([from, to]) => [at(date, from), at(to <= from ? addDays(date, 1) : date, to)]);
}

// What a schedule leaves of a day, whatever its zone: [[from, to], …]
function closedBy(schedule, date) {
  const { start, end } = dayOf(date), closed = [];
  let at = start;
  for (const [from, to] of [-1, 0, 1].flatMap((by) => windows(schedule, addDays(date, by))).sort((a, b) => a[0] - b[0])) {
    if (to <= at || from >= end) continue;
    if (from > at) closed.push([at, from]);
    at = Math.max(at, to);
  }
  if (at < end) closed.push([at, end]);
  return closed;
}

// Spans that touch or overlap as one.
function joined(list) {
  const all = [];
  for (const [from, to] of list.sort((a, b) => a[0] - b[0])) {
    const last = all.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}

// closed(date, host) -> [[from, to], …], that of hosts once load() has asked for theirs.
export async function closedHours(ctx) {
  const { get } = ctx.calendar;
  const own = (await had(get(`/schedules/organization/${ctx.org.id}`)))?.schedule;
  let hosts;
  return {
    closed: (date, host) => joined([own, hosts?.find((one) => one.id === host)].filter(Boolean)
      .flatMap((one) => closedBy(one, date))),
    load: async () => { hosts ??= (await had(all(get, "/schedules", "schedules")))?.list; },
  };
}

// The hour that is worth beginning with: of the first opening or the first booking.
export function openingHour(columns) {
  let first = 24;
  for (const column of columns) {
    const { start, end } = dayOf(column.date), [night] = column.closed ?? [];
    const opens = !night ? start + 8 * 3600e3 : night[0] > start ? start : night[1];
    if (opens < end) first = Math.min(first, (opens - start) / 3600e3);
    for (const block of column.blocks) first = Math.min(first, Math.max(block.start - start, 0) / 3600e3);
  }
  return first === 24 ? 8 : Math.floor(first);
}
