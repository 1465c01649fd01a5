/* Folding: an absolute path without empty parts or dots, which folds to itself. */
#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char *path = sl_strndup((const char *)data, size), *whole = path ? sl_path_abs(path, "/base/dir") : NULL;
  if (whole) {
    size_t n = strlen(whole);
    FUZZ_CHECK(whole[0] == '/' && !strstr(whole, "//") && !strstr(whole, "/./") && !strstr(whole, "/../"));
    FUZZ_CHECK(n == 1 || whole[n - 1] != '/');
    char *again = sl_path_abs(whole, NULL), *dir = sl_path_dir(whole);
    FUZZ_CHECK(!again || strcmp(again, whole) == 0);
    FUZZ_CHECK(!dir || sl_path_inside(whole, dir));
    sl_free(again);
    sl_free(dir);
  }
  sl_free(path);
  sl_free(whole);
  return 0;
}
