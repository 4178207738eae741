// Keeps the slot that is picked in a form from everybody else while the form is open.
const RENEW = 3 * 60e3, TIMES = 20, MINUTES = 5;

// take(slot) gives back what was held before; release() gives back all. One step at a time.
// lost(fault) is told when what was held is not any more: renewing failed, or, without a
// fault, it was held for an hour.
export function holder(ctx, lost) {
  let held = null, timer = null, turn = Promise.resolve();
  let lapsed = null; // what could not be renewed or given back, and is perhaps not over yet
  const next = (work) => {
    turn = turn.catch(() => {}).then(work);
    return turn;
  };
  async function drop() {
    clearTimeout(timer);
    const old = held ?? lapsed;
    held = lapsed = null;
    if (old) await ctx.calendar.remove(`/holds/${old.id}`, null, { quiet: true }).catch((fault) => {
      if (fault.status !== 404) lapsed = old;
    });
  }
  function renew(own, left) {
    timer = setTimeout(() => next(async () => {
      if (held !== own) return;
      try {
        if (left === 0) await drop();
        else await ctx.calendar.post(`/holds/${own.id}/extend`, { ttl_minutes: MINUTES }, { quiet: true });
      } catch (fault) {
        if (held !== own) return;
        [held, lapsed] = [null, fault.status === 404 ? null : own];
        return lost(fault);
      }
      if (held === own) renew(own, left - 1);
      else if (left === 0) lost();
    }), RENEW);
  }
  ctx.signal.addEventListener("abort", () => next(drop));
  return {
    take: (slot) => next(async () => {
      await drop();
      held = (await ctx.calendar.post("/holds", { ...slot, ttl_minutes: MINUTES }, { quiet: true })).hold;
      renew(held, TIMES);
    }),
    release: () => next(drop),
    // The hold that a booking takes the place of; it is used up by that.
    settled: () => next(() => held ? held.id : drop()),
    used: () => {
      clearTimeout(timer);
      held = lapsed = null;
    },
  };
}
