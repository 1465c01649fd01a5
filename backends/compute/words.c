/* backends/compute/words.c: what the engine says about files, in the words of the workspace. */
#include <stdio.h>
#include <string.h>

#include "backend_compute/compute_int.h"

static void replace(struct sl_err *err, const char *root, const char *zone)
{
  struct sl_str words = sl_str(err->msg);
  ptrdiff_t at = sl_str_find(words, sl_str(root));
  size_t n = strlen(root);
  if (at < 0 || !n || (root[n - 1] != '/' && sl_str_from(words, (size_t)at + n).n && err->msg[(size_t)at + n] != '/'))
    return;
  struct sl_str rest = sl_str_from(words, (size_t)at + n);
  if (rest.n && rest.p[0] == '/')
    rest = sl_str_from(rest, 1);
  char said[sizeof err->msg];
  snprintf(said, sizeof said, "%.*s" "lake:%s/%.*s", (int)at, err->msg, zone, SL_ARG(rest));
  memcpy(err->msg, said, sizeof err->msg);
}

char *compute_only(const char *const *reads)
{
  return reads && reads[0] && !reads[1] ? sl_strdup(reads[0]) : NULL;
}

void compute_words(const struct compute *c, const char *reads, struct sl_err *err)
{
  if (reads && strstr(err->msg, SL_BOX_DAMAGED) && !strchr(err->msg, '/'))
    sl_err_prefix(err, "%s", reads);
  size_t n = 0;
  const struct sl_ws_conf *conf = sl_backend_ws_conf(c->b);
  const struct sl_zone *z = conf ? sl_ws_conf_zones(conf, &n) : NULL;
  struct sl_str path;
  for (size_t i = 0; i < n; i++)
    if (sl_uri_path(sl_str(z[i].uri), &path)) {
      char *root = sl_strndup(path.p, path.n);
      if (root)
        replace(err, root, z[i].name);
      sl_free(root);
    }
}
