/* proto/mlflow_line_read.c: the old file store's histories: a line a point, "TIME VALUE", "TIME VALUE STEP", or with a dataset's name and
 * digest behind. Values are as Python prints them. */
#include "proto/mlflow.h"

static bool field(struct sl_str *rest, struct sl_str *out)
{
  while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t'))
    *rest = sl_str_from(*rest, 1);
  return sl_str_cut(rest, ' ', out) && out->n;
}

bool sl_mlflow_line(struct sl_str line, struct sl_mlflow_sample *out)
{
  struct sl_str time, value, step;
  double at;
  *out = (struct sl_mlflow_sample){ .step = 0 };
  line = sl_str_trim(line);
  if (!field(&line, &time) || !field(&line, &value) || !sl_str_f64(value, &out->value))
    return false;
  if (!sl_str_i64(time, &out->time)) {
    if (!sl_str_f64(time, &at) || !(at > -9e15 && at < 9e15))
      return false;
    out->time = (int64_t)at;
  }
  return !field(&line, &step) || sl_str_i64(step, &out->step);
}
