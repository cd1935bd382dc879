/* Two requests at once: what the explorer of schedules (test_interleave.c) and the requests and
 * scenes (interleave_ops.c) share. */
#pragma once
#include "fake.h"

/* Two pages a and b of one private or shared region, in parent and child. */
enum scene {
    SCENE_SHARED,     /* both frames belong to parent and child */
    SCENE_HALF,       /* a does; of b each has its own */
    SCENE_LAST,       /* the child has exited: the parent owns both, its entries can't store yet */
    SCENE_UNMAPPED,   /* both frames belong to parent and child, no entry is left */
    SCENE_ONE_MEMORY, /* the region is shared memory */
    SCENES,
};

enum actor_is { PARENT_THREAD_0, PARENT_THREAD_1, CHILD, INIT, ACTOR_KINDS };

enum { GONE = -1000 }; /* the thread did not live to see its answer */

struct op {
    const char *name;
    /* By a thread that lives and is idle; what came of it. */
    int64_t (*run)(struct process *process, unsigned thread, uint8_t byte);
    bool of_init; /* init asks for that, and for nothing else */
};
extern const struct op interleave_op[];
extern const unsigned interleave_nops;

/* Called between two requests of one op, if it makes two. */
extern void (*interleave_between)(void);

struct setting {
    enum scene scene;
    unsigned policy;
    uint64_t nfree; /* frames that are left free; PLENTY_FREE: all */
};
#define PLENTY_FREE (~0ul)

void interleave_begin(const struct setting *setting);
void interleave_end(void); /* everything ends, and no frame is lost */

/* The process behind an actor if its thread lives, is idle and runs the same program, else NULL. */
struct process *interleave_process(enum actor_is who, unsigned *thread);

/* All that can be seen: who lives, what the pages show, children made meanwhile. */
void interleave_observe(char *text, uint64_t nbytes);
/* With few frames free: does every page show something that somebody stored? */
bool interleave_is_sane(void);
