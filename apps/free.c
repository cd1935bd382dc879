/* free: memory and file system, used and free. */
#include <stdio.h>

#include "holstein.h"

int main(void)
{
    uint64_t disk[4];
    long total = holstein_statistic(STATISTIC_TOTAL), left = holstein_statistic(STATISTIC_FREE);
    printf("%-8s %10s %10s %10s\n", "", "total", "used", "free");
    printf("%-8s %9ldK %9ldK %9ldK\n", "memory", total * 4, (total - left) * 4, left * 4);
    if (holstein_disk(disk) != 0)
        return 0;
    printf("%-8s %9luK %9luK %9luK\n", "files", disk[1] / 1024, (disk[1] - disk[0]) / 1024,
           disk[0] / 1024);
    printf("%-8s %10lu %10lu %10lu\n", "inodes", disk[3], disk[3] - disk[2], disk[2]);
    return 0;
}
