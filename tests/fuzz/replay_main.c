/* replay_main: runs one fuzz target over its corpus, so that every input that was ever interesting stays a test, without clang.
 *
 * usage: fuzz_NAME FILE|FOLDER...   Each input is also tried cut in half and with its bytes turned round, which costs nothing and finds
 * readers that trust a length. An empty corpus is a failure: a target without inputs tests nothing. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay_bytes(const uint8_t *data, size_t size)
{
  /* An exact allocation of its own, so that reading one byte too far is seen. */
  uint8_t *own = malloc(size ? size : 1);

  if (own == NULL)
    abort();
  memcpy(own, data, size);
  (void)LLVMFuzzerTestOneInput(own, size);
  free(own);
}

static void replay_variants(const uint8_t *data, size_t size)
{
  uint8_t *back = malloc(size ? size : 1);

  if (back == NULL)
    abort();
  for (size_t i = 0; i < size; i++)
    back[i] = data[size - 1 - i];
  replay_bytes(data, size);
  replay_bytes(data, size / 2);
  replay_bytes(back, size);
  free(back);
}

/* 1 when the file was replayed, 0 when it cannot be read. */
static unsigned replay_file(const char *path)
{
  struct stat st;
  uint8_t *data = NULL;
  unsigned done = 0;
  FILE *f = fopen(path, "rb");

  if (f == NULL || fstat(fileno(f), &st) != 0)
    goto out;
  data = malloc((size_t)st.st_size + 1);
  if (data == NULL || fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
    goto out;
  replay_variants(data, (size_t)st.st_size);
  done = 1;
out:
  if (!done)
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
  free(data);
  if (f != NULL)
    fclose(f);
  return done;
}

/* The number of inputs replayed. */
static unsigned replay_folder(const char *path, unsigned *bad)
{
  struct dirent **names;
  unsigned done = 0;
  int n = scandir(path, &names, NULL, alphasort);

  for (int i = 0; i < n; i++) {
    char file[4096];

    if (names[i]->d_name[0] != '.' && snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name) < (int)sizeof file) {
      unsigned one = replay_file(file);

      done += one;
      *bad += !one;
    }
    free(names[i]);
  }
  if (n >= 0)
    free(names);
  return done;
}

int main(int argc, char **argv)
{
  unsigned done = 0, bad = 0;

  for (int i = 1; i < argc; i++) {
    struct stat st;

    if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
      done += replay_folder(argv[i], &bad);
    else if (replay_file(argv[i]))
      done++;
    else
      bad++;
  }
  if (done == 0) {
    fprintf(stderr, "no input was replayed\n");
    bad++;
  }
  printf("%u passed, %u failed\n", done, bad);
  return bad ? 1 : 0;
}
