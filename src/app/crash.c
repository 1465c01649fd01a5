/* app/crash.c: when the program dies by a signal, the terminal works again and standard error says where it was: build id and addresses,
 * no data. Everything that the handler needs is worked out before; it calls only what may be called there. */
#include <execinfo.h>
#include <link.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "ui/term.h"

enum { CRASH_FRAMES = 48, CRASH_STACK = 64 << 10 };

static char build_id[65] = "unknown";
static uintptr_t base_address;

static void note_build_id(const struct dl_phdr_info *info, const ElfW(Phdr) *p)
{
  const char *at = (const char *)(info->dlpi_addr + p->p_vaddr), *end = at + p->p_memsz;
  while ((size_t)(end - at) >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) n;
    memcpy(&n, at, sizeof n);
    const char *name = at + sizeof n, *desc = name + ((n.n_namesz + 3u) & ~3u);
    if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && !memcmp(name, "GNU", 4) && n.n_descsz <= 32) {
      for (size_t i = 0; i < n.n_descsz; i++) /* without asking for memory: a report says which build it was */
        snprintf(build_id + 2 * i, 3, "%02x", (unsigned)(unsigned char)desc[i]);
      return;
    }
    at = desc + ((n.n_descsz + 3u) & ~3u);
  }
}

/* The program itself comes first. */
static int first_object(struct dl_phdr_info *info, size_t size, void *user)
{
  (void)size;
  (void)user;
  base_address = info->dlpi_addr;
  for (int i = 0; i < info->dlpi_phnum; i++)
    if (info->dlpi_phdr[i].p_type == PT_NOTE)
      note_build_id(info, &info->dlpi_phdr[i]);
  return 1;
}

const char *sl_build_id(void)
{
  if (!base_address)
    dl_iterate_phdr(first_object, NULL);
  return build_id;
}

/* ---- in the handler ---- */

static void say(const char *text)
{
  size_t n = strlen(text);
  while (n) {
    ssize_t w = write(STDERR_FILENO, text, n);
    if (w <= 0)
      return;
    text += w;
    n -= (size_t)w;
  }
}

static void say_number(uintptr_t v, unsigned base)
{
  char out[32];
  size_t at = sizeof out - 1;
  out[at] = 0;
  do {
    out[--at] = "0123456789abcdef"[v % base];
    v /= base;
  } while (v);
  say(out + at);
}

static void crashed(int signum)
{
  void *frame[CRASH_FRAMES];
  sl_term_emergency();
  say("\nsluice: crashed by signal ");
  say_number((uintptr_t)signum, 10);
  say(", a mistake of ours; build ");
  say(build_id);
  say(", at");
  int n = backtrace(frame, CRASH_FRAMES);
  for (int i = 0; i < n; i++) {
    say(" 0x");
    say_number((uintptr_t)frame[i] - base_address, 16);
  }
  say("\nsluice: what was running as a job goes on; please report these two lines\n");
  raise(signum); /* the default action stands again (SA_RESETHAND): the exit status tells the truth */
}

void sl_crash_init(void)
{
  static char stack[CRASH_STACK];
  static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
  void *frame[2];
  sl_build_id();
  backtrace(frame, 2); /* loads what it needs now, not in the handler */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  stack_t alt = { .ss_sp = stack, .ss_size = sizeof stack };
  struct sigaction sa = { .sa_handler = crashed, .sa_flags = (int)(SA_RESETHAND | SA_ONSTACK | SA_NODEFER) };
  sigemptyset(&sa.sa_mask);
  if (!sigaltstack(&alt, NULL))
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
      sigaction(signals[i], &sa, NULL);
#else
  (void)stack;
  (void)signals;
  (void)crashed; /* the sanitizer tells more */
#endif
}
