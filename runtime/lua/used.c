#include "lua/used.h"

static void tell(struct call *c, const struct call_used *u)
{
    if (c->host->used)
        c->host->used(c->host->ctx, c, u);
}

/* What killed it took the rest and one more. */
static int64_t spent(int64_t had, int64_t left)
{
    return left < 0 ? had : had - left;
}

void used_by_call(struct call *c)
{
    tell(c, &(struct call_used){.instructions =
                                    spent(BUDGET_INSTRUCTIONS, c->budget.instructions),
                                .sql_steps = c->sql_steps,
                                .waits = BUDGET_YIELDS - c->budget.yields});
}

void used_by_transaction(struct call *c, const struct tx *t)
{
    tell(c, &(struct call_used){.name = t->name,
                                .instructions = spent(BUDGET_TRANSACTION, t->left),
                                .sql_steps = t->sql_steps});
}
