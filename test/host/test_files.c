/* The files server on the host: random messages of hostile clients, births and deaths in between.
 *
 * Transfer pages change whenever they are looked at, and may be gone. Afterwards every block
 * belongs to one inode or is free, and with the last client all descriptors and pipes are gone. */
#include "../../apps/files.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENTS = 12, ARENA_NBYTES = 256 << 10, ANSWERS_MAX = 1024, ERRNO_MAX = 200 };

static uint64_t state, nsteps;
/* Behind each page is one that belongs to nobody. */
static char pages[CLIENTS + 1][2 * PAGE_SIZE], arena[ARENA_NBYTES];
static uint32_t next_pid = 10;
static uint64_t token;
static struct {
    uint64_t token;
    uint32_t place, pid;
} waiting[ANSWERS_MAX];
static unsigned nwaiting, ninterrupted;

static uint64_t pick(uint64_t n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % n;
}

static _Noreturn void fail(const char *what)
{
    printf("files: FAILED %s after %llu steps\n", what, (unsigned long long)nsteps);
    exit(1);
}

static bool in_pages(const void *at)
{
    return (const char *)at >= pages[0] && (const char *)at < pages[CLIENTS + 1];
}

/* Parts of names that lead somewhere more often than random bytes do. */
static void scribble(char *to)
{
    static const char *const parts[] = {"a",
                                        "b",
                                        "/",
                                        "..",
                                        ".",
                                        "d",
                                        "/d/",
                                        "console",
                                        "README",
                                        "fourteen-chars",
                                        "fifteen-letters"};
    char *at = to;
    memset(to, 0, 64);
    for (uint64_t n = pick(10) == 0 ? 0 : pick(4) + 1; n > 0; n--) {
        const char *part = parts[pick(sizeof parts / sizeof *parts)];
        memcpy(at, part, strlen(part));
        at += strlen(part);
    }
}

/* What a copy touches of the transfer pages is a part of one. */
static void check_page(const void *at, size_t nbytes)
{
    if (in_pages(at) &&
        (size_t)((const char *)at - pages[0]) % sizeof pages[0] + nbytes > PAGE_SIZE)
        fail("a copy beyond the transfer page");
}

int libsys_copy(void *to, const void *from, size_t nbytes)
{
    check_page(to, nbytes);
    check_page(from, nbytes);
    if ((in_pages(to) || in_pages(from)) && pick(50) == 0)
        return -1;
    memcpy(to, from, nbytes);
    if (in_pages(from) && pick(20) == 0)
        scribble(pages[(size_t)((const char *)from - pages[0]) / sizeof pages[0]]);
    return 0;
}

char *files_page(uint32_t place)
{
    if (place == 0 || place > CLIENTS)
        fail("page of a place that is not there");
    return pages[place];
}

static void check_result(int64_t result)
{
    if (result < -ERRNO_MAX)
        fail("a result that is no errno");
}

/* Each token that waits is answered once; that of a thread that was ended, never. */
bool files_answer(uint64_t answered, int64_t result)
{
    check_result(result);
    for (unsigned i = 0; i < nwaiting; i++) {
        if (waiting[i].token != answered)
            continue;
        if (clients[waiting[i].place].pid != waiting[i].pid)
            fail("an answer to a client that is dead");
        waiting[i] = waiting[--nwaiting];
        ninterrupted += result == -EINTR;
        return pick(8) != 0;
    }
    fail("an answer to nobody");
}

static uint64_t odd_word(void)
{
    static const uint64_t absurd[] = {~0ul, 1ul << 63, 1ul << 32, 1ul << 31,
                                      4096, 4097,      257,       65535};
    return pick(6) == 0 ? absurd[pick(sizeof absurd / sizeof *absurd)]
                        : pick(pick(3) == 0 ? 5000 : 12);
}

/* Most messages make sense but for one word, or they would get no further than the first check. */
static void make_sense(uint64_t word[6], uint64_t name_nbytes)
{
    static const uint64_t counts[] = {0, 1, 100, 512, 4096, 4097};
    static const uint64_t limit = (uint64_t)FILE_BLOCKS_MAX * BLOCK_NBYTES;
    const uint64_t offsets[] = {0,         1,         5000,      limit - 1, limit, limit + 1,
                                1ul << 31, 1ul << 32, 1ul << 63, ~0ul,      -limit};
    bool by_name = word[0] == FILES_OPEN || (word[0] >= FILES_STAT_AT && word[0] <= FILES_CHDIR);
    word[1] = by_name ? name_nbytes : pick(8);
    word[2] = counts[pick(sizeof counts / sizeof *counts)];
    word[3] = pick(3);
    if (word[0] == FILES_OPEN) {
        word[1] = pick(3) != 0 ? FILES_READABLE | FILES_WRITABLE | FILES_CREATE : pick(256);
        word[2] = name_nbytes;
    }
    if (word[0] == FILES_LINK) {
        word[1] = pick(name_nbytes + 1);
        word[2] = name_nbytes - word[1];
    }
    if (word[0] == FILES_SEEK || word[0] == FILES_TRUNCATE)
        word[2] = offsets[pick(sizeof offsets / sizeof *offsets)];
    if (word[0] == FILES_DUP)
        word[2] = pick(3) == 0 ? ~0ul : pick(34);
    if (pick(8) == 0)
        word[pick(3) + 1] = odd_word();
}

static void message(void)
{
    uint32_t place = (uint32_t)pick(CLIENTS) + 1, pid = clients[place].pid;
    uint64_t word[6] = {pick(FILES_REQUESTS + 1)};
    scribble(pages[place]);
    make_sense(word, strlen(pages[place]));
    if (pick(100) == 0)
        pid = 5;
    bool waits = word[0] == FILES_READ || word[0] == FILES_WRITE;
    if (nwaiting == ANSWERS_MAX)
        fail("too many wait");
    if (waits)
        waiting[nwaiting++] = (typeof(waiting[0])){++token, place, clients[place].pid};
    if (files_request(place, pid, token, word)) {
        check_result((int64_t)word[0]);
        for (unsigned i = 0; waits && i < nwaiting; i++)
            if (waiting[i].token == token)
                waiting[i] = waiting[--nwaiting];
    } else if (!waits) {
        fail("a request without an answer");
    }
}

static void birth_or_death(void)
{
    uint32_t place = (uint32_t)pick(CLIENTS) + 1, parent = (uint32_t)pick(CLIENTS + 1);
    if (clients[place].pid != 0) {
        client_dead(place);
        for (unsigned i = nwaiting; i-- > 0;)
            if (waiting[i].place == place)
                waiting[i] = waiting[--nwaiting];
    } else
        client_born(place, next_pid++, parent != 0 && clients[parent].pid != 0 ? parent : 0);
}

static uint64_t blocks_of(const struct inode *inode)
{
    uint64_t n = 0;
    for (int i = 0; i < DIRECT_BLOCKS; i++)
        n += inode->block[i] != 0;
    if (inode->index == 0)
        return n;
    const uint32_t *index = (const uint32_t *)block_at(inode->index);
    for (int i = 0; i < INDEX_ENTRIES; i++)
        n += index[i] != 0;
    return n + 1;
}

/* The parent that a directory names is one. */
static void check_parents(void)
{
    struct directory_entry entry[2];
    for (unsigned i = 1; i < INODES_MAX; i++) {
        if (inodes[i].type != TYPE_DIRECTORY || inodes[i].size == 0)
            continue;
        if (inodes[i].nlinks == 0)
            fail("a removed directory with entries");
        memcpy(entry, block_at(inodes[i].block[0]), sizeof entry);
        const struct inode *parent = &inodes[entry[1].inode];
        if (entry[0].inode != i || parent->type != TYPE_DIRECTORY || parent->nlinks == 0)
            fail("a directory whose parent is gone");
    }
}

/* With nobody left: no open inode but none held, and every block somewhere. */
static void check_rest(void)
{
    for (uint32_t place = 1; place <= CLIENTS; place++)
        client_dead(place);
    uint64_t total, nfree = blocks_free(&total), nused = 0;
    for (unsigned i = 1; i < INODES_MAX; i++) {
        if (inodes[i].type == 0)
            continue;
        if (inodes[i].nopen != 0)
            fail("an inode that is still open");
        if (inodes[i].nlinks == 0)
            fail("an inode that nobody names");
        nused += blocks_of(&inodes[i]);
    }
    if (nfree / BLOCK_NBYTES + nused != total / BLOCK_NBYTES)
        fail("blocks lost");
    nwaiting = 0;
}

/* Who asks for what is there alone is answered, though it is nothing. */
static void read_no_more(void)
{
    uint64_t word[6] = {FILES_PIPE};
    client_born(1, next_pid++, 0);
    files_request(1, clients[1].pid, ++token, word);
    uint64_t more[6] = {FILES_READ, word[1], 100, 1};
    if (!files_request(1, clients[1].pid, ++token, more) || more[0] != 0)
        fail("a read of what is there alone waits for more");
    check_rest();
}

static void read_pipe(uint32_t place)
{
    uint64_t word[6] = {FILES_READ, 3, 1};
    waiting[nwaiting++] = (typeof(waiting[0])){++token, place, clients[place].pid};
    if (files_request(place, clients[place].pid, token, word))
        fail("a read of an empty pipe that does not wait");
}

/* One client's requests of threads that are gone take no room from another's. */
static void too_many_waits(void)
{
    ninterrupted = 0;
    for (uint32_t place = 1; place <= 2; place++) {
        uint64_t word[6] = {FILES_PIPE};
        client_born(place, next_pid++, 0);
        if (!files_request(place, clients[place].pid, ++token, word) || word[0] != 0)
            fail("no pipe");
    }
    read_pipe(2);
    for (unsigned i = 0; i <= WAITS_MAX; i++) {
        if (ninterrupted != 0)
            fail("a request that was forgotten too early");
        read_pipe(1);
    }
    if (ninterrupted != WAITS_MAX || nwaiting != 2)
        fail("requests of one client that are too many, and not forgotten");
    check_rest();
}

static uint64_t make_archive(uint8_t *to)
{
    int at = 0;
    const char *const names[] = {"README", "TRAILER!!!"};
    for (int i = 0; i < 2; i++) {
        unsigned nbytes = i == 0 ? 5000 : 0;
        at +=
            sprintf((char *)to + at, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
                    0, 0100644, 0, 0, 1, 0, nbytes, 0, 0, 0, 0, (unsigned)strlen(names[i]) + 1, 0);
        strcpy((char *)to + at, names[i]);
        at += (int)strlen(names[i]) + 1;
        while (at % 4 != 0)
            to[at++] = 0;
        memset(to + at, 'r', nbytes);
        at += (int)nbytes;
    }
    return (uint64_t)at;
}

int main(int argc, char **argv)
{
    static uint8_t archive[8192];
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, nrounds = 300;
    uint64_t nbytes = make_archive(archive);
    for (uint64_t round = 0; round < nrounds; round++) {
        state = seed * 1000003 + round;
        data_init(arena, sizeof arena);
        if (names_init(archive, nbytes) != 0)
            fail("start");
        too_many_waits();
        read_no_more();
        for (int i = 0; i < 3000; i++, nsteps++) {
            if (i % 100 == 0)
                check_parents();
            if (pick(40) == 0)
                birth_or_death();
            else
                message();
        }
        check_rest();
    }
    printf("files: ok seed=%llu steps=%llu\n", (unsigned long long)seed,
           (unsigned long long)nsteps);
    return 0;
}
