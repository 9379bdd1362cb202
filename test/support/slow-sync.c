/* Preloaded into a program: while the file SLOW_SYNC_WHILE exists, every sync takes SLOW_SYNC_MS longer. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int slowly(const char *name, int fd)
{
  const char *text = getenv("SLOW_SYNC_MS");
  const char *flag = getenv("SLOW_SYNC_WHILE");
  long ms = text && flag && access(flag, F_OK) == 0 ? atol(text) : 0;
  struct timespec pause = { ms / 1000, (ms % 1000) * 1000000 };
  int (*real)(int) = (int (*)(int)) dlsym(RTLD_NEXT, name);
  nanosleep(&pause, NULL);
  return real(fd);
}

int fsync(int fd) { return slowly("fsync", fd); }
int fdatasync(int fd) { return slowly("fdatasync", fd); }
