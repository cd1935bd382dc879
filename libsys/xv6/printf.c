/* printf and fprintf as xv6 programs know them: to a descriptor, with few formats. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

#include "xv6.h"

/* Output is collected and written in pieces. */
struct output {
    int fd;
    unsigned n;
    char bytes[128];
};

static void flush(struct output *out)
{
    xv6_write(out->fd, out->bytes, (int)out->n);
    out->n = 0;
}

static void put(struct output *out, char c)
{
    out->bytes[out->n++] = c;
    if (out->n == sizeof out->bytes)
        flush(out);
}

static void put_number(struct output *out, unsigned long value, unsigned base, bool negative)
{
    char digits[20];
    unsigned n = 0;
    if (negative)
        put(out, '-');
    do
        digits[n++] = "0123456789ABCDEF"[value % base];
    while ((value /= base) != 0);
    while (n > 0)
        put(out, digits[--n]);
}

static void put_signed(struct output *out, long value)
{
    put_number(out, value < 0 ? 0 - (unsigned long)value : (unsigned long)value, 10, value < 0);
}

/* %d %u %x (with l or ll) %p %c %s %% */
static void put_formatted(struct output *out, const char *format, va_list *arguments)
{
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(out, *format);
            continue;
        }
        unsigned nlong = 0;
        for (format++; *format == 'l'; format++)
            nlong++;
        switch (*format) {
        case 'd':
            put_signed(out, nlong > 0 ? va_arg(*arguments, long) : va_arg(*arguments, int));
            break;
        case 'u':
        case 'x':
            put_number(out,
                       nlong > 0 ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned),
                       *format == 'u' ? 10 : 16, false);
            break;
        case 'p':
            put(out, '0');
            put(out, 'x');
            unsigned long value = va_arg(*arguments, unsigned long);
            for (int shift = 60; shift >= 0; shift -= 4)
                put(out, "0123456789ABCDEF"[value >> shift & 15]);
            break;
        case 'c': put(out, (char)va_arg(*arguments, int)); break;
        case 's': {
            const char *text = va_arg(*arguments, const char *);
            for (text = text == NULL ? "(null)" : text; *text != '\0'; text++)
                put(out, *text);
            break;
        }
        case '\0': return;
        default:
            if (*format != '%')
                put(out, '%');
            put(out, *format);
        }
    }
}

void xv6_fprintf(int fd, const char *format, ...)
{
    struct output out = {.fd = fd};
    va_list arguments;
    va_start(arguments, format);
    put_formatted(&out, format, &arguments);
    va_end(arguments);
    flush(&out);
}

void xv6_printf(const char *format, ...)
{
    struct output out = {.fd = 1};
    va_list arguments;
    va_start(arguments, format);
    put_formatted(&out, format, &arguments);
    va_end(arguments);
    flush(&out);
}
