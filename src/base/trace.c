/* base/trace.c: the one sink of the trace. A line is formatted, freed of secrets, made harmless and written by one write(), so lines of
 * several threads and processes do not mix. A line that cannot be cleaned is not written. */
#include "base/trace.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/secret.h"
#include "base/text.h"

enum { TRACE_LINE_MAX = 64 << 10 };

static const char *const areas[SL_TR_N] = {"loop", "http", "ssh", "pg", "box", "model", "ui", "job"};
static atomic_int levels[SL_TR_N]; /* 0: off; n: up to level n - 1 */
static atomic_int trace_fd = -1;

static void trace_want(struct sl_str item)
{
  struct sl_str name;
  int64_t level = 1;
  if (!sl_str_cut(&item, ':', &name) || (item.p && !sl_str_i64(item, &level)))
    return;
  level = level < 0 ? 0 : level > 9 ? 9 : level;
  for (int i = 0; i < SL_TR_N; i++)
    if (sl_str_eqz(name, areas[i]) || sl_str_eqz(name, "all"))
      atomic_store(&levels[i], (int)level + 1);
}

void sl_trace_init(void)
{
  const char *want = getenv("SLUICE_TRACE"), *file = getenv("SLUICE_TRACE_FILE");
  int old = atomic_exchange(&trace_fd, -1);
  for (int i = 0; i < SL_TR_N; i++)
    atomic_store(&levels[i], 0);
  if (old > STDERR_FILENO)
    close(old);
  if (!want || !*want)
    return;
  int fd = -1;
  if (file && *file)
    fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0600);
  else if (!isatty(STDERR_FILENO))
    fd = STDERR_FILENO;
  atomic_store(&trace_fd, fd);
  struct sl_str rest = sl_str(want), item;
  while (fd >= 0 && sl_str_cut(&rest, ',', &item))
    trace_want(sl_str_trim(item));
}

bool sl_trace_on(enum sl_trace_area a, int level)
{
  return (unsigned)a < SL_TR_N && atomic_load_explicit(&levels[a], memory_order_relaxed) > level;
}

static void trace_write(enum sl_trace_area a, struct sl_str text)
{
  struct sl_buf line;
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  sl_buf_init(&line, TRACE_LINE_MAX * 8);
  sl_buf_printf(&line, "%lld.%06ld %d %s ", (long long)t.tv_sec, t.tv_nsec / 1000, (int)getpid(), areas[a]);
  sl_text_clean(&line, text, SL_TEXT_CELL);
  sl_buf_ch(&line, '\n');
  /* A full disk or a closed pipe must not become an error of whoever is traced. */
  if (!line.failed && write(atomic_load(&trace_fd), line.p, line.n) < 0)
    atomic_store(&levels[a], 0);
  sl_buf_free(&line);
}

void sl_trace(enum sl_trace_area a, int level, const char *fmt, ...)
{
  if (!sl_trace_on(a, level))
    return;
  struct sl_buf text, clean;
  sl_buf_init_secret(&text, TRACE_LINE_MAX);
  sl_buf_init(&clean, TRACE_LINE_MAX * 2);
  va_list ap;
  va_start(ap, fmt);
  sl_buf_vprintf(&text, fmt, ap);
  va_end(ap);
  if (text.failed)
    sl_buf_z(&clean, "(a line that is too long or found no memory)");
  else
    sl_secret_redact(&clean, sl_buf_view(&text));
  if (!clean.failed)
    trace_write(a, sl_buf_view(&clean));
  sl_buf_free(&clean);
  sl_buf_free(&text);
}
