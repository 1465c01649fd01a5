/* proto/mlflow_address.c: addresses of MLflow's artifacts: runs:/ID/path, models:/NAME/3/path, models:/NAME@alias/path, models:/m-ID/path,
 * mlflow-artifacts:/path. They come from people and from data; nothing in them goes up. */
#include "base/fmt.h"
#include "proto/mlflow.h"

static bool climbs(struct sl_str path)
{
  struct sl_str part;
  while (sl_str_cut(&path, '/', &part))
    if (sl_str_eqz(part, "..") || sl_str_eqz(part, "."))
      return true;
  return false;
}

static struct sl_str tidy(struct sl_str path)
{
  while (path.n && path.p[0] == '/')
    path = sl_str_from(path, 1);
  while (path.n && path.p[path.n - 1] == '/')
    path.n--;
  return path;
}

/* What stands behind models:/ */
static bool model(struct sl_str rest, struct sl_mlflow_address *out)
{
  struct sl_str name, second = SL_STR_NONE;
  if (!sl_str_cut(&rest, '/', &name) || !name.n)
    return false;
  ptrdiff_t at = sl_str_rchr(name, '@');
  if (at > 0) {
    *out = (struct sl_mlflow_address){ .kind = SL_MLFLOW_AT_ALIAS, .id = sl_str_head(name, (size_t)at),
                                       .which = sl_str_from(name, (size_t)at + 1), .path = rest };
    return out->which.n > 0;
  }
  struct sl_str behind = rest;
  bool more = sl_str_cut(&behind, '/', &second) && second.n;
  uint64_t number;
  if (sl_str_starts(name, SL_STR("m-")) && !(more && sl_str_u64(second, &number))) {
    *out = (struct sl_mlflow_address){ .kind = SL_MLFLOW_AT_MODEL, .id = name, .path = rest };
    return true;
  }
  *out = (struct sl_mlflow_address){ .kind = more && sl_str_u64(second, &number) ? SL_MLFLOW_AT_VERSION : SL_MLFLOW_AT_STAGE, .id = name,
                                     .which = second, .path = behind };
  return more;
}

bool sl_mlflow_address(struct sl_str uri, struct sl_mlflow_address *out)
{
  struct sl_str rest, id;
  bool ok = false;
  uri = sl_str_trim(uri);
  if (sl_str_starts(uri, SL_STR("runs:/"))) {
    rest = tidy(sl_str_from(uri, 6));
    ok = sl_str_cut(&rest, '/', &id) && id.n;
    *out = (struct sl_mlflow_address){ .kind = SL_MLFLOW_AT_RUN, .id = ok ? id : SL_STR_NONE, .path = rest };
  } else if (sl_str_starts(uri, SL_STR("models:/"))) {
    ok = model(tidy(sl_str_from(uri, 8)), out);
  } else if (sl_str_starts(uri, SL_STR("mlflow-artifacts:"))) {
    *out = (struct sl_mlflow_address){ .kind = SL_MLFLOW_AT_PROXY };
    rest = sl_str_from(uri, 17);
    if (sl_str_starts(rest, SL_STR("//"))) {
      rest = sl_str_from(rest, 2);
      sl_str_cut(&rest, '/', &out->id);
    }
    out->path = rest;
    ok = true;
  }
  if (!ok)
    return false;
  out->path = tidy(out->path);
  return !climbs(out->path) && !climbs(out->id) && !memchr(uri.p, 0, uri.n);
}
