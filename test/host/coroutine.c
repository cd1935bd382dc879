/* Coroutines on ucontext; the address sanitizer is told about each change of stack. */
#include "coroutine.h"
#include <sanitizer/common_interface_defs.h>
#include <stddef.h>
#include <stdlib.h>
#include <ucontext.h>

/* Newer sanitizers move locals to a second stack, to find those that are used after a return. It is
 * searched anew at each change of stacks, which takes five times as long as all else here. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_stack_use_after_return=0";
}

enum { STACK_NBYTES = 1 << 18 };

static struct coroutine {
    ucontext_t context;
    void *stack, *fake_stack;
    void (*body)(unsigned);
    bool ended;
} coroutine[COROUTINES];

static ucontext_t main_context;
static const void *main_stack;
static size_t main_nbytes;
static unsigned current;

static void to_main(struct coroutine *from)
{
    __sanitizer_start_switch_fiber(from->ended ? NULL : &from->fake_stack, main_stack, main_nbytes);
    swapcontext(&from->context, &main_context);
    __sanitizer_finish_switch_fiber(from->fake_stack, &main_stack, &main_nbytes);
}

static void enter(void)
{
    struct coroutine *me = &coroutine[current];
    __sanitizer_finish_switch_fiber(NULL, &main_stack, &main_nbytes);
    me->body(current);
    me->ended = true;
    to_main(me);
}

void coroutine_start(unsigned number, void (*body)(unsigned number))
{
    struct coroutine *me = &coroutine[number];
    if (me->stack == NULL)
        me->stack = malloc(STACK_NBYTES);
    me->body = body;
    me->ended = false;
    getcontext(&me->context);
    me->context.uc_stack.ss_sp = me->stack;
    me->context.uc_stack.ss_size = STACK_NBYTES;
    makecontext(&me->context, enter, 0);
}

bool coroutine_resume(unsigned number)
{
    struct coroutine *it = &coroutine[number];
    void *fake_stack;
    current = number;
    __sanitizer_start_switch_fiber(&fake_stack, it->stack, STACK_NBYTES);
    swapcontext(&main_context, &it->context);
    __sanitizer_finish_switch_fiber(fake_stack, NULL, NULL);
    return !it->ended;
}

void coroutine_yield(void)
{
    to_main(&coroutine[current]);
}
