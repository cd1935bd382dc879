/* Unit tests: exec, and that the archive's bytes stay what they are. */
#include "check.h"
#include <string.h>

#include "../../pager/install.h"

static uint8_t archive[1 << 18];

static bool archive_is_whole(void)
{
    uint64_t nbytes = fake_archive(archive);
    pfn_t first = FAKE_FIRST + FAKE_IMAGE_NPAGES + 1 + 1 + 1; /* table, zeros, a gap */
    return memcmp(port_frame(first), archive, nbytes) == 0;
}

static void check_image(struct process *p, const char *name)
{
    const struct fake_program *program = fake_program_find(name);
    for (unsigned i = 0; i < 2; i++) {
        const struct fake_segment *s = &program->segment[i];
        for (uint64_t va = s->vaddr; va < s->vaddr + s->mem_nbytes; va += 0x80) {
            uint8_t byte = 0;
            CHECK(fake_access(p, 0, va, (s->flags & 1) != 0 ? FAKE_FETCH : FAKE_LOAD, &byte));
            CHECK(byte == fake_program_byte(program, va));
        }
    }
}

static void test_image(void)
{
    struct process *p = check_start();
    uint8_t byte = 0;
    CHECK(archive_is_whole());
    check_image(p, "a");
    CHECK(check_refs(p, 0x100000) == 2 && check_refs(p, 0x102000) == 1 &&
          check_refs(p, 0x103000) == 2 && check_refs(p, 0x104000) == 1);
    CHECK(fake_entry(p, 0x100000, NULL) == (RIGHT_R | RIGHT_X));
    CHECK(fake_entry(p, 0x103000, NULL) == RIGHT_R);
    for (uint64_t va = 0x103000; va < 0x106800; va += 0x400)
        CHECK(fake_store(p, va, 0xcc));
    CHECK(archive_is_whole() && check_refs(p, 0x103000) == 1);
    CHECK(fake_store(p, check_stack() + 1000, 0x77));
    pfn_t block = entry_frame(*map_find(&p->map, check_stack()));
    uint64_t nfree = frames.nfree;
    CHECK(fake_exec(p, check_stack(), "b") == FAKE_SILENT && frames.nfree > nfree - 5);
    CHECK(fake_registers(p, 0)->pc == 0x400000 && fake_registers(p, 0)->a0 == 0x3ff000 &&
          fake_registers(p, 0)->sp == 0x3ff000);
    CHECK(entry_frame(*map_find(&p->map, 0x3ff000)) == block && frame_refs(block) == 1);
    CHECK(fake_load(p, 0x3ff000 + 1000, &byte) && byte == 0x77);
    check_image(p, "b");
    CHECK(fake_entry(p, 0x400000, NULL) == RIGHT_X && p->heap_break == 0x603000);
    CHECK(fake_store(p, 0x5ff900, 1) && fake_store(p, 0x600000, 2) && archive_is_whole());
    CHECK(fake_store(p, 0x3ff000 - 64 * PAGE_SIZE, 1));
    int64_t pid = p->pid;
    CHECK(!fake_store(p, 0x3ff000 - 64 * PAGE_SIZE - 1, 1) && check_died(pid, CAUSE_ADDRESS));
    check_end();
}

/* No room below the image: guard, stack and block follow it, and the heap follows them. An entry at
 * address 0 comes back like any other. */
static void test_low(void)
{
    struct process *p = check_start();
    uint8_t byte = 1;
    CHECK(fake_exec(p, check_stack(), "low") == FAKE_SILENT);
    CHECK(fake_load(p, 0, &byte) && p->heap_break == 0x7000);
    CHECK(fake_registers(p, 0)->a0 == 0x6000 && fake_store(p, 0x6000, 1));
    CHECK(fake_store(p, 0x2000, 1) && fake_store(p, 0x5fff, 1));
    CHECK(fake_call(p, REQ_SBRK, 1, 0, 0) == 0x7000 && fake_store(p, 0x7000, 1));
    int64_t pid = p->pid;
    port_lock();
    install_drop_all(p);
    port_unlock();
    CHECK(fake_entry(p, 0, NULL) == 0 && fake_load(p, 0, &byte) &&
          byte == fake_program_byte(fake_program_find("low"), 0) && fake_entry(p, 0, NULL) != 0);
    CHECK(!fake_store(p, 0x1fff, 1) && check_died(pid, CAUSE_ADDRESS));
    check_end();
}

static void test_refusals(void)
{
    static const struct {
        const char *name;
        int64_t error;
    } bad[] = {{"none", ERR_NOENT},
               {"junk", ERR_NOEXEC},
               {"tall", ERR_NOEXEC},
               {"wrap", ERR_NOEXEC},
               {"", ERR_INVALID}};
    struct process *p = check_start();
    uint8_t byte = 0;
    CHECK(fake_store(p, 0x105000, 4) && fake_store(p, check_stack(), 4));
    const struct process kept = *p;
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t nfree = frames.nfree;
        CHECK(fake_exec(p, check_stack(), bad[i].name) == bad[i].error);
        CHECK(frames.nfree == nfree);
        CHECK(memcmp(&kept.regions, &p->regions, sizeof kept.regions) == 0 &&
              kept.map.root == p->map.root && fake_load(p, 0x105000, &byte) && byte == 4);
    }
    CHECK(fake_call(p, REQ_EXEC, check_stack() + 8, PAGE_SIZE, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_EXEC, check_stack(), 0, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_EXEC, check_stack(), 100 * PAGE_SIZE, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_EXEC, ~0xffful, PAGE_SIZE, 0) == ERR_INVALID);
    CHECK(fake_call(p, REQ_EXEC, 0x106000, PAGE_SIZE, 0) == ERR_INVALID); /* not there yet */
    uint64_t shared = (uint64_t)check_mmap(p, 1, true);
    CHECK(fake_exec(p, shared, "b") == ERR_INVALID);
    CHECK(fake_store(p, check_stack(), 1));
    for (uint64_t left = 0; left < 12; left++) {
        check_drain(left);
        uint64_t before = frames.nfree;
        int64_t error = fake_exec(p, check_stack(), "b");
        CHECK(error == FAKE_SILENT || (error == ERR_NOMEM && frames.nfree == before));
        check_refill();
        if (error == FAKE_SILENT)
            break;
        CHECK(check_refs(p, check_stack()) == 1 && fake_load(p, 0x105000, &byte) && byte == 4);
    }
    check_end();
}

/* Refused or run: what the kernel would refuse may not be asked of it. */
static void test_mute(void)
{
    struct process *p = check_start();
    int64_t pid = p->pid;
    if (fake_exec(p, check_stack(), "mute") == FAKE_SILENT) {
        fake_fork(p);
        CHECK(!fake_store(p, 0x102000, 1) && check_died(pid, CAUSE_ADDRESS));
    }
    check_end();
}

/* A pinned process stays fully populated: it can't meet a lack of frames. */
static void test_pinned(void)
{
    struct process *p = check_start();
    CHECK(fake_exec(process_init, check_stack(), "a") == FAKE_SILENT);
    check_drain(0);
    CHECK(fake_store(process_init, 0xfb000, 1) && fake_store(process_init, 0x106000, 1));
    check_refill();
    CHECK(!process_init->dying && p->state == PROCESS_ALIVE);
    check_end();
}

/* What its other threads had asked for before is not the new program's; how long it ran is. */
static void test_threaded(void)
{
    struct process *p = check_start();
    uint64_t badge = p->badge;
    CHECK(fake_call(p, REQ_THREAD, 0x100000, 0, 0) == 1);
    fake_has_run(p, 7);
    CHECK(fake_exec(p, check_stack(), "b") == FAKE_SILENT);
    CHECK(p->badge != badge && process_of(badge) == NULL && p->threads == 1);
    CHECK(fake_call(p, REQ_TIMES, 0, 0, 0) == 7); /* in another space now */
    fake_has_run(p, 2);
    CHECK(fake_call(p, REQ_TIMES, 0, 0, 0) == 9);
    check_end();
}

void test_exec(void)
{
    test_threaded();
    test_image();
    test_low();
    test_refusals();
    test_mute();
    test_pinned();
}
