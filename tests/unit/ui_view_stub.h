/* tests/unit/ui_view_stub.h: the frame as widgets see it, without a frame: what they said, copied and asked. Defined here, so that the
 * library's own is not linked. One view, never looked into. */
#ifndef SL_TESTS_UI_VIEW_STUB_H
#define SL_TESTS_UI_VIEW_STUB_H

#include "ui_test.h"

static struct { int dirty; char said[512], copied[512], label[64]; enum sl_role role; sl_typed *done; void *user; } stub;
static struct sl_view *const stub_view = (struct sl_view *)&stub;

void sl_view_dirty(struct sl_view *v)
{
  assert_ptr_equal(v, stub_view);
  stub.dirty++;
}

void sl_view_say(struct sl_view *v, enum sl_role role, const char *fmt, ...)
{
  assert_ptr_equal(v, stub_view);
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(stub.said, sizeof stub.said, fmt, ap);
  va_end(ap);
  stub.role = role;
}

void sl_view_copy(struct sl_view *v, struct sl_str text)
{
  assert_ptr_equal(v, stub_view);
  snprintf(stub.copied, sizeof stub.copied, "%.*s", SL_ARG(text));
}

void sl_view_prompt(struct sl_view *v, const char *label, const char *initial, sl_typed *done, void *user)
{
  assert_ptr_equal(v, stub_view);
  assert_non_null(initial);
  snprintf(stub.label, sizeof stub.label, "%s", label);
  stub.done = done;
  stub.user = user;
}

static inline void stub_type(const char *text)
{
  assert_non_null(stub.done);
  stub.done(stub_view, stub.user, text);
  stub.done = NULL;
}

#endif
