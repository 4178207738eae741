#!/usr/bin/env node
// Looks at an organization's services, finds a slot, books it and cancels it.
//   KORDLESS_API_KEY=kord_live_… KORDLESS_ORG_ID=org_… node examples/clients/client.mjs
// Node 18 or later, nothing else.

import { randomUUID } from "node:crypto";

const env = process.env;
const api = (env.KORDLESS_URL ?? "http://127.0.0.1:8080") + "/api/calendar/v1/public";
const slug = env.KORDLESS_ORG_SLUG ?? "acme-salon";

async function call(method, path, { query, body, headers } = {}) {
  const url = api + path + (query ? "?" + new URLSearchParams(query) : "");
  const answer = await fetch(url, {
    method,
    headers: {
      "x-kordless-key": env.KORDLESS_API_KEY,
      "x-organization-id": env.KORDLESS_ORG_ID,
      ...(body && { "Content-Type": "application/json" }),
      ...headers,
    },
    body: body && JSON.stringify(body),
  });
  const value = await answer.json();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${value.detail}`);
  return value;
}

function day(n) {
  const date = new Date(Date.now() + n * 86_400_000);
  date.setUTCHours(0, 0, 0, 0);
  return date.toISOString();
}

async function firstSlot(service) {
  const query = { org_slug: slug, service_slug: service, from: day(2), to: day(16) };
  const { slots } = await call("GET", "/availability", { query });
  if (slots.length === 0) throw new Error(`nothing is free until ${query.to}`);
  return slots[0];
}

async function book(service, slot) {
  const body = {
    org_slug: slug,
    service_slug: service,
    starts_at: slot.startsAt,
    ends_at: slot.endsAt,
    timezone: "UTC",
    contact: { name: "Node", email: "node@example.com" },
  };
  // The same Idempotency-Key twice makes one booking: safe to repeat when in doubt.
  const headers = { "Idempotency-Key": randomUUID() };
  return (await call("POST", "/bookings", { body, headers })).booking;
}

async function main() {
  for (const name of ["KORDLESS_API_KEY", "KORDLESS_ORG_ID"]) {
    if (!env[name]) throw new Error(`${name} is missing`);
  }
  const { services } = await call("GET", `/org/${slug}`);
  if (services.length === 0) throw new Error(`${slug} has no services yet`);
  const { service } = await call("GET", `/org/${slug}/service/${services[0].slug}`);
  console.log(`service  ${service.slug}: ${service.name}, ${service.duration} minutes`);
  const slot = await firstSlot(service.slug);
  console.log(`slot     ${slot.startsAt}`);
  const booking = await book(service.slug, slot);
  console.log(`booked   ${booking.confirmation_number}`);
  const path = `/bookings/confirmation/${booking.confirmation_number}/cancel`;
  const canceled = await call("POST", path, { query: { contact: "node@example.com" } });
  console.log(`then     ${canceled.booking.status}`);
}

main().catch((error) => {
  console.error([error.message, error.cause?.message].filter(Boolean).join(": "));
  process.exitCode = 1;
});
