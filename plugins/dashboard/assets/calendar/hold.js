// Keeps the slot that is picked in a form from everybody else while the form is open.
const RENEW = 3 * 60e3, TIMES = 20, MINUTES = 5;

// take(slot) gives back what was held before; release() gives back all. One step at a time.
export function holder(ctx) {
  let held = null, timer = null, turn = Promise.resolve();
  const next = (work) => {
    turn = turn.catch(() => {}).then(work);
    return turn;
  };
  async function drop() {
    clearTimeout(timer);
    const old = held;
    held = null;
    if (old) await ctx.calendar.remove(`/holds/${old.id}`, null, { quiet: true }).catch(() => {});
  }
  function renew(left) {
    timer = setTimeout(() => next(async () => {
      if (!held || left === 0) return;
      await ctx.calendar.post(`/holds/${held.id}/extend`, { ttl_minutes: MINUTES }, { quiet: true });
      renew(left - 1);
    }).catch(() => { held = null; }), RENEW);
  }
  ctx.signal.addEventListener("abort", () => next(drop));
  return {
    take: (slot) => next(async () => {
      await drop();
      held = (await ctx.calendar.post("/holds", { ...slot, ttl_minutes: MINUTES }, { quiet: true })).hold;
      renew(TIMES);
    }),
    release: () => next(drop),
    // The hold that a booking takes the place of; it is used up by that.
    settled: () => next(() => held?.id),
    used: () => {
      clearTimeout(timer);
      held = null;
    },
  };
}
