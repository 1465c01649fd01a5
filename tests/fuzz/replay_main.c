/* replay_main: runs one fuzz target over its corpus, so that every input that was ever interesting stays a test, without clang.
 *
 * usage: fuzz_NAME FILE|FOLDER...   Each input is also tried cut in half, turned round, and then mutated: SLUICE_FUZZ_RUNS times (2000)
 * in all, for at most SLUICE_FUZZ_SECONDS (5), from the seed SLUICE_FUZZ_SEED (1), so a failure comes again. The input that killed
 * the target is kept as crash-NAME in the current folder. An empty corpus is a failure: a target without inputs tests nothing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

struct input {
  uint8_t *data;
  size_t size;
};

enum { INPUTS_MAX = 4096, GROWTH_MAX = 4096 };

static struct input inputs[INPUTS_MAX];
static size_t n_inputs;
static unsigned bad;
static uint32_t seed;
static char crash_name[256];
static struct input running; /* for the signal handler */

/* ---- what runs now is kept when it kills us ---- */

static void on_death(int signal_number)
{
  int fd = open(crash_name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd >= 0 && write(fd, running.data, running.size) == (ssize_t)running.size) {
    static const char words[] = "the input is kept as ";
    if (write(STDERR_FILENO, words, sizeof words - 1) > 0 && write(STDERR_FILENO, crash_name, strlen(crash_name)) > 0)
      (void)!write(STDERR_FILENO, "\n", 1);
  }
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

static void watch_for_death(const char *program)
{
  const char *slash = strrchr(program, '/');
  const char *name = slash ? slash + 1 : program;
  snprintf(crash_name, sizeof crash_name, "crash-%s", strncmp(name, "fuzz_", 5) == 0 ? name + 5 : name);
  signal(SIGABRT, on_death);
#ifndef __SANITIZE_ADDRESS__ /* it has handlers of its own, which end in abort() */
  signal(SIGSEGV, on_death);
  signal(SIGBUS, on_death);
  signal(SIGFPE, on_death);
#endif
}

/* ---- one input ---- */

static void *must(void *p)
{
  if (!p)
    abort();
  return p;
}

/* From an exact allocation of its own, so that reading one byte too far is seen. */
static void replay_bytes(const uint8_t *data, size_t size)
{
  running = (struct input){must(malloc(size ? size : 1)), size};
  if (size)
    memcpy(running.data, data, size);
  (void)LLVMFuzzerTestOneInput(running.data, size);
  free(running.data);
}

static void replay_variants(struct input in)
{
  uint8_t *back = must(malloc(in.size + 1));
  for (size_t i = 0; i < in.size; i++)
    back[i] = in.data[in.size - 1 - i];
  replay_bytes(in.data, in.size);
  replay_bytes(in.data, in.size / 2);
  replay_bytes(back, in.size);
  free(back);
}

/* ---- mutations ---- */

static uint32_t draw(uint32_t below)
{
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return below ? seed % below : 0;
}

static uint8_t draw_byte(void)
{
  static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xc0, 0xe0, 0xed, 0xf0, 0xff, 0x1b, '\n', '\r', '"', '\\', '{', '[', ',', ':', '%', '-',
    '.', '0', '9', 'e', '/', '<', '>', '&', ' '};
  return draw(2) ? odd[draw(sizeof odd)] : (uint8_t)draw(256);
}

/* Puts n bytes of `from` (or odd ones when NULL) in at a random place. */
static void put_in(struct input *in, const uint8_t *from, size_t n)
{
  size_t at = draw((uint32_t)in->size + 1);
  memmove(in->data + at + n, in->data + at, in->size - at);
  for (size_t i = 0; i < n; i++)
    in->data[at + i] = from ? from[i] : draw_byte();
  in->size += n;
}

static void take_out(struct input *in)
{
  size_t at = draw((uint32_t)in->size), n = 1 + draw(draw(4) ? 4 : 64);
  if (n > in->size - at)
    n = in->size - at;
  memmove(in->data + at, in->data + at + n, in->size - at - n);
  in->size -= n;
}

static void mutate_once(struct input *in)
{
  const struct input *other = &inputs[draw((uint32_t)n_inputs)];
  size_t from = draw((uint32_t)other->size + 1), n = draw(64);
  if (n > other->size - from)
    n = other->size - from;
  switch (in->size ? draw(6) : 0) {
  case 0: put_in(in, NULL, 1 + draw(4)); break;
  case 1: put_in(in, other->data + from, n); break;
  case 2: take_out(in); break;
  case 3: in->data[draw((uint32_t)in->size)] ^= (uint8_t)(1u << draw(8)); break;
  case 4: in->data[draw((uint32_t)in->size)] = draw_byte(); break;
  default: in->size = draw((uint32_t)in->size + 1); break;
  }
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static unsigned long setting(const char *name, unsigned long otherwise)
{
  const char *text = getenv(name);
  return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

static unsigned long mutate_all(void)
{
  unsigned long runs = setting("SLUICE_FUZZ_RUNS", 2000), done = 0;
  double end = now() + (double)setting("SLUICE_FUZZ_SECONDS", 5);
  for (; n_inputs && done < runs && now() < end; done++) {
    const struct input *start = &inputs[done % n_inputs];
    struct input in = {must(malloc(start->size + GROWTH_MAX)), start->size};
    memcpy(in.data, start->data, start->size);
    for (uint32_t steps = 1 + draw(8); steps; steps--)
      mutate_once(&in);
    replay_bytes(in.data, in.size);
    free(in.data);
  }
  return done;
}

/* ---- the corpus ---- */

static void load_file(const char *path)
{
  struct stat st;
  struct input in = {NULL, 0};
  FILE *f = fopen(path, "rb");
  if (f && fstat(fileno(f), &st) == 0 && n_inputs < INPUTS_MAX) {
    in.size = (size_t)st.st_size;
    in.data = must(malloc(in.size + 1));
  }
  if (in.data && fread(in.data, 1, in.size, f) == in.size) {
    inputs[n_inputs++] = in;
  } else {
    fprintf(stderr, "%s: %s\n", path, errno ? strerror(errno) : "not read");
    free(in.data);
    bad++;
  }
  if (f)
    fclose(f);
}

static void load_folder(const char *path)
{
  struct dirent **names;
  int n = scandir(path, &names, NULL, alphasort);
  for (int i = 0; i < n; i++) {
    char file[4096];
    if (names[i]->d_name[0] != '.' && snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name) < (int)sizeof file)
      load_file(file);
    free(names[i]);
  }
  if (n >= 0)
    free(names);
}

int main(int argc, char **argv)
{
  watch_for_death(argv[0]);
  seed = (uint32_t)setting("SLUICE_FUZZ_SEED", 1);
  seed += seed == 0; /* xorshift stays at 0 */
  for (int i = 1; i < argc; i++) {
    struct stat st;
    if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
      load_folder(argv[i]);
    else
      load_file(argv[i]);
  }
  for (size_t i = 0; i < n_inputs; i++)
    replay_variants(inputs[i]);
  unsigned long mutated = mutate_all();
  if (n_inputs == 0) {
    fprintf(stderr, "no input was replayed\n");
    bad++;
  }
  for (size_t i = 0; i < n_inputs; i++)
    free(inputs[i].data);
  printf("%zu passed, %u failed; %lu mutations\n", n_inputs, bad, mutated);
  return bad ? 1 : 0;
}
