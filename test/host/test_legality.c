/* The rule for verdicts, over every combination of view and verdict, against what could go wrong.
 */
#include "../../pager/policy.h"
#include <stdio.h>
#include <stdlib.h>

static const uint64_t free_npages[] = {0, 1, 1000};
static const uint32_t window[] = {0, 1, POLICY_WINDOW_MAX, POLICY_WINDOW_MAX + 1, 0xffff};
enum { FREES = 3, WINDOWS = 5, VIEWS = 16 * 8 * FREES };
/* Verdicts of each question, and how many pairs of view and verdict are legal. */
static const struct {
    uint32_t nverdicts;
    unsigned nlegal;
} expected[QUESTIONS] = {
    [QUESTION_FORK] = {FORK_VERDICTS, VIEWS + VIEWS / 4 + VIEWS / 4 * 2 / 3},
    [QUESTION_LEAVES] = {LEAF_VERDICTS, VIEWS + VIEWS / 4},
    [QUESTION_STORE] = {STORE_VERDICTS, VIEWS + VIEWS / 8 / 2 * 2 / 3},
    [QUESTION_LOAD] = {LOAD_VERDICTS, VIEWS + VIEWS / 8 * 2 / 3},
    [QUESTION_TOUCH] = {TOUCH_VERDICTS, VIEWS + VIEWS / 8},
    [QUESTION_AROUND] = {0, VIEWS + VIEWS / 4 / 2 * 8},
};

static struct policy_view view_number(unsigned n)
{
    return (struct policy_view){
        .present = n & 1,
        .shared_frame = n >> 1 & 1,
        .shared_region = n >> 2 & 1,
        .store = n >> 3 & 1,
        .rights = n >> 4 & 7,
        .free_npages = free_npages[n >> 7],
    };
}

/* What would go wrong; NULL: nothing, though it may be slow. */
static const char *harm(enum policy_question question, const struct policy_view *view,
                        uint32_t verdict)
{
    bool copies = (question == QUESTION_FORK && verdict == FORK_COPY) ||
                  (question == QUESTION_STORE && verdict == STORE_COPY) ||
                  (question == QUESTION_LOAD && verdict == LOAD_COPY);
    bool forced = question == QUESTION_STORE && view->shared_frame;
    if (question != QUESTION_AROUND && verdict >= expected[question].nverdicts)
        return "no verdict";
    if (copies && view->shared_region)
        return "what is shared for good comes apart";
    if (copies && !view->present && !forced)
        return "nothing to copy";
    if (copies && view->free_npages == 0 && !forced)
        return "a death that need not be";
    if (question == QUESTION_FORK && verdict == FORK_OMIT &&
        (!view->present || view->shared_region))
        return "nothing to omit, or an entry that others rely on";
    if (question == QUESTION_LEAVES && verdict == LEAF_SHARE &&
        (!view->present || view->shared_region))
        return "no leaf, or what is shared for good comes apart at the first store";
    if (question == QUESTION_STORE && verdict == STORE_UPGRADE && view->shared_frame &&
        !view->shared_region)
        return "others see the store";
    if (question == QUESTION_STORE && copies && (view->rights & RIGHT_W) == 0 && !forced)
        return "a store that is not allowed";
    if (question == QUESTION_LOAD && copies && !view->shared_frame)
        return "absurd: it is the process's own already";
    if (question == QUESTION_TOUCH && verdict == TOUCH_SHARE_ZERO &&
        (view->present || view->shared_region || view->store))
        return "contents lost, a shared page that is not shared, or a store to everybody's zeros";
    if (question == QUESTION_AROUND && verdict != 0 &&
        (POLICY_WINDOW_BELOW(verdict) > POLICY_WINDOW_MAX ||
         POLICY_WINDOW_ABOVE(verdict) > POLICY_WINDOW_MAX || !view->present ||
         view->shared_region || (view->rights & RIGHT_W) == 0))
        return "beyond the window, or rights that the region has not";
    return NULL;
}

static unsigned nfailed;

static unsigned look(enum policy_question question, const struct policy_view *view,
                     uint32_t verdict)
{
    const char *why = harm(question, view, verdict);
    bool legal = policy_legal(question, view, verdict);
    if (legal != (why == NULL)) {
        nfailed++;
        printf("legality: question %d, verdict %u, present %d, shared frame %d, shared region %d, "
               "store %d, rights %d, free %lu: legal %d, but %s\n",
               question, verdict, view->present, view->shared_frame, view->shared_region,
               view->store, view->rights, view->free_npages, legal, why == NULL ? "no harm" : why);
    }
    return legal;
}

static unsigned look_all(enum policy_question question, const struct policy_view *view)
{
    unsigned nlegal = 0;
    if (question != QUESTION_AROUND) {
        for (uint32_t verdict = 0; verdict < expected[question].nverdicts + 3; verdict++)
            nlegal += look(question, view, verdict);
        return nlegal + look(question, view, ~0u);
    }
    for (unsigned below = 0; below < WINDOWS; below++)
        for (unsigned above = 0; above < WINDOWS; above++)
            nlegal += look(question, view, POLICY_WINDOW(window[below], window[above]));
    return nlegal;
}

int main(void)
{
    for (int question = 0; question < QUESTIONS; question++) {
        unsigned nlegal = 0;
        for (unsigned n = 0; n < VIEWS; n++) {
            const struct policy_view view = view_number(n);
            nlegal += look_all(question, &view);
            if (!policy_legal(question, &view, policy_default(question, &view))) {
                printf("legality: question %d: a default that is not legal\n", question);
                nfailed++;
            }
        }
        if (nlegal != expected[question].nlegal) {
            printf("legality: question %d: %u legal, not %u\n", question, nlegal,
                   expected[question].nlegal);
            nfailed++;
        }
    }
    printf("legality: %s\n", nfailed == 0 ? "ok" : "FAILED");
    return nfailed == 0 ? 0 : 1;
}
