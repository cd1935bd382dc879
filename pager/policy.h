/* What a pager policy is: one file that fills in one struct policy.
 *
 * A hook gets a read-only view and returns a verdict; the core checks it against policy_legal_… and
 * carries it out, or the default instead (L8): a verdict can be slow, never unsafe. Only the name
 * is mandatory; a hook left out means plain copy-or-upgrade. A policy's object has no undefined
 * symbol and neither .data nor .bss. Its file defines `const struct policy policy_NAME`. */
#ifndef PAGER_POLICY_H
#define PAGER_POLICY_H
#include <stdbool.h>
#include <stdint.h>

/* How a present private page crosses a fork. */
enum fork_verdict {
    FORK_SHARE, /* both map the frame, without the right to store (default) */
    FORK_COPY,  /* the child gets a frame of its own at once */
    FORK_VERDICTS,
};

/* What a store to a present private page does. */
enum store_verdict {
    STORE_UPGRADE, /* the frame stays and becomes writable; legal only for the last owner (default)
                    */
    STORE_COPY,    /* a new frame with the same contents (default where others own it too) */
    STORE_VERDICTS,
};

/* What a verdict may depend on. */
struct policy_view {
    bool shared_frame; /* the frame has other owners */
    uint64_t address;
    uint64_t process_npages, process_nfaults;
    uint64_t free_npages, total_npages;
};

struct policy {
    const char *name;
    /* Its economy, for tests that count frames: fork copies nothing; a last owner's store neither.
     */
    bool lazy_fork, upgrades;
    enum fork_verdict (*at_fork)(const struct policy_view *view);
    enum store_verdict (*at_store)(const struct policy_view *view);
};

/* May this be done without harm? The one rule for each verdict. */
static inline bool policy_legal_fork(const struct policy_view *view, enum fork_verdict verdict)
{
    (void)view;
    return verdict == FORK_SHARE || verdict == FORK_COPY;
}

static inline bool policy_legal_store(const struct policy_view *view, enum store_verdict verdict)
{
    return verdict == STORE_COPY || (verdict == STORE_UPGRADE && !view->shared_frame);
}

/* Illegal verdicts that were replaced. */
extern uint64_t policy_nreplaced;

/* Every policy that was built in, ended by NULL; made by the build from the files' names. */
extern const struct policy *const policy_list[];
#endif
