/* The device-tree reader against samples of its own. */
#include "dt_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool dt_sound(const uint8_t *bytes, size_t nbytes)
{
    struct dt_machine machine;
    enum dt_error error = dt_read(bytes, nbytes, inside, 0, &machine);
    return sound_dt(bytes, nbytes, inside, error, &machine);
}

static enum dt_error dt_answer(const struct sample *from, struct dt_machine *machine)
{
    enum dt_error error = dt_read(from->bytes, from->nbytes, inside, 0, machine);
    CHECK(sound_dt(from->bytes, from->nbytes, inside, error, machine));
    return error;
}

static bool range_is(struct dt_range range, uint64_t base, uint64_t nbytes)
{
    return range.base == base && range.nbytes == nbytes;
}

static bool has_ram(const struct dt_machine *machine, uint64_t base, uint64_t nbytes)
{
    const struct dt_range *bank = ranges_find(&machine->ram, (struct dt_range){base, 1});
    return bank != NULL && range_is(*bank, base, nbytes);
}

static void test_dt_values(void)
{
    static struct sample blob;
    struct dt_machine machine;
    dt_sample(&blob);
    CHECK(dt_total_bytes(blob.bytes) == blob.nbytes);
    CHECK(dt_answer(&blob, &machine) == DT_OK);
    CHECK(has_ram(&machine, 0x80000000, 0x10000000));
    CHECK(machine.nharts == 3);
    CHECK(machine.hart_id[0] == 7 && machine.hart_id[1] == 3 && machine.hart_id[2] == 5);
    CHECK(machine.plic_context[0] == 3 && machine.plic_context[2] == 1);
    CHECK(machine.plic_context[1] == UINT32_MAX && machine.plic_context[3] == UINT32_MAX);
    CHECK(machine.timebase_hz == 10000000);
    CHECK(machine.bootargs_len == 19 && memcmp(machine.bootargs, "run='cowtest three'", 20) == 0);
    CHECK(range_is(machine.archive, 0x88200000, 0x1388));
    CHECK(range_is(machine.plic, 0xc000000, 0x1000));
    CHECK(machine.kept.n == 5 && range_is(machine.kept.range[0], 0x100000, 0x1000) &&
          range_is(machine.kept.range[1], 0x2000000, 0x1000) &&
          range_is(machine.kept.range[2], 0xc000000, 0x1000) &&
          range_is(machine.kept.range[3], 0x28000000, 0x1000) &&
          range_is(machine.kept.range[4], 0x29000000, 0x1000));
    CHECK(machine.reserved.n == 2 && range_is(machine.reserved.range[0], 0x87000000, 0x200000) &&
          range_is(machine.reserved.range[1], 0x8f000000, 0x100000));
    CHECK(range_is(machine.tester, 0x100000, 0x1000));
    CHECK(range_is(machine.uart, 0x10000000, 0x1000) && machine.uart_irq == 10);

    uint8_t *odd = malloc(blob.nbytes + 1);
    memcpy(odd + 1, blob.bytes, blob.nbytes);
    CHECK(dt_read(odd + 1, blob.nbytes, 0x180000000, 0, &machine) == DT_OK);
    CHECK(has_ram(&machine, 0x180000000, 0x100000000));
    CHECK(dt_read(odd + 1, blob.nbytes, 0x280000000, 0, &machine) == DT_NO_MEMORY);
    CHECK(machine.tester.nbytes == 0x1000);
    free(odd);
    check_damage(dt_sound, blob.bytes, blob.nbytes);
}

static void test_dt_header(void)
{
    static struct sample blob;
    struct dt_machine machine;
    static const struct {
        size_t at;
        uint32_t word;
        enum dt_error error;
    } cases[] = {
        {0, 0xd00dfeee, DT_BAD_HEADER},  {4, 0, DT_BAD_HEADER},
        {4, 39, DT_BAD_HEADER},          {4, UINT32_MAX, DT_TRUNCATED},
        {8, UINT32_MAX, DT_BAD_HEADER},  {8, 0, DT_BAD_HEADER},
        {8, 74, DT_BAD_HEADER},          {8, 76, DT_BAD_HEADER},
        {12, UINT32_MAX, DT_BAD_HEADER}, {12, 8, DT_BAD_HEADER},
        {16, 39, DT_BAD_HEADER},         {16, UINT32_MAX, DT_BAD_HEADER},
        {20, 16, DT_BAD_HEADER},         {24, 18, DT_BAD_HEADER},
        {32, UINT32_MAX, DT_BAD_HEADER}, {32, 0, DT_BAD_STRUCTURE},
        {36, UINT32_MAX, DT_BAD_HEADER}, {36, 0, DT_BAD_STRUCTURE},
        {36, 7, DT_BAD_STRUCTURE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dt_sample(&blob);
        if (cases[i].at == 8 && cases[i].word == 76) /* the structure block past the end */
            set_be32(blob.bytes + 36, (uint32_t)blob.nbytes - 75);
        set_be32(blob.bytes + cases[i].at, cases[i].word);
        CHECK(dt_answer(&blob, &machine) == cases[i].error);
    }
    dt_sample(&blob);
    CHECK(dt_read(blob.bytes, 39, inside, 0, &machine) == DT_TRUNCATED);
    CHECK(dt_read(blob.bytes, 0, inside, 0, &machine) == DT_TRUNCATED);
    CHECK(dt_read(blob.bytes, blob.nbytes - 1, inside, 0, &machine) == DT_TRUNCATED);
    CHECK(dt_read(blob.bytes, sizeof blob.bytes, inside, 0, &machine) == DT_OK);
    CHECK(dt_total_bytes("12345678") == 0);
}

static void test_dt_missing(void)
{
    static struct sample blob;
    struct dt_machine machine;
    for (uint32_t has = 0; has < 4; has++) {
        dt_root(&blob);
        if (has & 1)
            dt_memory(&blob);
        if (has & 2)
            dt_harts(&blob, 70);
        dt_close(&blob);
        dt_finish(&blob);
        static const enum dt_error errors[] = {DT_NO_MEMORY, DT_NO_HART, DT_NO_MEMORY, DT_OK};
        CHECK(dt_answer(&blob, &machine) == errors[has]);
    }
    CHECK(machine.nharts == 64 && machine.hart_id[63] == 63);
    /* The hart that reads is among them, wherever it stands. */
    CHECK(dt_read(blob.bytes, blob.nbytes, inside, 68, &machine) == DT_OK);
    CHECK(machine.nharts == 64 && machine.hart_id[63] == 68 && machine.hart_id[62] == 62);
    CHECK(dt_read(blob.bytes, blob.nbytes, inside, 5, &machine) == DT_OK);
    CHECK(machine.nharts == 64 && machine.hart_id[63] == 63);
    CHECK(machine.bootargs == NULL && machine.bootargs_len == 0);
    CHECK(machine.archive.nbytes == 0 && machine.tester.nbytes == 0 && machine.plic.nbytes == 0);
    CHECK(machine.kept.n == 0 && machine.reserved.n == 0 && machine.uart.nbytes == 0 &&
          machine.uart_irq == 0);

    dt_root(&blob);
    dt_memory(&blob);
    dt_open(&blob, "cpus"); /* default cells: ids of two */
    dt_open(&blob, "cpu@0");
    CELLS(&blob, "reg", 1, 2);
    dt_text(&blob, "device_type", "cpu");
    dt_close(&blob);
    dt_close(&blob);
    dt_close(&blob);
    dt_finish(&blob);
    CHECK(dt_answer(&blob, &machine) == DT_NO_TIMEBASE);
    CHECK(machine.nharts == 1 && machine.hart_id[0] == 0x100000002);
}

/* A tree with one bus whose properties vary; is its UART seen? */
static bool sees_uart(uint32_t naddress, uint32_t nsize, const char *ranges, const char *status)
{
    static struct sample blob;
    struct dt_machine machine;
    dt_root(&blob);
    dt_memory(&blob);
    dt_harts(&blob, 1);
    dt_open(&blob, "soc");
    CELLS(&blob, "#address-cells", naddress);
    CELLS(&blob, "#size-cells", nsize);
    if (ranges != NULL)
        dt_bytes(&blob, "ranges", ranges, strlen(ranges));
    dt_open(&blob, "serial");
    CELLS(&blob, "reg", 0xffffffff, 0xfffff000, 0, 0xfff);
    CELLS(&blob, "interrupts", 10);
    CELLS(&blob, "ranges", 1, 2, 3); /* for its children only */
    dt_text(&blob, "compatible", "ns16550a");
    if (status != NULL)
        dt_text(&blob, "status", status);
    dt_close(&blob);
    dt_close(&blob);
    dt_close(&blob);
    dt_finish(&blob);
    CHECK(dt_answer(&blob, &machine) == DT_OK);
    CHECK(machine.uart_irq == (machine.uart.nbytes == 0 ? 0 : 10));
    return machine.uart.nbytes != 0;
}

static void test_dt_buses(void)
{
    CHECK(sees_uart(2, 2, "", NULL));
    CHECK(sees_uart(2, 2, NULL, "okay"));
    CHECK(!sees_uart(2, 2, "", "disabled"));
    CHECK(!sees_uart(2, 2, "", "okay?"));
    CHECK(!sees_uart(2, 2, "translated!!", NULL));
    CHECK(!sees_uart(2, 0, "", NULL) && !sees_uart(0, 2, "", NULL));
    CHECK(!sees_uart(3, 1, "", NULL) && !sees_uart(1, 3, "", NULL));
    CHECK(!sees_uart(UINT32_MAX, 2, "", NULL) && !sees_uart(2, UINT32_MAX, "", NULL));
    CHECK(sees_uart(1, 1, "", NULL));
    CHECK(!sees_uart(2, 1, "", NULL)); /* the size is 0 */
}

static void test_dt_structure(void)
{
    static struct sample blob;
    struct dt_machine machine;
    for (uint32_t depth = 12; depth <= 13; depth++) {
        dt_root(&blob);
        dt_memory(&blob);
        dt_harts(&blob, 1);
        for (uint32_t i = 1; i < depth; i++)
            dt_open(&blob, "deep");
        for (uint32_t i = 0; i < depth; i++)
            dt_close(&blob);
        dt_finish(&blob);
        CHECK(dt_answer(&blob, &machine) == (depth == 12 ? DT_OK : DT_BAD_STRUCTURE));
    }
    for (int fault = 0; fault < 5; fault++) {
        dt_start(&blob);
        if (fault == 0)
            dt_text(&blob, "outside", "a node");
        if (fault != 1)
            dt_open(&blob, "");
        dt_memory(&blob);
        if (fault == 2)
            dt_text(&blob, "behind", "a child");
        if (fault != 3)
            dt_close(&blob);
        if (fault == 4)
            dt_open(&blob, "second root"), dt_close(&blob);
        dt_finish(&blob);
        CHECK(dt_answer(&blob, &machine) == DT_BAD_STRUCTURE);
    }
    dt_start(&blob);
    dt_finish(&blob);
    CHECK(dt_answer(&blob, &machine) == DT_BAD_STRUCTURE);
    dt_sample(&blob);
    size_t full = blob.nbytes - blob.strings_nbytes - DT_STRUCTURE;
    for (size_t n = 0; n <= full; n++) { /* the structure block cut short, the rest whole */
        set_be32(blob.bytes + 36, (uint32_t)n);
        CHECK(dt_answer(&blob, &machine) == (n < full ? DT_BAD_STRUCTURE : DT_OK));
    }
    set_be32(blob.bytes + 24, 17);
    CHECK(dt_answer(&blob, &machine) == DT_OK);
}

/* More ranges than can be kept are an error: what is forgotten would be given away. */
static void test_dt_many(void)
{
    static struct sample blob;
    struct dt_machine machine;
    for (uint32_t n = RANGES_MAX; n <= RANGES_MAX + 1; n++) {
        dt_root(&blob);
        dt_memory(&blob);
        dt_harts(&blob, 1);
        dt_open(&blob, "reserved-memory");
        for (uint32_t i = 0; i < n; i++) {
            dt_open(&blob, "part");
            CELLS(&blob, "reg", 0, 0x80000000 + i * 0x10000, 0x8000); /* 2 and 1 by default */
            dt_close(&blob);
        }
        dt_close(&blob);
        dt_close(&blob);
        dt_finish(&blob);
        CHECK(dt_answer(&blob, &machine) == (n <= RANGES_MAX ? DT_OK : DT_TOO_MUCH));
    }
}

/* What is reserved in a way that can't be read must not be given away. */
static void test_dt_unreadable(void)
{
    static const struct {
        uint32_t naddress, nsize, ncells, cell[5];
        enum dt_error error;
    } cases[] = {
        {2, 2, 4, {0, 0x8c000000, 0, 0x1000}, DT_OK},
        {2, 1, 4, {0, 0x8c000000, 0, 0x1000}, DT_UNREADABLE}, /* a cell is left over */
        {3, 1, 4, {0, 0x8c000000, 0, 0x1000}, DT_UNREADABLE},
        {2, 2, 4, {0, 0x8c000000, 0, 0}, DT_UNREADABLE},
        {2, 2, 4, {1, 0, UINT32_MAX, UINT32_MAX}, DT_UNREADABLE}, /* wraps */
        {2, 2, 0, {0}, DT_OK}, /* a size alone: to be placed by whoever reads */
    };
    static struct sample blob;
    struct dt_machine machine;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dt_root(&blob);
        dt_memory(&blob);
        dt_harts(&blob, 1);
        dt_open(&blob, "reserved-memory");
        CELLS(&blob, "#address-cells", cases[i].naddress);
        CELLS(&blob, "#size-cells", cases[i].nsize);
        dt_open(&blob, "part");
        if (cases[i].ncells > 0)
            dt_cells(&blob, "reg", cases[i].ncells, cases[i].cell);
        dt_close(&blob);
        dt_close(&blob);
        dt_close(&blob);
        dt_finish(&blob);
        CHECK(dt_answer(&blob, &machine) == cases[i].error);
    }
    dt_sample(&blob); /* an entry of the block that wraps goes as far as it can */
    set_be32(blob.bytes + DT_RESERVATIONS + 8, UINT32_MAX);
    set_be32(blob.bytes + DT_RESERVATIONS + 12, UINT32_MAX);
    CHECK(dt_answer(&blob, &machine) == DT_OK);
    CHECK(ranges_find(&machine.reserved, (struct dt_range){1ul << 60, 1}) != NULL);
}

/* A set of ranges against a byte for each unit of a small line. */
static void test_ranges(void)
{
    enum { UNITS = 80, STEPS = 20000 };
    struct ranges set = {0};
    bool in[UNITS + 1] = {false};
    uint64_t state = 1;
    for (int step = 0; step < STEPS; step++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint64_t base = (state >> 33) % UNITS, nbytes = (state >> 45) % 6, adds = state >> 60 & 1;
        if (base + nbytes > UNITS)
            continue;
        struct ranges before = set;
        bool done = adds ? ranges_add(&set, (struct dt_range){base, nbytes})
                         : ranges_remove(&set, (struct dt_range){base, nbytes});
        if (done)
            memset(in + base, (int)adds, nbytes);
        else
            CHECK(before.n == RANGES_MAX && memcmp(&before, &set, sizeof set) == 0);
        uint32_t n = 0;
        for (uint64_t unit = 0; unit < UNITS; unit++) {
            const struct dt_range *found = ranges_find(&set, (struct dt_range){unit, 1});
            CHECK((found != NULL) == in[unit]);
            n += in[unit] && (unit == 0 || !in[unit - 1]);
        }
        CHECK(set.n == n);
        for (uint32_t i = 1; i < set.n; i++)
            CHECK(set.range[i - 1].base + set.range[i - 1].nbytes < set.range[i].base);
    }
    CHECK(ranges_find(&set, (struct dt_range){0, UNITS + 1}) == NULL);
}

/* Values that are legal bytes and useless numbers. */
static void test_dt_chosen(void)
{
    static struct sample blob;
    struct dt_machine machine;
    dt_root(&blob);
    dt_open(&blob, "memory");
    dt_text(&blob, "device_type", "memory");
    CELLS(&blob, "reg", 0, 0x80000000, UINT32_MAX, UINT32_MAX, 0, 0x80000000, 0, 0x10000000, 0);
    dt_close(&blob);
    dt_harts(&blob, 1);
    dt_open(&blob, "chosen");
    dt_bytes(&blob, "bootargs", "no end", 6);
    CELLS(&blob, "linux,initrd-start", 0x88200000);
    CELLS(&blob, "linux,initrd-end", 0x88200000);
    dt_close(&blob);
    dt_open(&blob, "chosen");
    CELLS(&blob, "linux,initrd-start", 0x88200000);
    CELLS(&blob, "linux,initrd-end", 1, 2, 3);
    dt_close(&blob);
    dt_open(&blob, "serial-that-wraps");
    CELLS(&blob, "reg", 0xffffffff, 0xfffff000, 0, 0x1000);
    dt_text(&blob, "compatible", "ns16550a");
    dt_close(&blob);
    dt_open(&blob, "serial-without-end");
    CELLS(&blob, "reg", 0, 0x1000, 0, 0x1000);
    dt_bytes(&blob, "compatible", "ns16550a", 8);
    dt_close(&blob);
    dt_close(&blob);
    dt_finish(&blob);
    CHECK(dt_answer(&blob, &machine) == DT_OK);
    CHECK(has_ram(&machine, 0x80000000, 0x10000000)); /* not the bank that wraps around */
    CHECK(machine.bootargs_len == 6 && memcmp(machine.bootargs, "no end", 6) == 0);
    CHECK(range_is(machine.archive, 0, 0) && range_is(machine.uart, 0, 0));
}

void test_dt_qemu(const char *path)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    static uint8_t bytes[2 << 20];
    size_t nbytes = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    struct dt_machine machine;
    CHECK(dt_read(bytes, nbytes, inside, 0, &machine) == DT_OK);
    CHECK(has_ram(&machine, 0x80000000, 0x10000000) && machine.nharts == 4);
    for (uint32_t i = 0; i < machine.nharts; i++)
        CHECK(machine.plic_context[i] == 2 * machine.hart_id[i] + 1);
    CHECK(machine.timebase_hz == 10000000);
    CHECK(range_is(machine.tester, 0x100000, 0x1000));
    CHECK(range_is(machine.plic, 0xc000000, 0x600000));
    CHECK(ranges_find(&machine.kept, (struct dt_range){0x2000000, 0x10000}) != NULL);
    CHECK(range_is(machine.uart, 0x10000000, 0x100) && machine.uart_irq == 10);
    printf("%s: bootargs \"%.*s\", archive %#llx + %llu\n", path, (int)machine.bootargs_len,
           machine.bootargs == NULL ? "" : machine.bootargs,
           (unsigned long long)machine.archive.base, (unsigned long long)machine.archive.nbytes);
    check_damage(dt_sound, bytes, dt_total_bytes(bytes));
}

void test_dt(void)
{
    test_dt_values();
    test_dt_header();
    test_dt_missing();
    test_dt_buses();
    test_dt_structure();
    test_dt_chosen();
    test_dt_many();
    test_dt_unreadable();
    test_ranges();
}
