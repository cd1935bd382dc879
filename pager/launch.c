/* Init and the servers: pinned processes, made with their program; another pager. */
#include "launch.h"
#include "death.h"
#include "exec.h"
#include "install.h"
#include "lend.h"
#include "service.h"

enum { WORDS_AT = 3, TEXT_NBYTES = 24 };

/* The answer to an error is death_undo. */
static err_t make_space(struct process *process, bool init)
{
    process->pinned = true;
    process->state = PROCESS_ALIVE;
    err_t error = port_space_make(process, init);
    if (error == 0)
        error = port_thread_make(process, 0, 0);
    if (error != 0)
        return error;
    process->threads = 1;
    process->connected = init ? 1 << SLOT_CONTROL : 0;
    return error;
}

static const struct boot_info *facts; /* what the kernel told us */

const char *launch_init(const struct boot_info *info)
{
    facts = info;
    struct process *init = process_make(NULL);
    if (init == NULL)
        return "out of memory";
    if (make_space(init, true) != 0)
        return "kernel pool used up";
    switch (exec_first(init, "init", info->arguments)) {
    case 0: return NULL;
    case ERR_NOENT: return "no init in the archive";
    case ERR_NOMEM: return "out of memory";
    default: return "init or the archive is damaged";
    }
}

/* The thread runs as soon as the program is there: what it may ask for comes before. */
static err_t make_server(struct process *process, const uint64_t word[6], const char *name,
                         const char *argument)
{
    err_t error = make_space(process, false);
    if (error == 0)
        error = service_make(process, word[1] & 0xff, word[1] >> 8);
    if (error != 0)
        return error;
    port_thread_priority(process, 0, process->priority);
    return exec_first(process, name, argument);
}

err_t launch_server(uint64_t token, const uint64_t word[6])
{
    char text[TEXT_NBYTES + 2] = {0};
    __builtin_memcpy(text, &word[WORDS_AT], TEXT_NBYTES);
    const char *argument = text;
    while (*argument != '\0')
        argument++;
    struct process *process = process_make(NULL);
    if (process == NULL)
        return ERR_NOMEM;
    err_t error = make_server(process, word, text, argument + 1);
    if (error == 0)
        error = service_open(process, token);
    if (error != 0)
        death_undo(process);
    return error;
}

static err_t make_pager(struct process *process, const uint64_t word[6])
{
    char name[TEXT_NBYTES + 1] = {0};
    __builtin_memcpy(name, &word[WORDS_AT], TEXT_NBYTES);
    err_t error = install_space(process, 0);
    if (error != 0)
        return error;
    process->threads = 1;
    process->threaded = true; /* whoever it hands its right on to may call while it faults */
    error = lend_memory(process, word[1]);
    return error != 0 ? error : exec_pager(process, name, facts);
}

err_t launch_pager(const uint64_t word[6])
{
    struct process *process = process_make(process_init);
    if (process == NULL)
        return ERR_NOMEM;
    err_t error = make_pager(process, word);
    if (error == 0) {
        process->state = PROCESS_ALIVE;
        return process->pid;
    }
    death_undo(process);
    return error;
}
