// When nobody comes: what the organization's and a host's hours leave closed, for shading.
// What can be booked the server decides; this only helps the eye.
import { addDays, dayOf } from "./days.js";

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

async function scheduleOf(ctx, kind, id) {
  try {
    return (await ctx.calendar.get(`/schedules/${kind}/${id}`, {}, { quiet: true })).schedule;
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    return null;
  }
}

// "HH:MM" of a date as an instant.
function instant(date, text) {
  const [hour, minute] = text.split(":").map(Number), day = dayOf(date);
  const wall = day.utc + (hour * 60 + minute) * 60e3;
  return day.change !== null && wall - day.before >= day.change ? wall - day.after : wall - day.before;
}

function windows(schedule, date) {
  const special = schedule.overrides.find((one) => one.date === date);
  const list = special ? special.closed ? [] : special.hours ?? []
    : schedule.weekly[DAYS[new Date(`${date}T00:00:00Z`).getUTCDay()]] ?? [];
  return list.map(([from, to]) => [instant(date, from), to <= from ? instant(addDays(date, 1), to) : instant(date, to)]);
}

// closed(date) -> [[from, to], …]
export async function closedHours(ctx) {
  const schedule = await scheduleOf(ctx, "organization", ctx.org.id);
  return (date) => {
    if (!schedule || schedule.timezone !== ctx.zone) return [];
    const { start, end } = dayOf(date), closed = [];
    let at = start;
    for (const [from, to] of [...windows(schedule, addDays(date, -1)), ...windows(schedule, date)]) {
      if (to <= at || from >= end) continue;
      if (from > at) closed.push([at, from]);
      at = Math.max(at, to);
    }
    if (at < end) closed.push([at, end]);
    return closed;
  };
}

// The hour that is worth beginning with: of the first opening or the first booking.
export function openingHour(columns, view) {
  let first = 24;
  for (const column of columns) {
    const { start } = dayOf(column.date), closed = view.closed(column.date);
    const opens = closed.length === 0 ? start + 8 * 3600e3 : closed[0][0] > start ? start : closed[0][1];
    if (opens < dayOf(column.date).end) first = Math.min(first, (opens - start) / 3600e3);
    for (const block of column.blocks) first = Math.min(first, Math.max(block.start - start, 0) / 3600e3);
  }
  return first === 24 ? 8 : Math.floor(first);
}
