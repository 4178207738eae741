// Services, teams and hosts of the organization, by name.
import { all } from "./api.js";

const nameOf = (one) => one.name ?? one.displayName;

export async function named(ctx, what, query) {
  const { list } = await all(ctx.calendar.get, `/${what}`, what, query);
  return list.sort((a, b) => nameOf(a).localeCompare(nameOf(b)));
}

export function catalogue(ctx) {
  return Promise.all(["services", "teams", "hosts"].map((what) => named(ctx, what)));
}
