/* What the pager's core needs from below. Three implementations: system calls (the server), direct
 * calls (the in-kernel baseline), a fake machine (host tests).
 *
 * Calls that may fail say so, and then nothing changed; the others can't fail, so that what relies
 * on them can't stop half-way. Runs may be of any length. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "../libsys/freestanding/abi.h"

struct process;

/* Frame f is at port_window + f * PAGE_SIZE. */
extern char *port_window;

static inline void *port_frame(pfn_t frame)
{
    return port_window + (frame << PAGE_SHIFT);
}

/* Where this core runs: 1 linked into the kernel, 0 a server. Figures carry it. */
extern const int port_in_kernel;

/* The core's lock: everything in it but the contents of frames. Whoever calls the core holds it;
 * the core itself leaves it while it fills a page. */
void port_lock(void);
void port_unlock(void);

/* More than one hart may run the core. Otherwise nobody comes in while it copies, and it need not
 * leave the lock. */
extern bool port_several;

/* What a piece of work may cost, in instructions: so that together with a request's way in and out
 * it is below what anybody may have to wait. */
extern int32_t port_piece;
enum { PORT_PIECE = 7000 }; /* on a machine */

/* Between two pieces of work for whoever asked, lock held: should the core be left, so that others
 * can run, or be served? Several harts must: who waits for the lock can't be seen. */
bool port_gives_way(void);

/* Leaves the lock for a moment, and takes it again. */
void port_let_in(void);

/* A space for the process, which may call the core, and its threads. ERR_POOL, ERR_LIMIT.
 * `init`: with the right to power off, which passes to it. Destroying ends all its threads first:
 * on return none runs and no entry is left. */
err_t port_space_make(struct process *process, bool init);
void port_space_destroy(struct process *process);

/* Entries (see SYS_MAP …). map: ERR_POOL. share: entries of `from`, in one leaf,
 * lose all but `rights` and go to `to`, which has none there; ERR_POOL. */
err_t port_map(struct process *process, uint64_t va, pfn_t first, uint64_t npages, unsigned rights);
void port_protect(struct process *process, uint64_t va, uint64_t npages, unsigned rights);
void port_drop(struct process *process, uint64_t va, uint64_t npages);
err_t port_share(struct process *from, struct process *to, uint64_t va, uint64_t npages,
                 unsigned rights);

/* The next installed entry at or above *va and below ADDRESS_LIMIT (what lies above is the port's
 * own); false: none. */
bool port_next(struct process *process, uint64_t *va, pfn_t *frame, unsigned *rights);

struct port_registers {
    uint64_t pc, sp, a0, a1, tp;
};

/* Threads of a process, numbered from 0. make: with the registers of the thread whose request
 * `token` is, as if answered with zeros (0: all zeros); ERR_POOL, ERR_TOKEN if that is gone. */
err_t port_thread_make(struct process *process, unsigned number, uint64_t token);
void port_thread_destroy(struct process *process, unsigned number);
void port_thread_set(struct process *process, unsigned number,
                     const struct port_registers *registers);
void port_thread_start(struct process *process, unsigned number);
void port_thread_stop(struct process *process, unsigned number);

void port_thread_priority(struct process *process, unsigned number, unsigned priority);

/* How long its threads have run, in units of the time base, as ticks saw it. */
uint64_t port_time(const struct process *process);

/* The process, whose space is made, becomes the server that others have in `slot`: it receives at
 * SLOT_ENDPOINT, and may set alarms and attach interrupts there; the
 * console's gets the serial port at DEVICE_ADDRESS. ERR_POOL. What was made ends with its space. */
err_t port_server_make(struct process *server, unsigned slot);

/* Bits for the notification of a server that is there. connect: the capability to call it, with
 * that badge, into a process's slot; ERR_POOL. */
void port_server_notify(unsigned slot, uint64_t bits);
err_t port_connect(struct process *process, unsigned slot, uint64_t badge);

/* An endpoint at which the process receives, in SLOT_ENDPOINT, until its space is destroyed:
 * ERR_POOL. The right to call it, for another process: in SLOT_PARENT, if that is a child which has
 * not run yet, or in SLOT_SECOND; ERR_POOL; ERR_CAPABILITY, or 0: it has it already. */
err_t port_endpoint_make(struct process *process);
err_t port_endpoint_give(const struct process *process, struct process *client, unsigned slot);

/* The process, which has not run yet, becomes another pager: it holds these frames, the last of
 * ours, in BOOT_SLOT_MEMORY, with a window, and has in BOOT_SLOT_CONTROL the right to make objects
 * and to write to the console. All that it made, and the frames, return when its space is
 * destroyed. ERR_POOL. */
err_t port_lend(struct process *process, pfn_t first, uint64_t npages);

/* Answers a request, or a fault with the pc to go on at (0: where it was), later; false: its thread
 * is gone. The thread of two tokens is the same if they agree below bit TOKEN_SHIFT. */
bool port_reply(uint64_t token, const uint64_t word[6]);

/* The thread makes its request again, with these words, when it is its turn to run. If it is gone,
 * nothing happens. */
void port_recall(uint64_t token, const uint64_t word[6]);

/* There are frames to clear: whoever does (laundry_wash), when nothing else is to do, must not wait
 * any longer. With the lock held; returns at once. */
void port_wash(void);

/* A line for the person at the console. */
void port_print(const char *line);
