#include "lua/meter.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lua/vm_inside.h"

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

/* The one variable of a thread: a signal handler has no other way to what it is for.
 * The timer ends with the process; that of a thread that is over never ticks again. */
static _Thread_local struct {
    struct vm *volatile running;
    bool ticking;
} here;

static pthread_once_t installed = PTHREAD_ONCE_INIT;

static void on_tick(int sig)
{
    struct vm *vm = here.running;
    (void)sig;
    if (vm)
        vm_tick(vm);
}

static void install(void)
{
    struct sigaction a;
    memset(&a, 0, sizeof(a));
    a.sa_handler = on_tick;
    a.sa_flags = SA_RESTART;
    if (sigaction(SIGVTALRM, &a, NULL) != 0)
        abort();
}

/* Without its timer a thread counts instructions only; nothing else is lost. */
static void start(void)
{
    const struct itimerspec each = {.it_interval.tv_nsec = METER_TICK_MS * 1000000,
                                    .it_value.tv_nsec = METER_TICK_MS * 1000000};
    struct sigevent e;
    sigset_t ours;
    timer_t timer;
    here.ticking = true;
    sigemptyset(&ours);
    sigaddset(&ours, SIGVTALRM);
    pthread_sigmask(SIG_UNBLOCK, &ours, NULL); /* the writer's thread blocks all */
    pthread_once(&installed, install);
    memset(&e, 0, sizeof(e));
    e.sigev_notify = SIGEV_THREAD_ID;
    e.sigev_signo = SIGVTALRM;
    e.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &e, &timer) == 0)
        timer_settime(timer, 0, &each, NULL);
}

struct vm *meter_enter(struct vm *vm)
{
    struct vm *outer = here.running;
    if (!here.ticking)
        start();
    here.running = vm;
    return outer;
}

void meter_leave(struct vm *outer)
{
    here.running = outer;
}
