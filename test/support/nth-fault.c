/*
 * Preloaded into a program: counts its calls to files below NTH_DIR and to sockets, and fails the n-th of those
 * that the page in the file NTH_CONTROL asks for. The page is shared memory, so one process can be told of one n
 * after the other (test/nth/fault-page.ts is the other side of it). What it calls itself is never counted.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

/* In the order of KINDS in test/nth/fault-page.ts. */
enum kind {
  OPEN, READ, WRITE, SYNC, TRUNCATE, RENAME, UNLINK, MKDIR, CHMOD, LIST, MAP, ROOM,
  CONNECT, LISTEN, ACCEPT, SEND, RECEIVE, NOTIFY,
  KINDS
};

/* FAIL: nothing is done. SHORT: half of a write is done and said. TORN: half is done, and it fails. DONE: all of it. */
enum style { FAIL, SHORT, TORN, DONE };

struct page {
  int32_t n, kinds, error, style, stays;
  int32_t counted, failed, first_kind;
  int32_t totals[KINDS];
  char first[256];
};

/* What a descriptor is to us; one beyond the table is nothing. */
enum { NOTHING, A_FILE, A_SOCKET, A_NOTIFIER };
#define DESCRIPTORS 65536

static struct page *page;
static const char *dir;
static size_t dir_length;
static unsigned char classes[DESCRIPTORS];

#define REAL(name) ((__typeof__(&name)) real(#name))
static void *real(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void)
{
  const char *file = getenv("NTH_CONTROL");
  dir = getenv("NTH_DIR");
  if (!file || !dir) return;
  dir_length = strlen(dir);
  int fd = REAL(open)(file, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void *found = REAL(mmap)(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  REAL(close)(fd);
  if (found != MAP_FAILED) page = found;
}

static int is_ours(const char *path)
{
  return page && path && strncmp(path, dir, dir_length) == 0;
}

static int class_of(int fd)
{
  return page && fd >= 0 && fd < DESCRIPTORS ? classes[fd] : NOTHING;
}

static int remember(int fd, int class)
{
  if (fd >= 0 && fd < DESCRIPTORS) classes[fd] = class;
  return fd;
}

/* Whether this call is to fail: errno is set then. */
static int hit(enum kind kind, const char *path, int fd)
{
  __atomic_add_fetch(&page->totals[kind], 1, __ATOMIC_RELAXED);
  if (!(page->kinds >> kind & 1)) return 0;
  int at = __atomic_add_fetch(&page->counted, 1, __ATOMIC_RELAXED);
  int n = page->n;
  if (n == 0 || at < n || (at > n && !page->stays)) return 0;
  if (__atomic_fetch_add(&page->failed, 1, __ATOMIC_RELAXED) == 0) {
    page->first_kind = kind;
    if (path) {
      snprintf(page->first, sizeof page->first, "%s", path);
    } else {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
      ssize_t length = readlink(link, page->first, sizeof page->first - 1);
      page->first[length < 0 ? 0 : length] = 0;
    }
  }
  errno = page->error;
  return 1;
}

/* A call with one result, 0 if all is well. */
#define MAYBE(ours, kind, path, fd, call) \
  do { \
    if (!(ours) || !hit(kind, path, fd)) return call; \
    if (page->style == DONE) (void) !(call); \
    errno = page->error; \
    return -1; \
  } while (0)

static int opened(const char *path, int flags, mode_t mode)
{
  int (*open_it)(const char *, int, ...) = (int (*)(const char *, int, ...)) real("open64");
  if (!is_ours(path)) return remember(open_it(path, flags, mode), NOTHING);
  if (!hit(OPEN, path, -1)) return remember(open_it(path, flags, mode), A_FILE);
  if (page->style == DONE) {
    int fd = open_it(path, flags, mode);
    if (fd >= 0) REAL(close)(fd);
  }
  errno = page->error;
  return -1;
}

#define OPENER(name) \
  int name(const char *path, int flags, ...) \
  { \
    va_list rest; \
    va_start(rest, flags); \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
    va_end(rest); \
    return opened(path, flags, mode); \
  }
OPENER(open)
OPENER(open64)

int close(int fd)
{
  remember(fd, NOTHING);
  return REAL(close)(fd);
}

static enum kind read_kind(int fd) { return class_of(fd) == A_FILE ? READ : RECEIVE; }
static enum kind write_kind(int fd)
{
  if (class_of(fd) == A_NOTIFIER) return NOTIFY;
  return class_of(fd) == A_FILE ? WRITE : SEND;
}

ssize_t read(int fd, void *to, size_t size)
{
  MAYBE(class_of(fd), read_kind(fd), NULL, fd, REAL(read)(fd, to, size));
}

ssize_t readv(int fd, const struct iovec *to, int count)
{
  MAYBE(class_of(fd), read_kind(fd), NULL, fd, REAL(readv)(fd, to, count));
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
  MAYBE(class_of(fd), RECEIVE, NULL, fd, REAL(recvmsg)(fd, message, flags));
}

#define PREAD(name, offset) \
  ssize_t name(int fd, void *to, size_t size, offset at) \
  { \
    MAYBE(class_of(fd), READ, NULL, fd, REAL(pread64)(fd, to, size, at)); \
  }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

/* How much of `size` is written in the style that is asked for, and whether that is said. */
static size_t share(size_t size)
{
  if (page->style == DONE) return size;
  return page->style == FAIL ? 0 : size / 2;
}

static ssize_t told(ssize_t done)
{
  if (page->style == SHORT && done > 0) return done;
  errno = page->error;
  return -1;
}

#define PWRITE(name, offset) \
  ssize_t name(int fd, const void *from, size_t size, offset at) \
  { \
    if (!class_of(fd) || !hit(WRITE, NULL, fd)) return REAL(pwrite64)(fd, from, size, at); \
    return told(share(size) ? REAL(pwrite64)(fd, from, share(size), at) : 0); \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t write(int fd, const void *from, size_t size)
{
  if (!class_of(fd) || !hit(write_kind(fd), NULL, fd)) return REAL(write)(fd, from, size);
  return told(share(size) ? REAL(write)(fd, from, share(size)) : 0);
}

ssize_t writev(int fd, const struct iovec *from, int count)
{
  if (!class_of(fd) || !hit(write_kind(fd), NULL, fd)) return REAL(writev)(fd, from, count);
  if (page->style == DONE) return told(REAL(writev)(fd, from, count));
  return told(count && share(from->iov_len) ? REAL(write)(fd, from->iov_base, share(from->iov_len)) : 0);
}

ssize_t send(int fd, const void *from, size_t size, int flags)
{
  MAYBE(class_of(fd), write_kind(fd), NULL, fd, REAL(send)(fd, from, size, flags));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
  MAYBE(class_of(fd), write_kind(fd), NULL, fd, REAL(sendmsg)(fd, message, flags));
}

int fsync(int fd) { MAYBE(class_of(fd), SYNC, NULL, fd, REAL(fsync)(fd)); }
int fdatasync(int fd) { MAYBE(class_of(fd), SYNC, NULL, fd, REAL(fdatasync)(fd)); }
int ftruncate(int fd, off_t size) { MAYBE(class_of(fd), TRUNCATE, NULL, fd, REAL(ftruncate)(fd, size)); }
int ftruncate64(int fd, off64_t size) { MAYBE(class_of(fd), TRUNCATE, NULL, fd, REAL(ftruncate64)(fd, size)); }

int rename(const char *from, const char *to) { MAYBE(is_ours(to), RENAME, to, -1, REAL(rename)(from, to)); }
int unlink(const char *path) { MAYBE(is_ours(path), UNLINK, path, -1, REAL(unlink)(path)); }
int rmdir(const char *path) { MAYBE(is_ours(path), UNLINK, path, -1, REAL(rmdir)(path)); }
int mkdir(const char *path, mode_t mode) { MAYBE(is_ours(path), MKDIR, path, -1, REAL(mkdir)(path, mode)); }
int chmod(const char *path, mode_t mode) { MAYBE(is_ours(path), CHMOD, path, -1, REAL(chmod)(path, mode)); }
int fchmod(int fd, mode_t mode) { MAYBE(class_of(fd), CHMOD, NULL, fd, REAL(fchmod)(fd, mode)); }

int scandir64(const char *path, struct dirent64 ***list, int (*wanted)(const struct dirent64 *),
              int (*order)(const struct dirent64 **, const struct dirent64 **))
{
  MAYBE(is_ours(path), LIST, path, -1, REAL(scandir64)(path, list, wanted, order));
}

int statfs64(const char *path, struct statfs64 *room)
{
  MAYBE(is_ours(path), ROOM, path, -1, REAL(statfs64)(path, room));
}

#define MAPPER(name, offset) \
  void *name(void *at, size_t size, int access, int flags, int fd, offset from) \
  { \
    if (!class_of(fd) || !hit(MAP, NULL, fd)) return REAL(mmap64)(at, size, access, flags, fd, from); \
    return MAP_FAILED; \
  }
MAPPER(mmap, off_t)
MAPPER(mmap64, off64_t)

int socket(int domain, int type, int protocol)
{
  int fd = REAL(socket)(domain, type, protocol);
  if (!page) return fd;
  return remember(fd, (type & 0xf) == SOCK_DGRAM ? A_NOTIFIER : A_SOCKET);
}

int connect(int fd, const struct sockaddr *to, socklen_t size)
{
  enum kind kind = class_of(fd) == A_NOTIFIER ? NOTIFY : CONNECT;
  MAYBE(class_of(fd), kind, NULL, fd, REAL(connect)(fd, to, size));
}

int bind(int fd, const struct sockaddr *to, socklen_t size)
{
  MAYBE(class_of(fd), LISTEN, NULL, fd, REAL(bind)(fd, to, size));
}

int listen(int fd, int backlog) { MAYBE(class_of(fd), LISTEN, NULL, fd, REAL(listen)(fd, backlog)); }

int accept4(int fd, struct sockaddr *from, socklen_t *size, int flags)
{
  if (class_of(fd) && hit(ACCEPT, NULL, fd)) return -1;
  return remember(REAL(accept4)(fd, from, size, flags), page ? A_SOCKET : NOTHING);
}
