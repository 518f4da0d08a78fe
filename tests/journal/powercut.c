/* A power cut for tests. Preloaded into a process, it keeps a second copy of the files below POWERCUT_REAL in POWERCUT_SHADOW,
 * which holds only what the process made sure of: bytes after fsync or fdatasync of their file, names (new or gone) after fsync of
 * their folder. Kill the process, and the copy is what a disk may hold after the power was cut.
 *
 * A disk may also have written more than it was asked to. With POWERCUT_TORN=seed, part of what was not made sure of is there too:
 * any write, whole or cut at a sector of 512 bytes. Memory maps are not copied; SQLite's shared-memory file is made anew anyway.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 64
#define RANGES 65536
#define SECTOR 512

struct range { off64_t at; size_t length; };
struct file { char name[NAME_MAX + 1]; int shadow, gone; size_t dirty; struct range *ranges; };

static struct file files[FILES];
static int used, fd_file[4096], fd_folder[4096];
static char real_folder[PATH_MAX], shadow_folder[PATH_MAX];
static unsigned torn;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define NEXT(name) static __typeof__(&name) next; if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
static int next_open(const char *path, int flags, mode_t mode) { NEXT(open64); return next(path, flags, mode); }
static ssize_t next_pwrite(int fd, const void *data, size_t length, off64_t at) { NEXT(pwrite64); return next(fd, data, length, at); }
static int next_ftruncate(int fd, off64_t size) { NEXT(ftruncate64); return next(fd, size); }
static int next_unlink(const char *path) { NEXT(unlink); return next(path); }

static void die(const char *what) { perror(what); abort(); }

__attribute__((constructor)) static void set_up(void) {
    const char *real = getenv("POWERCUT_REAL"), *shadow = getenv("POWERCUT_SHADOW"), *seed = getenv("POWERCUT_TORN");
    if (!real || !shadow || !realpath(real, real_folder) || !realpath(shadow, shadow_folder)) die("POWERCUT_REAL, POWERCUT_SHADOW");
    torn = seed ? (unsigned)atoi(seed) : 0;
}

/* The name within the watched folder, or NULL. */
static const char *watched(const char *path) {
    char whole[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t folder = strlen(real_folder);
    if (path[0] != '/' || !slash || strlen(path) >= sizeof whole) return NULL;
    if ((size_t)(slash - path) != folder || strncmp(path, real_folder, folder)) return NULL;
    size_t length = strlen(slash + 1);
    if (length > 4 && !strcmp(slash + 1 + length - 4, "-shm")) return NULL;
    return slash + 1;
}

static void shadow_path(char *into, const char *name, int born) {
    snprintf(into, PATH_MAX, "%s/%s%s", shadow_folder, born ? "" : ".unborn-", name);
}

static int find(const char *name, int is_new) {
    char path[PATH_MAX];
    for (int i = 0; i < used; i++)
        if (!strcmp(files[i].name, name) && !files[i].gone) return i;
    if (used == FILES) die("too many files");
    struct file *file = &files[used];
    snprintf(file->name, sizeof file->name, "%s", name);
    file->ranges = malloc(RANGES * sizeof *file->ranges);
    shadow_path(path, name, !is_new);
    file->shadow = next_open(path, O_RDWR | O_CREAT, 0600);
    if (!file->ranges || file->shadow < 0) die(path);
    return used++;
}

static int opened(int fd, const char *path, int is_new) {
    if (fd < 0 || fd >= 4096) return fd;
    pthread_mutex_lock(&lock);
    const char *name = watched(path);
    struct stat64 seen;
    fd_file[fd] = fd_folder[fd] = 0;
    if (!strcmp(path, real_folder)) fd_folder[fd] = 1;
    else if (name && !fstat64(fd, &seen) && S_ISREG(seen.st_mode)) fd_file[fd] = find(name, is_new) + 1;
    pthread_mutex_unlock(&lock);
    return fd;
}

static int open_any(const char *path, int flags, mode_t mode) {
    int is_new = (flags & O_CREAT) && access(path, F_OK);
    return opened(next_open(path, flags, mode), path, is_new);
}

#define OPEN { mode_t mode = 0; if (flags & O_CREAT) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); } \
    return open_any(path, flags, mode); }
int open(const char *path, int flags, ...) OPEN
int open64(const char *path, int flags, ...) OPEN

static int open_at(int folder, const char *path, int flags, mode_t mode) {
    NEXT(openat64);
    int is_new = (flags & O_CREAT) && faccessat(folder, path, F_OK, 0);
    return opened(next(folder, path, flags, mode), path, is_new);
}
#define OPENAT { mode_t mode = 0; if (flags & O_CREAT) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); } \
    return open_at(folder, path, flags, mode); }
int openat(int folder, const char *path, int flags, ...) OPENAT
int openat64(int folder, const char *path, int flags, ...) OPENAT

int close(int fd) {
    NEXT(close);
    if (fd >= 0 && fd < 4096) { pthread_mutex_lock(&lock); fd_file[fd] = fd_folder[fd] = 0; pthread_mutex_unlock(&lock); }
    return next(fd);
}

static struct file *file_of(int fd) {
    return fd >= 0 && fd < 4096 && fd_file[fd] ? &files[fd_file[fd] - 1] : NULL;
}

/* What the disk wrote without being asked. */
static void write_early(struct file *file, const char *data, size_t length, off64_t at) {
    if (!torn || rand_r(&torn) % 2) return;
    size_t part = rand_r(&torn) % 2 ? length : (rand_r(&torn) % (length / SECTOR + 1)) * SECTOR;
    if (part && next_pwrite(file->shadow, data, part, at) < 0) die("early write");
}

static void wrote(int fd, const void *data, ssize_t length, off64_t at) {
    pthread_mutex_lock(&lock);
    struct file *file = file_of(fd);
    if (file && length > 0) {
        if (file->dirty == RANGES) die("too many writes before a sync");
        file->ranges[file->dirty++] = (struct range){at, (size_t)length};
        write_early(file, data, (size_t)length, at);
    }
    pthread_mutex_unlock(&lock);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) {
    ssize_t done = next_pwrite(fd, data, length, at);
    wrote(fd, data, done, at);
    return done;
}
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) {
    ssize_t done = next_pwrite(fd, data, length, at);
    wrote(fd, data, done, at);
    return done;
}
ssize_t write(int fd, const void *data, size_t length) {
    NEXT(write);
    off64_t at = file_of(fd) ? lseek64(fd, 0, SEEK_CUR) : 0;
    ssize_t done = next(fd, data, length);
    wrote(fd, data, done, at);
    return done;
}

int unlink(const char *path) {
    pthread_mutex_lock(&lock);
    const char *name = watched(path);
    for (int i = 0; name && i < used; i++)
        if (!strcmp(files[i].name, name) && !files[i].gone) files[i].gone = 1;
    pthread_mutex_unlock(&lock);
    return next_unlink(path);
}

static void sync_file(int fd, struct file *file) {
    static char block[65536];
    struct stat64 real;
    if (fstat64(fd, &real) || next_ftruncate(file->shadow, real.st_size)) die("sync");
    for (size_t i = 0; i < file->dirty; i++)
        for (size_t done = 0; done < file->ranges[i].length;) {
            size_t want = file->ranges[i].length - done;
            ssize_t got = pread64(fd, block, want < sizeof block ? want : sizeof block, file->ranges[i].at + done);
            if (got < 0) die("read back");
            if (!got) break; /* truncated since */
            if (next_pwrite(file->shadow, block, (size_t)got, file->ranges[i].at + done) != got) die("shadow");
            done += (size_t)got;
        }
    file->dirty = 0;
}

static void sync_folder(void) {
    char unborn[PATH_MAX], born[PATH_MAX];
    for (int i = 0; i < used; i++) {
        shadow_path(unborn, files[i].name, 0);
        shadow_path(born, files[i].name, 1);
        if (files[i].gone == 1) { next_unlink(unborn); next_unlink(born); files[i].gone = 2; }
        else if (!files[i].gone && !access(unborn, F_OK) && rename(unborn, born)) die("born");
    }
}

static void synced(int fd) {
    pthread_mutex_lock(&lock);
    struct file *file = file_of(fd);
    if (file) sync_file(fd, file);
    else if (fd >= 0 && fd < 4096 && fd_folder[fd]) sync_folder();
    pthread_mutex_unlock(&lock);
}

int fsync(int fd) { NEXT(fsync); int bad = next(fd); if (!bad) synced(fd); return bad; }
int fdatasync(int fd) { NEXT(fdatasync); int bad = next(fd); if (!bad) synced(fd); return bad; }
