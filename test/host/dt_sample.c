/* Writes device trees: blobs, their parts, and one whole machine. */
#include "dt_sample.h"

#include <string.h>

void dt_start(struct sample *to)
{
    memset(to, 0, sizeof *to);
    put_zeroes(to, DT_STRUCTURE); /* header, and an empty memory reservation block */
}

void dt_open(struct sample *to, const char *name)
{
    put_be32(to, 1);
    put(to, name, strlen(name) + 1);
    put_zeroes(to, (to->nbytes + 3) & ~(size_t)3);
}

void dt_close(struct sample *to)
{
    put_be32(to, 2);
}

void dt_bytes(struct sample *to, const char *name, const void *value, size_t nbytes)
{
    put_be32(to, 3);
    put_be32(to, (uint32_t)nbytes);
    put_be32(to, (uint32_t)to->strings_nbytes);
    put(to, value, nbytes);
    put_zeroes(to, (to->nbytes + 3) & ~(size_t)3);
    memcpy(to->strings + to->strings_nbytes, name, strlen(name) + 1);
    to->strings_nbytes += strlen(name) + 1;
}

void dt_text(struct sample *to, const char *name, const char *text)
{
    dt_bytes(to, name, text, strlen(text) + 1);
}

void dt_cells(struct sample *to, const char *name, size_t ncells, const uint32_t *cells)
{
    uint8_t value[256];
    for (size_t i = 0; i < ncells; i++)
        set_be32(value + 4 * i, cells[i]);
    dt_bytes(to, name, value, 4 * ncells);
}

void dt_finish(struct sample *to)
{
    put_be32(to, 9);
    uint32_t end = (uint32_t)to->nbytes;
    put(to, to->strings, to->strings_nbytes);
    const uint32_t header[10] = {
        0xd00dfeed, (uint32_t)to->nbytes,         DT_STRUCTURE,      end, DT_RESERVATIONS, 17, 16,
        0,          (uint32_t)to->strings_nbytes, end - DT_STRUCTURE};
    for (size_t i = 0; i < 10; i++)
        set_be32(to->bytes + 4 * i, header[i]);
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

void dt_harts(struct sample *to, uint32_t nharts)
{
    dt_open(to, "cpus");
    CELLS(to, "#address-cells", 1);
    CELLS(to, "#size-cells", 0);
    CELLS(to, "timebase-frequency", 10000000);
    for (uint32_t i = 0; i < nharts; i++)
        dt_hart(to, i, 0x100 + i, NULL);
    dt_close(to);
}

void dt_memory(struct sample *to)
{
    dt_open(to, "memory@80000000");
    CELLS(to, "reg", 0, 0x80000000, 0, 0x10000000);
    dt_text(to, "device_type", "memory");
    dt_close(to);
}

void dt_root(struct sample *to)
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
    dt_device(to, LIST("any\0controller"), 0x28000000);
    dt_bytes(to, "interrupt-controller", "", 0);
    dt_close(to);
    dt_device(to, LIST("the machine mode's"), 0x29000000);
    dt_bytes(to, "interrupt-controller", "", 0);
    dt_text(to, "status", "disabled");
    dt_close(to);
    dt_close(to);
}

void dt_sample(struct sample *to)
{
    dt_root(to);
    put_be32(to, 4);
    dt_soc(to);
    dt_open(to, "memory@0");
    dt_text(to, "device_type", "memory");
    CELLS(to, "reg", 0, 0, 0, 0x1000, 1, 0x80000000, 1, 0, 0, 0x80000000, 0, 0x10000000);
    dt_close(to);
    dt_open(to, "reserved-memory");
    CELLS(to, "#address-cells", 2);
    CELLS(to, "#size-cells", 2);
    dt_bytes(to, "ranges", "", 0);
    dt_open(to, "firmware@87000000"); /* two entries that touch */
    CELLS(to, "reg", 0, 0x87000000, 0, 0x100000, 0, 0x87100000, 0, 0x100000);
    dt_close(to);
    dt_open(to, "unused@86000000");
    CELLS(to, "reg", 0, 0x86000000, 0, 0x100000);
    dt_text(to, "status", "disabled");
    dt_close(to);
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
    set_be32(to->bytes + DT_RESERVATIONS + 4, 0x8f000000);
    set_be32(to->bytes + DT_RESERVATIONS + 12, 0x100000);
}
