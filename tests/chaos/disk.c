/* A disk that is slow or full, between a server and the C library (LD_PRELOAD).
   The file DISK_CONTROL is mapped: [0] milliseconds that each fsync takes longer, [1] what is full:
   1 everything but pg_wal, 2 pg_wal, 3 everything. Only regular files are touched. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static volatile int32_t *control;

__attribute__((constructor)) static void map_control(void) {
    int fd = open(getenv("DISK_CONTROL"), O_RDONLY);
    void *at = mmap(NULL, 8, PROT_READ, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED) control = at;
    close(fd);
}

static void wait_for_disk(void) {
    if (control == NULL || control[0] == 0) return;
    struct timespec pause = {control[0] / 1000, control[0] % 1000 * 1000000L};
    nanosleep(&pause, NULL);
}

static int is_full(int fd) {
    char link[32], path[512];
    struct stat status;
    if (control == NULL || control[1] == 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    return control[1] & (strstr(path, "/pg_wal/") ? 2 : 1);
}

#define REAL(name) static __typeof__(name) *real; if (real == NULL) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define FULL(fd) if (is_full(fd)) { errno = ENOSPC; return -1; }

int fsync(int fd) { REAL(fsync); wait_for_disk(); return real(fd); }
int fdatasync(int fd) { REAL(fdatasync); wait_for_disk(); return real(fd); }
ssize_t write(int fd, const void *from, size_t size) {
    REAL(write); FULL(fd); return real(fd, from, size);
}
ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
    REAL(pwrite); FULL(fd); return real(fd, from, size, at);
}
ssize_t pwrite64(int fd, const void *from, size_t size, off_t at) {
    REAL(pwrite64); FULL(fd); return real(fd, from, size, at);
}
ssize_t pwritev(int fd, const struct iovec *from, int count, off_t at) {
    REAL(pwritev); FULL(fd); return real(fd, from, count, at);
}
ssize_t pwritev64(int fd, const struct iovec *from, int count, off_t at) {
    REAL(pwritev64); FULL(fd); return real(fd, from, count, at);
}
int posix_fallocate(int fd, off_t at, off_t size) {
    REAL(posix_fallocate); return is_full(fd) ? ENOSPC : real(fd, at, size);
}
int posix_fallocate64(int fd, off_t at, off_t size) {
    REAL(posix_fallocate64); return is_full(fd) ? ENOSPC : real(fd, at, size);
}
