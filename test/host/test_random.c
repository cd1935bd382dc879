/* Random programs on the core, against the model that copies at fork.
 *
 * usage: test_random [--seed N] [--steps N] [--first N] [--seeds N]; --seed repeats one; without it
 * so many from the first on; with every policy. */
#include "../../pager/laundry.h"
#include "random_step.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The smallest memory that init can start in. */
enum { NPAGES_LEAST = 49 };

/* So small a piece that most requests need several. */
enum { SMALL_PIECE = 700 };

/* Between two pieces of a request, sometimes another request, of anybody. */
static void meanwhile(void)
{
    if (random_run.depth > 0 || fake_nfaults() == 0 || random_pick(6) != 0)
        return;
    random_run.depth++;
    random_run.nnested++;
    fake.gives_up = true;
    for (uint64_t n = 1 + random_pick(3); n > 0; n--)
        random_step(random_process());
    fake.gives_up = false;
    random_run.depth--;
}

static void run(uint64_t seed, unsigned policy, uint64_t nsteps)
{
    static const uint64_t room[] = {0, 10, 60, 100, 200, 980};
    static const uint64_t pool[] = {9, 14, 24, 1000};
    random_run.state = seed * 2654435761u + policy;
    uint64_t npages = NPAGES_LEAST + room[random_pick(6)], npool = pool[random_pick(4)];
    port_piece = seed % 4 == 3 ? SMALL_PIECE : PORT_PIECE;
    random_run.tight = npages < NPAGES_LEAST + 980 || npool < 1000;
    const char *problem = fake_boot(npages, npool);
    if (problem != NULL)
        fake_breach(problem, npages);
    uint64_t word[6] = {REQ_POLICY_SET};
    strcpy((char *)&word[1], policy_list[policy]->name);
    fake_request(process_init, 0, word);
    struct model *init = model_free_place();
    init->pid = process_init->pid;
    init->process = process_init;
    model_exec(init, fake_program_find("init"), 0);
    fake.at_unlock = fake.at_install = seed % 2 == 0 ? meanwhile : NULL;
    for (uint64_t i = 0; i < nsteps; i++) {
        random_step(random_process());
        for (uint64_t n = random_pick(8); n > 0 && laundry_wash(); n--)
            ;
        if (fake_audit() != 0)
            fake_breach("audit", 0);
    }
    for (struct model *m = model; m < model + MODEL_PROCESSES; m++)
        if (m->pid != 0)
            model_end(m);
    fake_halt();
}

int main(int argc, char **argv)
{
    uint64_t seed = 0, nsteps = 3000, first = 1, nseeds = 24;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--steps") == 0)
            nsteps = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--first") == 0)
            first = strtoull(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seeds") == 0)
            nseeds = strtoull(argv[i + 1], NULL, 10);
    }
    fake.quiet = false;
    clock_t begin = clock();
    uint64_t last = seed == 0 ? first + nseeds - 1 : seed, nruns = 0;
    for (uint64_t s = seed == 0 ? first : seed; s <= last; s++) {
        char repeat[80];
        snprintf(repeat, sizeof repeat, "test_random --seed %lu --steps %lu", s, nsteps);
        fake.repeat = repeat;
        for (unsigned policy = 0; policy_list[policy] != NULL; policy++, nruns++)
            run(s, policy, nsteps);
        printf("random: seed %lu: %lu accesses, %lu forks, %lu out of memory, %lu nested\n", s,
               random_run.naccesses, random_run.nforks, random_run.nooms, random_run.nnested);
    }
    fake.repeat = NULL;
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    printf("random: ok, %.0f audited steps a second\n",
           (double)(nruns * nsteps) / (seconds + 1e-9));
    return 0;
}
