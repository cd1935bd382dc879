/* Tests the readers of device tree, archive and ELF against samples that it writes itself.
 * With an argument, also against a blob from QEMU: -M virt -smp 4 -m 256M, any -append. */
#include "sound.h"

#include <stdio.h>
#include <stdlib.h>

static int nchecks, nfailed;

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)

static void check(bool good, const char *text, const char *file, int line)
{
    nchecks++;
    if (good)
        return;
    nfailed++;
    printf("%s:%d: %s\n", file, line, text);
}

/* A sample under construction; big enough for every one below. */
struct sample {
    uint8_t bytes[16384];
    size_t nbytes;
    char strings[8192];
    size_t strings_nbytes;
};

static const uint64_t inside = 0x80200000;

static void put(struct sample *to, const void *bytes, size_t nbytes)
{
    if (nbytes > sizeof to->bytes - to->nbytes)
        abort();
    if (nbytes != 0)
        memcpy(to->bytes + to->nbytes, bytes, nbytes);
    to->nbytes += nbytes;
}

static void put_zeroes(struct sample *to, size_t until)
{
    while (to->nbytes < until)
        put(to, "", 1);
}

static void set_be32(uint8_t *at, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(word >> (24 - 8 * i));
}

static void put_be32(struct sample *to, uint32_t word)
{
    uint8_t bytes[4];
    set_be32(bytes, word);
    put(to, bytes, 4);
}

static void set_le(uint8_t *at, uint64_t number, int nbytes)
{
    for (int i = 0; i < nbytes; i++)
        at[i] = (uint8_t)(number >> (8 * i));
}

/* Damage, the same for all three: the copy ends where its malloc ends. */

typedef bool sound_t(const uint8_t *bytes, size_t nbytes);

static bool sound_copy(sound_t *sound, const uint8_t *bytes, size_t nbytes)
{
    uint8_t *copy = malloc(nbytes);
    if (nbytes != 0)
        memcpy(copy, bytes, nbytes);
    bool good = sound(copy, nbytes);
    free(copy);
    return good;
}

static void check_damage(sound_t *sound, const uint8_t *bytes, size_t nbytes)
{
    static const uint8_t flips[] = {0x01, 0x02, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff};
    for (size_t n = 0; n <= nbytes; n++)
        CHECK(sound_copy(sound, bytes, n));
    uint8_t *copy = malloc(nbytes);
    memcpy(copy, bytes, nbytes);
    for (size_t at = 0; at < nbytes; at++) {
        for (size_t i = 0; i < sizeof flips; i++) {
            copy[at] = bytes[at] ^ flips[i];
            CHECK(sound(copy, nbytes));
        }
        copy[at] = 0;
        CHECK(sound(copy, nbytes));
        copy[at] = 0xff;
        CHECK(sound(copy, nbytes));
        copy[at] = bytes[at];
    }
    free(copy);
}

static bool dt_sound(const uint8_t *bytes, size_t nbytes)
{
    struct dt_machine machine;
    enum dt_error error = dt_read(bytes, nbytes, inside, &machine);
    return sound_dt(bytes, nbytes, inside, error, &machine);
}

static bool archive_sound(const uint8_t *bytes, size_t nbytes)
{
    int last;
    return sound_archive(bytes, nbytes, &last);
}

static bool elf_sound(const uint8_t *bytes, size_t nbytes)
{
    struct elf_image image;
    enum elf_error error = elf_read(bytes, nbytes, UINT64_MAX, &image);
    return sound_elf(nbytes, UINT64_MAX, error, &image);
}

static void dt_start(struct sample *to)
{
    memset(to, 0, sizeof *to);
    put_zeroes(to, 56); /* header, and an empty memory reservation block */
}

static void dt_open(struct sample *to, const char *name)
{
    put_be32(to, 1);
    put(to, name, strlen(name) + 1);
    put_zeroes(to, (to->nbytes + 3) & ~(size_t)3);
}

static void dt_close(struct sample *to)
{
    put_be32(to, 2);
}

static void dt_bytes(struct sample *to, const char *name, const void *value, size_t nbytes)
{
    put_be32(to, 3);
    put_be32(to, (uint32_t)nbytes);
    put_be32(to, (uint32_t)to->strings_nbytes);
    put(to, value, nbytes);
    put_zeroes(to, (to->nbytes + 3) & ~(size_t)3);
    memcpy(to->strings + to->strings_nbytes, name, strlen(name) + 1);
    to->strings_nbytes += strlen(name) + 1;
}

static void dt_text(struct sample *to, const char *name, const char *text)
{
    dt_bytes(to, name, text, strlen(text) + 1);
}

static void dt_cells(struct sample *to, const char *name, size_t ncells, const uint32_t *cells)
{
    uint8_t value[256];
    for (size_t i = 0; i < ncells; i++)
        set_be32(value + 4 * i, cells[i]);
    dt_bytes(to, name, value, 4 * ncells);
}

#define CELLS(to, name, ...) \
    dt_cells(to, name, sizeof((uint32_t[]){__VA_ARGS__}) / 4, (uint32_t[]){__VA_ARGS__})

static void dt_finish(struct sample *to)
{
    put_be32(to, 9);
    uint32_t end = (uint32_t)to->nbytes;
    put(to, to->strings, to->strings_nbytes);
    const uint32_t header[10] = {0xd00dfeed, (uint32_t)to->nbytes,         56,      end, 40, 17, 16,
                                 0,          (uint32_t)to->strings_nbytes, end - 56};
    for (size_t i = 0; i < 10; i++)
        set_be32(to->bytes + 4 * i, header[i]);
}

static enum dt_error dt_answer(const struct sample *from, struct dt_machine *machine)
{
    enum dt_error error = dt_read(from->bytes, from->nbytes, inside, machine);
    CHECK(sound_dt(from->bytes, from->nbytes, inside, error, machine));
    return error;
}

static void dt_hart(struct sample *to, uint32_t id, uint32_t phandle, const char *status)
{
    dt_open(to, "cpu@0");
    CELLS(to, "reg", id);
    dt_text(to, "device_type", "cpu");
    if (status != NULL)
        dt_text(to, "status", status);
    dt_open(to, "interrupt-controller");
    CELLS(to, "phandle", phandle);
    dt_bytes(to, "interrupt-controller", "", 0);
    dt_close(to);
    dt_open(to, "cache");
    CELLS(to, "phandle", 0x777);
    dt_close(to);
    dt_close(to);
}

static void dt_harts(struct sample *to, uint32_t nharts)
{
    dt_open(to, "cpus");
    CELLS(to, "#address-cells", 1);
    CELLS(to, "#size-cells", 0);
    CELLS(to, "timebase-frequency", 10000000);
    for (uint32_t i = 0; i < nharts; i++)
        dt_hart(to, i, 0x100 + i, NULL);
    dt_close(to);
}

static void dt_memory(struct sample *to)
{
    dt_open(to, "memory@80000000");
    CELLS(to, "reg", 0, 0x80000000, 0, 0x10000000);
    dt_text(to, "device_type", "memory");
    dt_close(to);
}

static void dt_root(struct sample *to)
{
    dt_start(to);
    dt_open(to, "");
    CELLS(to, "#address-cells", 2);
    CELLS(to, "#size-cells", 2);
}

static void dt_device(struct sample *to, const char *compatible, size_t nbytes, uint32_t base)
{
    dt_open(to, "device");
    CELLS(to, "reg", base, 0x1000); /* before `compatible`, and in the bus's cells */
    dt_bytes(to, "compatible", compatible, nbytes);
}

#define LIST(text) text, sizeof text /* NULs inside, and one at the end */

/* The bus with one cell each, written before the harts that its PLIC names. */
static void dt_soc(struct sample *to)
{
    dt_open(to, "soc");
    CELLS(to, "#address-cells", 1);
    CELLS(to, "#size-cells", 1);
    dt_bytes(to, "ranges", "", 0);
    dt_device(to, LIST("sifive,plic-1.0.0"), 0xc000000);
    CELLS(to, "interrupts-extended", 0x102, 11, 0x102, 9, 0x100, 11, 0x100, 9, 0x777, 9, 0x101, 11);
    dt_close(to);
    dt_device(to, LIST("x\0riscv,clint0"), 0x2000000);
    dt_close(to);
    dt_device(to, LIST("sifive,test1\0sifive,test0\0syscon"), 0x100000);
    dt_close(to);
    dt_device(to, LIST("ns16550a"), 0x10000000);
    CELLS(to, "interrupts", 10, 4);
    dt_close(to);
    dt_device(to, LIST("ns16550a"), 0x20000000); /* a second one does not count */
    dt_close(to);
    dt_close(to);
}

static void dt_sample(struct sample *to)
{
    dt_root(to);
    put_be32(to, 4);
    dt_soc(to);
    dt_open(to, "memory@0");
    dt_text(to, "device_type", "memory");
    CELLS(to, "reg", 0, 0, 0, 0x1000, 1, 0x80000000, 1, 0, 0, 0x80000000, 0, 0x10000000);
    dt_close(to);
    dt_open(to, "chosen");
    dt_text(to, "bootargs", "run='cowtest three'");
    CELLS(to, "linux,initrd-end", 0, 0x88201388);
    CELLS(to, "linux,initrd-start", 0x88200000);
    dt_close(to);
    dt_open(to, "cpus");
    CELLS(to, "#address-cells", 1);
    CELLS(to, "#size-cells", 0);
    CELLS(to, "timebase-frequency", 0, 10000000);
    dt_hart(to, 7, 0x100, NULL);
    dt_hart(to, 3, 0x101, "okay");
    dt_hart(to, 4, 0x103, "disabled");
    dt_hart(to, 5, 0x102, "ok");
    dt_hart(to, 7, 0x102, NULL); /* the same id again */
    dt_open(to, "not-a-cpu");
    CELLS(to, "reg", 8);
    dt_close(to);
    dt_close(to);
    dt_close(to);
    dt_finish(to);
}

static bool range_is(struct dt_range range, uint64_t base, uint64_t nbytes)
{
    return range.base == base && range.nbytes == nbytes;
}

static void test_dt_values(void)
{
    static struct sample blob;
    struct dt_machine machine;
    dt_sample(&blob);
    CHECK(dt_total_bytes(blob.bytes) == blob.nbytes);
    CHECK(dt_answer(&blob, &machine) == DT_OK);
    CHECK(range_is(machine.ram, 0x80000000, 0x10000000));
    CHECK(machine.nharts == 3);
    CHECK(machine.hart_id[0] == 7 && machine.hart_id[1] == 3 && machine.hart_id[2] == 5);
    CHECK(machine.plic_context[0] == 3 && machine.plic_context[2] == 1);
    CHECK(machine.plic_context[1] == UINT32_MAX && machine.plic_context[3] == UINT32_MAX);
    CHECK(machine.timebase_hz == 10000000);
    CHECK(machine.bootargs_len == 19 && memcmp(machine.bootargs, "run='cowtest three'", 20) == 0);
    CHECK(range_is(machine.archive, 0x88200000, 0x1388));
    CHECK(range_is(machine.plic, 0xc000000, 0x1000));
    CHECK(range_is(machine.clint, 0x2000000, 0x1000));
    CHECK(range_is(machine.tester, 0x100000, 0x1000));
    CHECK(range_is(machine.uart, 0x10000000, 0x1000) && machine.uart_irq == 10);

    uint8_t *odd = malloc(blob.nbytes + 1);
    memcpy(odd + 1, blob.bytes, blob.nbytes);
    CHECK(dt_read(odd + 1, blob.nbytes, 0x180000000, &machine) == DT_OK);
    CHECK(range_is(machine.ram, 0x180000000, 0x100000000));
    CHECK(dt_read(odd + 1, blob.nbytes, 0x280000000, &machine) == DT_NO_MEMORY);
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
        {8, 58, DT_BAD_HEADER},          {8, 60, DT_BAD_HEADER},
        {12, UINT32_MAX, DT_BAD_HEADER}, {12, 8, DT_BAD_HEADER},
        {20, 16, DT_BAD_HEADER},         {24, 18, DT_BAD_HEADER},
        {32, UINT32_MAX, DT_BAD_HEADER}, {32, 0, DT_BAD_STRUCTURE},
        {36, UINT32_MAX, DT_BAD_HEADER}, {36, 0, DT_BAD_STRUCTURE},
        {36, 7, DT_BAD_STRUCTURE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        dt_sample(&blob);
        if (cases[i].at == 8 && cases[i].word == 60) /* the structure block past the end */
            set_be32(blob.bytes + 36, (uint32_t)blob.nbytes - 59);
        set_be32(blob.bytes + cases[i].at, cases[i].word);
        CHECK(dt_answer(&blob, &machine) == cases[i].error);
    }
    dt_sample(&blob);
    CHECK(dt_read(blob.bytes, 39, inside, &machine) == DT_TRUNCATED);
    CHECK(dt_read(blob.bytes, 0, inside, &machine) == DT_TRUNCATED);
    CHECK(dt_read(blob.bytes, blob.nbytes - 1, inside, &machine) == DT_TRUNCATED);
    CHECK(dt_read(blob.bytes, sizeof blob.bytes, inside, &machine) == DT_OK);
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
    CHECK(machine.bootargs == NULL && machine.bootargs_len == 0);
    CHECK(machine.archive.nbytes == 0 && machine.tester.nbytes == 0 && machine.plic.nbytes == 0);
    CHECK(machine.clint.nbytes == 0 && machine.uart.nbytes == 0 && machine.uart_irq == 0);

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
    size_t full = blob.nbytes - blob.strings_nbytes - 56;
    for (size_t n = 0; n <= full; n++) { /* the structure block cut short, the rest whole */
        set_be32(blob.bytes + 36, (uint32_t)n);
        CHECK(dt_answer(&blob, &machine) == (n < full ? DT_BAD_STRUCTURE : DT_OK));
    }
    set_be32(blob.bytes + 24, 17);
    CHECK(dt_answer(&blob, &machine) == DT_OK);
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
    CHECK(range_is(machine.ram, 0x80000000, 0x10000000)); /* not the bank that wraps around */
    CHECK(machine.bootargs_len == 6 && memcmp(machine.bootargs, "no end", 6) == 0);
    CHECK(range_is(machine.archive, 0, 0) && range_is(machine.uart, 0, 0));
}

static void test_dt_qemu(const char *path)
{
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    if (file == NULL)
        return;
    static uint8_t bytes[2 << 20];
    size_t nbytes = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    struct dt_machine machine;
    CHECK(dt_read(bytes, nbytes, inside, &machine) == DT_OK);
    CHECK(range_is(machine.ram, 0x80000000, 0x10000000) && machine.nharts == 4);
    for (uint32_t i = 0; i < machine.nharts; i++)
        CHECK(machine.plic_context[i] == 2 * machine.hart_id[i] + 1);
    CHECK(machine.timebase_hz == 10000000);
    CHECK(range_is(machine.tester, 0x100000, 0x1000));
    CHECK(range_is(machine.plic, 0xc000000, 0x600000));
    CHECK(range_is(machine.clint, 0x2000000, 0x10000));
    CHECK(range_is(machine.uart, 0x10000000, 0x100) && machine.uart_irq == 10);
    printf("%s: bootargs \"%.*s\", archive %#llx + %llu\n", path, (int)machine.bootargs_len,
           machine.bootargs == NULL ? "" : machine.bootargs,
           (unsigned long long)machine.archive.base, (unsigned long long)machine.archive.nbytes);
    check_damage(dt_sound, bytes, dt_total_bytes(bytes));
}

static void cpio_file(struct sample *to, const char *name, size_t name_nbytes, uint32_t mode,
                      const char *data)
{
    char header[111];
    snprintf(header, sizeof header, "070701%08X%08x%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
             1u, (unsigned)mode, 0u, 0u, 1u, 0u, (unsigned)strlen(data), 0u, 0u, 0u, 0u,
             (unsigned)name_nbytes, 0u);
    put(to, header, 110);
    put(to, name, strlen(name));
    to->bytes[to->nbytes] = 0;
    put_zeroes(to, to->nbytes + name_nbytes - strlen(name));
    put_zeroes(to, (to->nbytes + 3) & ~(size_t)3);
    put(to, data, strlen(data));
    put_zeroes(to, (to->nbytes + 3) & ~(size_t)3);
}

/* The last file's header starts at *last. */
static void cpio_sample(struct sample *to, size_t *last)
{
    memset(to, 0, sizeof *to);
    cpio_file(to, "pager", 18, 0100755, "abcde"); /* padded so that data starts at 128 */
    cpio_file(to, "empty", 6, 0100644, "");
    *last = to->nbytes;
    cpio_file(to, "init", 5, 0100755, "second to none");
    cpio_file(to, "TRAILER!!!", 11, 0, "");
}

static void test_archive_values(void)
{
    static struct sample cpio;
    size_t last, offset = 0;
    struct archive_file file;
    cpio_sample(&cpio, &last);
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == 1);
    CHECK(file.name_len == 5 && strcmp(file.name, "pager") == 0 && file.mode == 0100755);
    CHECK(file.data == cpio.bytes + 128 && file.nbytes == 5 && memcmp(file.data, "abcde", 5) == 0);
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == 1);
    CHECK(strcmp(file.name, "empty") == 0 && file.nbytes == 0 && file.mode == 0100644);
    CHECK(offset == last);
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == 1);
    CHECK(strcmp(file.name, "init") == 0 && file.nbytes == 14);
    size_t end = offset;
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == 0 && offset == end);
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == 0);

    CHECK(archive_find(cpio.bytes, cpio.nbytes, "init", &file) == 1);
    CHECK(file.nbytes == 14 && memcmp(file.data, "second to none", 14) == 0);
    CHECK(archive_find(cpio.bytes, cpio.nbytes, "ini", &file) == 0);
    CHECK(archive_find(cpio.bytes, cpio.nbytes, "init2", &file) == 0);
    CHECK(archive_find(cpio.bytes, cpio.nbytes, "", &file) == 0);
    CHECK(archive_find(cpio.bytes, cpio.nbytes, "TRAILER!!!", &file) == 0);
    CHECK(strcmp(file.name, "init") == 0); /* left alone by what was not found */
    check_damage(archive_sound, cpio.bytes, cpio.nbytes);
}

static void test_archive_damage(void)
{
    static struct sample cpio;
    size_t last;
    struct archive_file file;
    static const struct {
        size_t at; /* in the last file's header */
        const char *text;
        int found;
    } cases[] = {
        {0, "070702", -1},    {0, "070707", -1},    {14, "0000g000", -1}, {102, "0000000 ", -1},
        {6, "0000:000", -1},  {6, "0000@000", -1},  {6, "0000`000", -1},  {6, "0000/000", -1},
        {6, "09AFaf90", 1},   {6, "0x000001", -1},  {54, "FFFFFFFF", -1}, {54, "ffffffff", -1},
        {54, "00001000", -1}, {94, "00000000", -1}, {94, "00000004", -1}, {94, "FFFFFFFF", -1},
        {94, "00000005", 1},  {54, "00000000", 1},  {102, "abcdefAB", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cpio_sample(&cpio, &last);
        memcpy(cpio.bytes + last + cases[i].at, cases[i].text, strlen(cases[i].text));
        CHECK(archive_find(cpio.bytes, cpio.nbytes, "init", &file) == cases[i].found);
        CHECK(archive_find(cpio.bytes, cpio.nbytes, "empty", &file) == 1);
    }
    cpio_sample(&cpio, &last);
    CHECK(archive_find(cpio.bytes, 0, "init", &file) == -1);
    CHECK(archive_find(cpio.bytes, last, "init", &file) == -1);
    CHECK(archive_find(cpio.bytes, last, "empty", &file) == 1);
    size_t offset = SIZE_MAX;
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == -1 && offset == SIZE_MAX);
    offset = cpio.nbytes;
    CHECK(archive_next(cpio.bytes, cpio.nbytes, &offset, &file) == -1);
}

enum { TEXT, DATA, STACK, LANDING, NPROGRAM };
enum { TYPE = 0, FLAGS = 4, OFFSET = 8, VADDR = 16, PADDR = 24, FILESZ = 32, MEMSZ = 40 };

static void elf_program(struct sample *to, int index, uint32_t type, uint32_t flags,
                        uint64_t offset, uint64_t vaddr, uint64_t file_nbytes, uint64_t mem_nbytes)
{
    uint8_t *at = to->bytes + 64 + 56 * index;
    set_le(at + TYPE, type, 4);
    set_le(at + FLAGS, flags, 4);
    set_le(at + OFFSET, offset, 8);
    set_le(at + VADDR, vaddr, 8);
    set_le(at + FILESZ, file_nbytes, 8);
    set_le(at + MEMSZ, mem_nbytes, 8);
}

static void elf_sample(struct sample *to, uint32_t nprogram)
{
    memset(to, 0, sizeof *to);
    put(to, "\177ELF\2\1\1", 7);
    put_zeroes(to, 8192);
    set_le(to->bytes + 16, 2, 2);
    set_le(to->bytes + 18, 243, 2);
    set_le(to->bytes + 20, 1, 4);
    set_le(to->bytes + 24, 0x10400, 8);
    set_le(to->bytes + 32, 64, 8);
    set_le(to->bytes + 52, 64, 2);
    set_le(to->bytes + 54, 56, 2);
    set_le(to->bytes + 56, nprogram, 2);
    elf_program(to, TEXT, 1, ELF_R | ELF_X, 0, 0x10000, 0x800, 0x900);
    elf_program(to, DATA, 1, ELF_W, 0x810, 0x12810, 0x20, 0x2000);
    elf_program(to, STACK, 0x6474e551, ELF_R | ELF_W, 0, 0, 0, 0x8000);
    elf_program(to, LANDING, 0x60000001, ELF_R, 0, 0x10410, 0, 0x20);
    set_le(to->bytes + 64 + 56 * LANDING + PADDR, 0x10440, 8);
}

static enum elf_error elf_answer(const struct sample *from, uint64_t limit, struct elf_image *image)
{
    enum elf_error error = elf_read(from->bytes, from->nbytes, limit, image);
    CHECK(sound_elf(from->nbytes, limit, error, image));
    return error;
}

static void test_elf_values(void)
{
    static struct sample elf;
    struct elf_image image;
    elf_sample(&elf, NPROGRAM);
    CHECK(elf_answer(&elf, (uint64_t)1 << 38, &image) == ELF_OK);
    CHECK(image.entry == 0x10400 && image.nsegments == 2 && image.stack_nbytes == 0x8000);
    CHECK(image.low == 0x10000 && image.high == 0x15000);
    CHECK(image.segment[0].vaddr == 0x10000 && image.segment[0].offset == 0);
    CHECK(image.segment[0].file_nbytes == 0x800 && image.segment[0].mem_nbytes == 0x900);
    CHECK(image.segment[0].rights == (ELF_R | ELF_X));
    CHECK(image.segment[1].vaddr == 0x12810 && image.segment[1].offset == 0x810);
    CHECK(image.segment[1].rights == (ELF_R | ELF_W));
    CHECK(image.land_start == 0x10410 && image.land_end == 0x10430);
    CHECK(image.land_target == 0x10440);
    CHECK(elf_answer(&elf, 0x15000, &image) == ELF_OK);
    CHECK(elf_answer(&elf, 0x14fff, &image) == ELF_BAD_SEGMENT);
    CHECK(elf_answer(&elf, 0, &image) == ELF_BAD_SEGMENT);
    elf.nbytes = 0x830; /* exactly to the end of the last byte that is loaded */
    CHECK(elf_answer(&elf, UINT64_MAX, &image) == ELF_OK);
    check_damage(elf_sound, elf.bytes, elf.nbytes);
    elf.nbytes--;
    CHECK(elf_answer(&elf, UINT64_MAX, &image) == ELF_TRUNCATED);

    elf_sample(&elf, 2);
    CHECK(elf_answer(&elf, UINT64_MAX, &image) == ELF_OK);
    CHECK(image.land_end == 0 && image.stack_nbytes == 0);
    for (int i = ELF_OK; i <= ELF_BAD_LANDING + 1; i++)
        CHECK(strlen(elf_error_text((enum elf_error)i)) > 5);
}

static void test_elf_headers(void)
{
    static struct sample elf;
    struct elf_image image;
    static const struct {
        size_t at;
        uint64_t number;
        int nbytes;
        enum elf_error error;
    } cases[] = {
        {0, 0x7e, 1, ELF_NOT_ELF},
        {4, 1, 1, ELF_WRONG_MACHINE},
        {5, 2, 1, ELF_WRONG_MACHINE},
        {6, 0, 1, ELF_WRONG_MACHINE},
        {16, 3, 2, ELF_WRONG_MACHINE},
        {18, 62, 2, ELF_WRONG_MACHINE},
        {20, 2, 4, ELF_WRONG_MACHINE},
        {24, 0x10401, 8, ELF_BAD_ENTRY},
        {24, 0, 8, ELF_BAD_ENTRY},
        {24, UINT64_MAX - 1, 8, ELF_BAD_ENTRY},
        {24, 0x10900, 8, ELF_BAD_ENTRY},
        {24, 0x108fe, 8, ELF_OK},
        {24, 0x12810, 8, ELF_BAD_ENTRY},
        {32, UINT64_MAX, 8, ELF_TRUNCATED},
        {32, UINT64_MAX - 55, 8, ELF_TRUNCATED},
        {32, 8192 - 223, 8, ELF_TRUNCATED},
        {32, 8192 - 224, 8, ELF_BAD_HEADERS},
        {54, 64, 2, ELF_BAD_HEADERS},
        {56, 0, 2, ELF_BAD_HEADERS},
        {56, 0xffff, 2, ELF_TRUNCATED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        elf_sample(&elf, NPROGRAM);
        set_le(elf.bytes + cases[i].at, cases[i].number, cases[i].nbytes);
        CHECK(elf_answer(&elf, (uint64_t)1 << 38, &image) == cases[i].error);
    }
    CHECK(elf_read(elf.bytes, 0, UINT64_MAX, &image) == ELF_TRUNCATED);
    CHECK(elf_read(elf.bytes, 63, UINT64_MAX, &image) == ELF_TRUNCATED);
    CHECK(elf_read("#!sh", 4, UINT64_MAX, &image) == ELF_NOT_ELF);
}

static void test_elf_segments(void)
{
    static struct sample elf;
    struct elf_image image;
    const uint64_t top = UINT64_MAX;
    static const struct {
        int index;
        int field;
        uint64_t number;
        enum elf_error error;
    } cases[] = {
        {DATA, FILESZ, 0x2001, ELF_BAD_SEGMENT},
        {DATA, MEMSZ, 0x1f, ELF_BAD_SEGMENT},
        {DATA, MEMSZ, 0x20, ELF_OK},
        {DATA, MEMSZ, UINT64_MAX, ELF_BAD_SEGMENT},
        {DATA, MEMSZ, UINT64_MAX - 0x12810, ELF_BAD_SEGMENT},
        {DATA, VADDR, UINT64_MAX, ELF_BAD_SEGMENT},
        {DATA, VADDR, 0xfffffffffffff810, ELF_BAD_SEGMENT},
        {DATA, VADDR, 0x12811, ELF_BAD_SEGMENT},
        {DATA, VADDR, 0x13010, ELF_BAD_SEGMENT},
        {DATA, VADDR, 0x11810, ELF_OK},      /* the very next page */
        {DATA, VADDR, 0x10810, ELF_OVERLAP}, /* the bytes don't meet, the pages do */
        {DATA, VADDR, 0xe810, ELF_OVERLAP},  /* below, and reaching into the first */
        {DATA, VADDR, 0xd810, ELF_OK},       /* not sorted */
        {DATA, OFFSET, UINT64_MAX - 0x7ef, ELF_TRUNCATED},
        {DATA, OFFSET, 0x2810, ELF_TRUNCATED},
        {TEXT, FILESZ, 0x901, ELF_BAD_SEGMENT},
        {TEXT, MEMSZ, 0x3000, ELF_OVERLAP},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        elf_sample(&elf, NPROGRAM);
        set_le(elf.bytes + 64 + 56 * cases[i].index + cases[i].field, cases[i].number, 8);
        CHECK(elf_answer(&elf, top, &image) == cases[i].error);
    }
}

static void test_elf_rights_and_count(void)
{
    static struct sample elf;
    struct elf_image image;
    const uint64_t top = UINT64_MAX;
    elf_sample(&elf, NPROGRAM);
    elf_program(&elf, DATA, 1, ELF_W | ELF_X, 0x810, 0x12810, 0x20, 0x2000);
    CHECK(elf_answer(&elf, top, &image) == ELF_BAD_SEGMENT);
    elf_program(&elf, DATA, 1, 0xfffffff8 | ELF_R, 0x810, 0x12810, 0x20, 0x2000);
    CHECK(elf_answer(&elf, top, &image) == ELF_OK && image.segment[1].rights == ELF_R);
    elf_program(&elf, DATA, 1, ELF_R, 0x99810, 0x12810, 0, 0x2000); /* .bss behind the end */
    CHECK(elf_answer(&elf, top, &image) == ELF_OK && image.segment[1].offset == 0);
    elf_program(&elf, DATA, 1, ELF_R, 0x810, 0x10811, 0, 0); /* empty: skipped */
    CHECK(elf_answer(&elf, top, &image) == ELF_OK && image.nsegments == 1);
    elf_program(&elf, TEXT, 6, ELF_R | ELF_X, 0, 0x10000, 0x800, 0x900);
    CHECK(elf_answer(&elf, top, &image) == ELF_BAD_HEADERS);
    for (uint32_t n = 8; n <= 9; n++) {
        elf_sample(&elf, n);
        for (uint32_t i = 1; i < n; i++)
            elf_program(&elf, (int)i, 1, ELF_R, 0, 0x10000 + 0x1000 * i, 1, 0x1000);
        CHECK(elf_answer(&elf, top, &image) == (n == 8 ? ELF_OK : ELF_TOO_MANY_SEGMENTS));
    }
}

static void test_elf_landing(void)
{
    static struct sample elf;
    struct elf_image image;
    static const struct {
        uint64_t start, nbytes, target;
        enum elf_error error;
    } cases[] = {
        {0x10000, 0x900, 0x108fe, ELF_OK},
        {0x10000, 0x901, 0x108fe, ELF_BAD_LANDING},
        {0xffff, 0x10, 0x10440, ELF_BAD_LANDING},
        {0x12810, 0x10, 0x10440, ELF_BAD_LANDING},
        {0x10410, 0x20, 0x12810, ELF_BAD_LANDING},
        {0x10410, 0x20, 0x10900, ELF_BAD_LANDING},
        {0x10410, 0x20, 0x10441, ELF_BAD_LANDING},
        {0x10410, 0x20, 0, ELF_BAD_LANDING},
        {0x10410, 0x20, UINT64_MAX - 1, ELF_BAD_LANDING},
        {0x10410, UINT64_MAX, 0x10440, ELF_BAD_LANDING},
        {UINT64_MAX, 1, 0x10440, ELF_BAD_LANDING},
        {0x10410, 0, 0x10440, ELF_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        elf_sample(&elf, NPROGRAM);
        elf_program(&elf, LANDING, 0x60000001, ELF_R, 0, cases[i].start, 0, cases[i].nbytes);
        set_le(elf.bytes + 64 + 56 * LANDING + PADDR, cases[i].target, 8);
        CHECK(elf_answer(&elf, (uint64_t)1 << 38, &image) == cases[i].error);
    }
    CHECK(image.land_start == 0 && image.land_end == 0 && image.land_target == 0);
    elf_sample(&elf, NPROGRAM); /* two landings */
    memcpy(elf.bytes + 64 + 56 * STACK, elf.bytes + 64 + 56 * LANDING, 56);
    CHECK(elf_answer(&elf, (uint64_t)1 << 38, &image) == ELF_BAD_LANDING);
}

int main(int argc, char **argv)
{
    test_dt_values();
    test_dt_header();
    test_dt_missing();
    test_dt_buses();
    test_dt_structure();
    test_dt_chosen();
    if (argc > 1)
        test_dt_qemu(argv[1]);
    test_archive_values();
    test_archive_damage();
    test_elf_values();
    test_elf_headers();
    test_elf_segments();
    test_elf_rights_and_count();
    test_elf_landing();
    printf("readers: %d checks, %d failed\n", nchecks, nfailed);
    return nfailed != 0;
}
