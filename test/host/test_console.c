/* The console on the host: any words, any keys, clients that are gone, against a model of a line
 * editor. Each reader gets what was typed, in order, and each sleeper is woken in time. */
#define LIBSYS_SYSCALL_H /* its system calls are those below */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libsys/freestanding/abi.h"

struct reception {
    uint64_t word[6], badge, token, item;
};
static err_t sys_reply(uint64_t token, const uint64_t word[6]);
static err_t sys_alarm(uint64_t endpoint, uint64_t bits, uint64_t time);
static err_t sys_console_write(uint64_t control, const char *bytes, uint64_t nbytes);
static err_t sys_irq_acknowledge(uint64_t control, uint64_t number);
static void sys_reply_receive(struct reception *r, uint64_t endpoint, uint64_t memory);

#define main console_main
int console_main(void);
#include "../../apps/console.c"
#undef main

enum { ROUNDS = 200, STEPS = 5000, ASKERS = 512, SECOND = 1000 };

static uint64_t state, nsteps, now, alarm_at, nasked, killed;

/* Who waits for an answer, in the order in which they asked. */
static struct asker {
    uint64_t token, what, nbytes, due;
    bool at_once;
} asker[ASKERS];
static unsigned naskers;

/* The model: what nobody has read yet, and the line that is being typed. */
static uint16_t typed[INPUT_MAX];
static char typing[LINE_NBYTES_MAX];
static unsigned ntyped, ntyping;
static uint64_t in_front;
static bool asking; /* a message is being served */

static _Noreturn void fail(const char *what)
{
    printf("console: FAILED %s after %llu steps\n", what, (unsigned long long)nsteps);
    exit(1);
}

static uint64_t pick(uint64_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % n;
}

int libsys_copy(void *to, const void *from, size_t nbytes)
{
    (void)to, (void)from, (void)nbytes;
    return -1; /* there is no serial port */
}

uint64_t libsys_now(void)
{
    return now;
}

uint64_t libsys_timebase(void)
{
    return SECOND;
}

long libsys_request(uint64_t word[6])
{
    if (word[0] != REQ_KILL || word[2] != KILL_FAMILY || word[3] != SIGINT)
        fail("a request that no key asks for");
    killed = word[1];
    return 0;
}

static err_t sys_console_write(uint64_t control, const char *bytes, uint64_t nbytes)
{
    (void)control, (void)bytes;
    return nbytes <= 1 ? 0 : ERR_LENGTH;
}

static err_t sys_alarm(uint64_t endpoint, uint64_t bits, uint64_t time)
{
    (void)endpoint, (void)bits;
    alarm_at = time;
    return 0;
}

static err_t sys_irq_acknowledge(uint64_t control, uint64_t number)
{
    (void)control, (void)number;
    return 0;
}

static void sys_reply_receive(struct reception *r, uint64_t endpoint, uint64_t memory)
{
    (void)r, (void)endpoint, (void)memory;
    fail("the loop is not run here");
}

/* What a reader of so many bytes must get now. */
static int64_t take_typed(uint64_t limit, char *to)
{
    unsigned n = 0, used = 0;
    bool whole = false;
    while (!whole && used < ntyped && (n < limit || typed[used] == MARK)) {
        whole = typed[used] == MARK || typed[used] == '\n';
        if (typed[used] != MARK)
            to[n++] = (char)typed[used];
        used++;
    }
    ntyped -= used;
    memmove(typed, typed + used, ntyped * sizeof typed[0]);
    return n;
}

static void check_read(const struct asker *a, const uint64_t word[6])
{
    char wanted[CONSOLE_READ_MAX];
    int64_t n = (int64_t)word[0];
    bool waits = a->nbytes > 0 && !a->at_once;
    for (const struct asker *b = asker; waits && b != a; b++)
        if (b->what == CONSOLE_READ)
            fail("a reader is passed over");
    if (a->nbytes == 0 || ntyped == 0) {
        if (n != (waits ? -EAGAIN : 0))
            fail("a reader is answered without need");
        return;
    }
    uint64_t limit = a->nbytes < sizeof wanted ? a->nbytes : sizeof wanted;
    if (n != take_typed(limit, wanted) || memcmp(&word[1], wanted, (size_t)n) != 0)
        fail("a reader gets something else than was typed");
}

static void check_answer(const struct asker *a, const uint64_t word[6])
{
    int64_t result = (int64_t)word[0];
    int64_t wanted = -ENOSYS;
    if (a->what == CONSOLE_READ) {
        check_read(a, word);
        return;
    }
    if (a->what == CONSOLE_WRITE)
        wanted = a->nbytes <= CONSOLE_WRITE_MAX ? (int64_t)a->nbytes : -EINVAL;
    if (a->what == CONSOLE_FOREGROUND)
        wanted = 0;
    if (a->what == CONSOLE_SLEEP)
        wanted = asking && nsleepers == SLEEPERS_MAX ? -EAGAIN : 0;
    if (result != wanted)
        fail("an answer");
    if (a->what == CONSOLE_SLEEP && result == 0 && now < a->due)
        fail("a sleeper is woken early");
}

/* Nobody is answered twice. One in eight is gone. */
static err_t sys_reply(uint64_t token, const uint64_t word[6])
{
    unsigned i = 0;
    while (i < naskers && asker[i].token != token)
        i++;
    if (i == naskers)
        fail("an answer to nobody");
    bool gone = pick(8) == 0;
    if (!gone)
        check_answer(&asker[i], word);
    memmove(&asker[i], &asker[i + 1], (--naskers - i) * sizeof asker[0]);
    return gone ? ERR_TOKEN : 0;
}

static uint64_t odd_word(void)
{
    static const uint64_t absurd[] = {~0ul, 1ul << 63, 1ul << 32, 1ul << 31, 33, 41, 4096};
    return pick(6) == 0 ? absurd[pick(sizeof absurd / sizeof *absurd)]
                        : pick(pick(2) == 0 ? 8 : 60);
}

static void message(uint64_t what)
{
    uint64_t word[6] = {what};
    for (int i = 1; i < 6; i++)
        word[i] = odd_word();
    if (what == CONSOLE_SLEEP && pick(4) != 0)
        word[1] += now;
    uint64_t limit = now + SECOND, due = word[1] == 0 ? 1 : word[1] < limit ? word[1] : limit;
    if (what == CONSOLE_READ && pick(4) != 0)
        word[2] = 0;
    if (what == CONSOLE_FOREGROUND)
        in_front = word[1];
    asker[naskers++] = (struct asker){++nasked, what, word[1], due, word[2] != 0 || deaf};
    asking = true;
    request(nasked, word);
    asking = false;
}

static void type(uint16_t last)
{
    for (unsigned i = 0; i < ntyping && ntyped < INPUT_MAX; i++)
        typed[ntyped++] = (uint8_t)typing[i];
    if (ntyped < INPUT_MAX)
        typed[ntyped++] = last;
    ntyping = 0;
}

static void press(char c)
{
    if (c == KEY_INTERRUPT || c == KEY_KILL_LINE)
        ntyping = 0;
    if (c == '\n' || c == '\r' || (c == KEY_INTERRUPT && in_front == 0))
        type('\n');
    else if (c == KEY_END)
        type(MARK);
    else if (c == KEY_BACKSPACE || c == KEY_DELETE)
        ntyping -= ntyping > 0;
    else if (((uint8_t)c >= ' ' || c == '\t') && ntyping < LINE_NBYTES_MAX)
        typing[ntyping++] = c;
    killed = 0;
    key(c);
    if (c == KEY_INTERRUPT && killed != in_front)
        fail("the interrupt key ends somebody else");
}

static void some_key(uint64_t plain)
{
    static const char special[] = {KEY_INTERRUPT, KEY_END, KEY_BACKSPACE, KEY_DELETE,
                                   KEY_KILL_LINE, '\n',    '\r',          '\t'};
    press(pick(plain) != 0 ? (char)pick(256) : special[pick(sizeof special)]);
}

static void check_rest(void)
{
    unsigned waiting = 0, sleeping = 0;
    uint64_t first_due = 0;
    for (const struct asker *a = asker; a < asker + naskers; a++) {
        waiting += a->what == CONSOLE_READ;
        if (a->what != CONSOLE_SLEEP)
            continue;
        first_due = sleeping++ == 0 || a->due < first_due ? a->due : first_due;
    }
    if (waiting + sleeping != naskers || waiting != nreaders || sleeping != nsleepers)
        fail("somebody waits for nothing");
    if (ntyped != ninput || (waiting > 0 && ntyped > 0))
        fail("there is input, and a reader waits");
    if (alarm_at != first_due)
        fail("the alarm is not the first sleeper's");
}

/* Where nothing can be typed nobody waits for it. */
static void check_deaf(void)
{
    deaf = true;
    for (int i = 0; i < STEPS; i++) {
        unsigned before = naskers;
        message(CONSOLE_READ);
        if (naskers != before)
            fail("a reader waits where nothing can be typed");
    }
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        state = seed * 1000003 + round;
        /* Some rounds fill the line, or the input, or the table of sleepers. */
        static const uint64_t rates[] = {0, 10, 50, 90, 100};
        uint64_t keys = rates[pick(5)], sleeps = rates[pick(5)], plain = pick(2) == 0 ? 20 : 600;
        uint64_t pace = pick(2) == 0 ? 1 : 40;
        for (int i = 0; i < STEPS; i++, nsteps++) {
            if (pick(100) < keys)
                some_key(plain);
            else if (pick(100) < sleeps)
                message(CONSOLE_SLEEP);
            else
                message(pick(pick(20) == 0 ? 100 : CONSOLE_SLEEP));
            now += pick(pace);
            if (alarm_at != 0 && now >= alarm_at)
                notice(NOTE_ALARM);
            check_rest();
        }
    }
    check_deaf();
    printf("console: ok seed=%llu steps=%llu\n", (unsigned long long)seed,
           (unsigned long long)nsteps);
    return 0;
}
