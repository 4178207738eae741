#ifndef KORDLESS_TESTS_SCRIPT_H
#define KORDLESS_TESTS_SCRIPT_H

/* For the tests of the Lua room: run a piece of Lua in a state and look at the end. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua/api.h"
#include "lua/lib.h"
#include "lua/manifest.h"
#include "lua/vm.h"

struct script {
    struct vm *vm;
    struct buf why;
    struct api_grant grant;
    struct budget budget; /* of the next run; what is left afterwards */
};

static inline void script_begin(struct script *s, size_t memory_max)
{
    struct vm_options o = {.name = "test", .memory_max = memory_max, .owner = s};
    buf_init(&s->why);
    assert_int_equal(vm_new(&s->vm, &o), 0);
    s->budget = (struct budget){BUDGET_INSTRUCTIONS, BUDGET_YIELDS};
}

static inline void script_end(struct script *s)
{
    vm_free(s->vm);
    buf_end(&s->why);
}

static inline const char *script_why(struct script *s)
{
    buf_char(&s->why, '\0');
    s->why.n--;
    return s->why.p;
}

/* Loads and runs on a pooled thread; the first result is moved to the main stack. */
static inline enum vm_end script_run(struct script *s, const char *text)
{
    int n = 0;
    lua_State *main = vm_main(s->vm), *co = vm_thread(s->vm);
    buf_clear(&s->why);
    lua_settop(main, 0);
    if (vm_load(s->vm, str_of(text), "test.lua", false, &s->why))
        fail_msg("%s", script_why(s));
    lua_xmove(main, co, 1);
    enum vm_end end = vm_run(s->vm, co, 0, &s->budget, &n, &s->why);
    if (end == VM_DONE && n > 0) {
        lua_settop(co, 1);
        lua_xmove(co, main, 1);
    }
    vm_thread_end(s->vm, co, end != VM_DONE);
    return end;
}

/* In a fresh state, with the default budget: must end well and return true. */
static inline void script_true(struct script *s, const char *text)
{
    s->budget = (struct budget){BUDGET_INSTRUCTIONS, BUDGET_YIELDS};
    enum vm_end end = script_run(s, text);
    if (end != VM_DONE)
        fail_msg("end %d of [%s]: %s", end, text, script_why(s));
    if (!lua_toboolean(vm_main(s->vm), -1))
        fail_msg("not true: [%s]", text);
    lua_settop(vm_main(s->vm), 0);
}

/* Must end with an error whose message holds `part`. */
static inline void script_fails(struct script *s, const char *text, const char *part)
{
    s->budget = (struct budget){BUDGET_INSTRUCTIONS, BUDGET_YIELDS};
    enum vm_end end = script_run(s, text);
    if (end != VM_ERROR)
        fail_msg("end %d of [%s]", end, text);
    if (!strstr(script_why(s), part))
        fail_msg("[%s] failed with [%s], not [%s]", text, script_why(s), part);
}

static inline void script_ends(struct script *s, const char *text, enum vm_end want)
{
    s->budget = (struct budget){BUDGET_INSTRUCTIONS, BUDGET_YIELDS};
    enum vm_end end = script_run(s, text);
    if (end != want)
        fail_msg("end %d, not %d, of [%s]: %s", end, want, text, script_why(s));
}

/* Gives the state what `needs` grants of `kordless` there. */
static inline void script_api(struct script *s, enum api_phase phase, unsigned needs,
                              struct zones *zones)
{
    s->grant = (struct api_grant){.vm = s->vm,
                                  .phase = phase,
                                  .needs = needs,
                                  .zones = zones,
                                  .file = "plugin.lua"};
    api_open(&s->grant);
}

#endif
