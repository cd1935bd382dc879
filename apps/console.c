/* The console: keyboard input by interrupt, line editing, the interrupt key; and sleep.
 *
 *   program --CONSOLE_READ-->  [ readers ]  <-- lines -- edited line <-- interrupt -- serial port
 *   program --CONSOLE_SLEEP--> [ sleepers ] <-- alarm
 *
 * Nobody is waited for: who asks for what is not there yet is kept with his token and answered
 * later. An answer that finds nobody (he was killed) costs nothing: the bytes stay. Whole lines of
 * output go through the kernel (libsys/console.c); here comes only what must be seen at once. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "libsys.h"
#include "servers.h"
#include "syscall.h"

enum { RECEIVE = 0, TRANSMIT = 0, INTERRUPTS = 1, LINE_STATUS = 5 }; /* 16550 registers */
enum { HAS_INPUT = 1, MAY_SEND = 0x20, INPUT_INTERRUPT = 1 };
enum { KEY_INTERRUPT = 3, KEY_END = 4, KEY_BACKSPACE = 8, KEY_KILL_LINE = 21, KEY_DELETE = 127 };
enum { LINE_NBYTES_MAX = 255, INPUT_MAX = 4096, READERS_MAX = 64, SLEEPERS_MAX = 256 };
enum { MARK = 0x100 }; /* in the input: end of file, or of a line that was sent without its end */

static volatile uint8_t *port; /* NULL: there is none */
static bool deaf;              /* nothing will ever be typed: readers meet the end of file */
static uint16_t input[INPUT_MAX];
static unsigned first, ninput;
static char line[LINE_NBYTES_MAX];
static unsigned nline;
static uint64_t foreground;

static struct reader {
    uint64_t token, nbytes;
} reader[READERS_MAX];
static unsigned nreaders;

static struct sleeper { /* earliest first */
    uint64_t token, time;
} sleeper[SLEEPERS_MAX];
static unsigned nsleepers;

static void put(char c)
{
    if (port == NULL) {
        sys_console_write(SLOT_CONTROL, &c, 1);
        return;
    }
    while ((port[LINE_STATUS] & MAY_SEND) == 0)
        ;
    port[TRANSMIT] = (uint8_t)c;
}

static void put_text(const char *text, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        if (text[i] == '\n')
            put('\r');
        put(text[i]);
    }
    if (port == NULL)
        sys_console_write(SLOT_CONTROL, "", 0); /* a prompt has no newline */
}

/* Bytes for one reader: up to the end of a line. */
static uint64_t take(uint64_t limit, char *to, unsigned *used)
{
    uint64_t n = 0;
    *used = 0;
    while (n < limit && *used < ninput) {
        uint16_t c = input[(first + *used) % INPUT_MAX];
        ++*used;
        if (c == MARK)
            return n;
        to[n++] = (char)c;
        if (c == '\n')
            return n;
    }
    if (*used < ninput && input[(first + *used) % INPUT_MAX] == MARK)
        ++*used;
    return n;
}

/* False: nobody is there any more, and the input stays. */
static bool answer_reader(const struct reader *r)
{
    uint64_t word[6] = {0};
    unsigned used;
    word[0] = take(r->nbytes, (char *)&word[1], &used);
    if (sys_reply(r->token, word) != 0)
        return false;
    first = (first + used) % INPUT_MAX;
    ninput -= used;
    return true;
}

static void serve_readers(void)
{
    while (nreaders > 0 && ninput > 0) {
        answer_reader(&reader[0]);
        memmove(&reader[0], &reader[1], --nreaders * sizeof reader[0]);
    }
}

static void answer(uint64_t token, int64_t result)
{
    sys_reply(token, (const uint64_t[6]){(uint64_t)result});
}

/* Full: some of them are gone. The oldest asks again if it is still there. */
static void read_request(uint64_t token, const uint64_t *word)
{
    struct reader r = {token, word[1] < CONSOLE_READ_MAX ? word[1] : CONSOLE_READ_MAX};
    if (r.nbytes == 0) {
        answer(token, 0);
    } else if (nreaders == 0 && ninput > 0) {
        answer_reader(&r);
    } else if (word[2] != 0 || deaf) {
        answer(token, 0);
    } else {
        if (nreaders == READERS_MAX) {
            answer(reader[0].token, -EAGAIN);
            memmove(&reader[0], &reader[1], --nreaders * sizeof reader[0]);
        }
        reader[nreaders++] = r;
    }
}

static void add_input(uint16_t c)
{
    if (ninput < INPUT_MAX)
        input[(first + ninput++) % INPUT_MAX] = c;
}

static void end_line(uint16_t last)
{
    for (unsigned i = 0; i < nline; i++)
        add_input((uint8_t)line[i]);
    nline = 0;
    add_input(last);
    serve_readers();
}

static void rub_out(unsigned n)
{
    for (; n > 0 && nline > 0; n--, nline--)
        put_text("\b \b", 3);
}

static void interrupt_key(void)
{
    put_text("^C\n", 3);
    nline = 0;
    if (foreground != 0)
        libsys_request((uint64_t[6]){REQ_KILL, foreground, KILL_FAMILY, SIGINT});
    else
        end_line('\n'); /* whoever reads a command starts anew */
}

static void key(char c)
{
    switch (c) {
    case KEY_INTERRUPT: interrupt_key(); return;
    case KEY_END: end_line(MARK); return;
    case KEY_BACKSPACE:
    case KEY_DELETE: rub_out(1); return;
    case KEY_KILL_LINE: rub_out(nline); return;
    case '\r':
    case '\n':
        put_text("\n", 1);
        end_line('\n');
        return;
    default:
        if (((uint8_t)c < ' ' && c != '\t') || nline == LINE_NBYTES_MAX)
            return;
        line[nline++] = c;
        put(c);
    }
}

static void set_alarm(void)
{
    sys_alarm(SLOT_ENDPOINT, NOTE_ALARM, nsleepers > 0 ? sleeper[0].time : 0);
}

static void wake_sleepers(void)
{
    unsigned n = 0;
    uint64_t now = libsys_now();
    for (; n < nsleepers && sleeper[n].time <= now; n++)
        answer(sleeper[n].token, 0);
    nsleepers -= n;
    memmove(&sleeper[0], &sleeper[n], nsleepers * sizeof sleeper[0]);
    set_alarm();
}

/* A second at most, so that places of those who were killed are free again soon. */
static void sleep_request(uint64_t token, uint64_t time)
{
    uint64_t limit = libsys_now() + libsys_timebase();
    if (nsleepers == SLEEPERS_MAX) {
        answer(token, -EAGAIN);
        return;
    }
    time = time < limit ? (time > 0 ? time : 1) : limit;
    unsigned at = nsleepers++;
    for (; at > 0 && sleeper[at - 1].time > time; at--)
        sleeper[at] = sleeper[at - 1];
    sleeper[at] = (struct sleeper){token, time};
    if (at == 0)
        set_alarm();
}

static void request(uint64_t token, const uint64_t *word)
{
    switch (word[0]) {
    case CONSOLE_WRITE:
        if (word[1] > CONSOLE_WRITE_MAX) {
            answer(token, -EINVAL);
            return;
        }
        put_text((const char *)&word[2], word[1]);
        answer(token, (int64_t)word[1]);
        return;
    case CONSOLE_READ: read_request(token, word); return;
    case CONSOLE_SLEEP: sleep_request(token, word[1]); return;
    case CONSOLE_FOREGROUND:
        foreground = word[1];
        answer(token, 0);
        return;
    default: answer(token, -ENOSYS);
    }
}

static void notice(uint64_t bits)
{
    if ((bits & NOTE_INTERRUPT) != 0) {
        while ((port[LINE_STATUS] & HAS_INPUT) != 0)
            key((char)port[RECEIVE]);
        sys_irq_acknowledge(SLOT_CONTROL, bits >> NOTE_IRQ_SHIFT);
    }
    if ((bits & NOTE_ALARM) != 0)
        wake_sleepers();
}

int main(void)
{
    uint8_t status;
    volatile uint8_t *device = (volatile uint8_t *)DEVICE_ADDRESS;
    if (libsys_copy(&status, (const void *)(DEVICE_ADDRESS + LINE_STATUS), 1) == 0) {
        port = device;
        port[INTERRUPTS] = INPUT_INTERRUPT;
    } else {
        static const char why[] = "console: this machine has no serial port whose interrupt can be "
                                  "delivered; programs read the end of file\n";
        deaf = true;
        put_text(why, sizeof why - 1);
    }
    libsys_request((uint64_t[6]){REQ_READY});
    struct reception r = {0};
    for (;;) {
        r.badge = r.item = 0;
        sys_reply_receive(&r, SLOT_ENDPOINT, 0);
        if (r.token != 0)
            request(r.token, r.word);
        else if (r.badge != NO_BADGE)
            notice(r.word[0]);
    }
}
