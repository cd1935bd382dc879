/* What a pager policy is: one file that fills in one struct policy.
 *
 * A hook gets a read-only view and returns a verdict; the core checks it against policy_legal and
 * carries it out, or the default instead (L8): a verdict can be slow, never unsafe. Only the name
 * is mandatory; a hook left out means the default. A policy's object has no undefined symbol and
 * neither .data nor .bss: what it remembers is in the state that the core hands in. Its file
 * defines `const struct policy policy_NAME` (a `-` of the name is a `_` there).
 *
 * A new mechanism is a change to the core: an enumerator, a line in policy_legal, a case. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "../libsys/freestanding/abi.h"

/* How a present private page crosses a fork. */
enum fork_verdict {
    FORK_SHARE, /* both map the frame, without the right to store (default) */
    FORK_COPY,  /* the child gets a frame of its own at once */
    FORK_OMIT,  /* shared in the map, but the child gets no entry: its first access faults */
    FORK_VERDICTS,
};

/* How leaves of the map cross a fork, 2 MiB of pages each, where all in them is private. */
enum leaf_verdict {
    LEAF_EACH,  /* each page by itself (default) */
    LEAF_SHARE, /* as they are: both have them; whoever first changes anything in one copies it */
    LEAF_VERDICTS,
};

/* What a store to a present private page does. */
enum store_verdict {
    STORE_UPGRADE, /* the frame stays and becomes writable: only for the last owner (default there)
                    */
    STORE_COPY,    /* a new frame with the same contents (default where others own it too) */
    STORE_VERDICTS,
};

/* What another access to a present private page does for which the kernel has no entry. */
enum load_verdict {
    LOAD_MAP,  /* the frame as it is (default) */
    LOAD_COPY, /* a new frame with the same contents: only where others own it too */
    LOAD_VERDICTS,
};

/* What the first access to a private page without contents does. */
enum touch_verdict {
    TOUCH_ZERO,       /* a frame of zeros (default) */
    TOUCH_SHARE_ZERO, /* the one frame of zeros that all share: only for a load */
    TOUCH_VERDICTS,
};

/* Neighbours to settle in the same fault as a store to a present private page: so many pages below
 * and above it, as far as they lie in its region and leaf. Those that are present and the process's
 * own become writable, those that are shared are copied while memory is not short. Default: none.
 */
#define POLICY_WINDOW(below, above)  ((uint32_t)(below) << 16 | (uint32_t)(above))
#define POLICY_WINDOW_BELOW(verdict) ((verdict) >> 16)
#define POLICY_WINDOW_ABOVE(verdict) (0xffff & (verdict))

enum {
    POLICY_WINDOW_MAX = 32,   /* each way */
    POLICY_STATE_NBYTES = 256 /* of a family */
};

/* What a verdict may depend on. */
struct policy_view {
    bool present;       /* the page has a frame */
    bool shared_frame;  /* which has other owners */
    bool shared_region; /* memory that parent and child share for good: only defaults are legal */
    bool store;         /* first access: it is a store */
    uint8_t rights;     /* of the region, RIGHT_… */
    uint64_t address;   /* of the page */
    uint64_t process;   /* its number, never used again while it is remembered */
    uint64_t process_npages, process_nfaults;
    uint64_t free_npages; /* at a fork: beyond what it needs itself */
    uint64_t total_npages;
    void *state; /* of the family: POLICY_STATE_NBYTES, aligned to 8, zeros at the start */
};

struct policy {
    const char *name;
    /* Its economy, for tests that count frames: fork copies nothing and takes no memory to speak
     * of; a last owner's store neither. */
    bool lazy_fork, upgrades;
    enum fork_verdict (*at_fork)(const struct policy_view *view);
    /* Once a fork, about no page; at_fork is asked about those of the leaves that are not shared.
     */
    enum leaf_verdict (*at_leaves)(const struct policy_view *view);
    enum store_verdict (*at_store)(const struct policy_view *view);
    enum load_verdict (*at_load)(const struct policy_view *view);
    enum touch_verdict (*at_touch)(const struct policy_view *view);
    uint32_t (*around)(const struct policy_view *view); /* POLICY_WINDOW */
    /* How many pages a family may have in its maps, those that its members share counted for each.
     * Beyond that fork, sbrk and mmap fail, and a first access ends its process. A family can't
     * leave a policy that says so. */
    uint64_t (*limit)(const struct policy_view *view);
};

enum policy_question {
    QUESTION_FORK,
    QUESTION_LEAVES,
    QUESTION_STORE,
    QUESTION_LOAD,
    QUESTION_TOUCH,
    QUESTION_AROUND,
    QUESTIONS
};

/* What is done where no policy says anything else. */
static inline uint32_t policy_default(enum policy_question question, const struct policy_view *view)
{
    switch (question) {
    case QUESTION_FORK: return FORK_SHARE;
    case QUESTION_LEAVES: return LEAF_EACH;
    case QUESTION_STORE:
        return view->shared_frame && !view->shared_region ? STORE_COPY : STORE_UPGRADE;
    case QUESTION_LOAD: return LOAD_MAP;
    case QUESTION_TOUCH: return TOUCH_ZERO;
    case QUESTION_AROUND:
    case QUESTIONS: break;
    }
    return POLICY_WINDOW(0, 0);
}

/* May this be done without harm? The one rule. */
static inline bool policy_legal(enum policy_question question, const struct policy_view *view,
                                uint32_t verdict)
{
    bool private_page = view->present && !view->shared_region;
    bool may_copy = private_page && view->free_npages > 0;
    if (verdict == policy_default(question, view))
        return true;
    switch (question) {
    case QUESTION_FORK:
        return (verdict == FORK_COPY && may_copy) || (verdict == FORK_OMIT && private_page);
    case QUESTION_LEAVES: return verdict == LEAF_SHARE && private_page;
    case QUESTION_STORE: return verdict == STORE_COPY && may_copy && (view->rights & RIGHT_W) != 0;
    case QUESTION_LOAD: return verdict == LOAD_COPY && may_copy && view->shared_frame;
    case QUESTION_TOUCH:
        return verdict == TOUCH_SHARE_ZERO && !view->present && !view->shared_region &&
               !view->store;
    case QUESTION_AROUND:
        return private_page && (view->rights & RIGHT_W) != 0 &&
               POLICY_WINDOW_BELOW(verdict) <= POLICY_WINDOW_MAX &&
               POLICY_WINDOW_ABOVE(verdict) <= POLICY_WINDOW_MAX;
    case QUESTIONS: break;
    }
    return false;
}

/* Illegal verdicts that were replaced. */
extern uint64_t policy_nreplaced;

/* Every policy that was built in, ended by NULL; made by the build from the files' names. */
extern const struct policy *const policy_list[];
