/* One step of a random program. */
#pragma once
#include "model.h"

extern struct random_run {
    uint64_t state; /* of the generator */
    unsigned depth; /* > 0: in the middle of another step's access */
    bool tight;     /* short of frames or pool: refusals and deaths are to be expected */
    uint64_t naccesses, nforks, nooms, nnested;
} random_run;

uint64_t random_pick(uint64_t n);
struct model *random_process(void);
/* By an idle thread of the process; a breach of the model ends the test. */
void random_step(struct model *m);
