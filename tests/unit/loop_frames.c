/* Framed messages: split anywhere, too long, cut, paused, and an owner that closes inside a callback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "loop/child.h"

static struct sl_loop *loop;
static struct sl_frames *frames;
static int peer;
static struct { struct sl_buf text; int n, closed, rc; struct sl_err err; bool pause, close; } got;

static void on_frame(void *user, uint8_t kind, struct sl_str payload)
{
  (void)user;
  got.n++;
  sl_buf_printf(&got.text, "%u:%zu:%.*s;", kind, payload.n, (int)(payload.n > 8 ? 8 : payload.n), payload.p);
  if (got.pause)
    sl_frames_pause(frames, true);
  if (got.close) {
    sl_frames_close(frames);
    frames = NULL;
  }
}

static void on_closed(void *user, int rc, const struct sl_err *err)
{
  (void)user;
  got.closed++;
  got.rc = rc;
  got.err = *err;
  frames = NULL;
}

static const struct sl_frames_ops ops = { on_frame, on_closed };

static int setup(void **state)
{
  (void)state;
  memset(&got, 0, sizeof got);
  sl_buf_init(&got.text, 0);
  int s[2];
  if (sl_loop_open(&loop, NULL) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s))
    return -1;
  peer = s[1];
  return sl_frames_open(&frames, loop, s[0], 100000, &ops, NULL, NULL);
}

static int teardown(void **state)
{
  (void)state;
  sl_frames_close(frames);
  sl_loop_close(loop);
  close(peer);
  sl_buf_free(&got.text);
  return sl_alloc_live() ? -1 : 0;
}

static void put(const void *p, size_t n)
{
  assert_int_equal(write(peer, p, n), n);
}

static void turns(int n)
{
  while (n--)
    sl_loop_turn(loop, 0);
}

static const char stream[] = "\3\0\0\0\1abc" "\0\0\0\0\2" "\2\0\0\0\377xy";

static void split_at_every_byte(void **state)
{
  (void)state;
  for (size_t k = 0; k < sizeof stream; k++) {
    sl_buf_clear(&got.text);
    put(stream, k);
    turns(2);
    put(stream + k, sizeof stream - 1 - k);
    turns(2);
    assert_string_equal(sl_buf_zstr(&got.text), "1:3:abc;2:0:;255:2:xy;");
  }
  sl_buf_clear(&got.text);
  for (size_t k = 0; k + 1 < sizeof stream; k++) {
    put(stream + k, 1);
    turns(1);
  }
  assert_string_equal(sl_buf_zstr(&got.text), "1:3:abc;2:0:;255:2:xy;");
  assert_int_equal(got.closed, 0);
}

static void over_the_cap_ends_it(void **state)
{
  (void)state;
  put("\3\0\0\0\1abc\xff\xff\xff\x7f\1", 13);
  turns(3);
  assert_string_equal(sl_buf_zstr(&got.text), "1:3:abc;");
  assert_int_equal(got.closed, 1);
  assert_int_equal(got.rc, SL_EPROTO);
  assert_string_equal(got.err.msg, "a message of 2147483647 bytes; at most 100000 are taken");
  turns(2);
  assert_int_equal(got.closed, 1);
}

static void peer_gone_between_and_inside_messages(void **state)
{
  (void)state;
  put("\3\0\0\0\1abc", 8);
  shutdown(peer, SHUT_WR);
  turns(4);
  assert_int_equal(got.n, 1);
  assert_int_equal(got.closed, 1);
  assert_int_equal(got.rc, SL_OK);
  teardown(state);
  setup(state);
  put("\3\0\0\0\1ab", 7);
  shutdown(peer, SHUT_WR);
  turns(4);
  assert_int_equal(got.closed, 1);
  assert_int_equal(got.rc, SL_ENET);
}

static void sends_in_order_under_back_pressure(void **state)
{
  (void)state;
  static char big[90000], back[2000000];
  memset(big, 'b', sizeof big);
  for (int i = 0; i < 20; i++)
    assert_int_equal(sl_frames_send(frames, (uint8_t)i, sl_strn(big, sizeof big), NULL), SL_OK);
  assert_true(sl_frames_queued(frames) > 0);
  size_t n = 0, want = 20 * (sizeof big + 5);
  while (n < want) {
    ssize_t r = recv(peer, back + n, sizeof back - n, MSG_DONTWAIT);
    if (r > 0)
      n += (size_t)r;
    else
      turns(1);
  }
  assert_int_equal(sl_frames_queued(frames), 0);
  for (int i = 0; i < 20; i++) {
    const char *f = back + (size_t)i * (sizeof big + 5);
    assert_int_equal((unsigned char)f[4], i);
    assert_memory_equal(f + 5, big, sizeof big);
  }
}

static void the_queue_is_capped_and_stays_whole(void **state)
{
  (void)state;
  static char big[1 << 20];
  struct sl_err err;
  int rc = SL_OK, n = 0;
  while (!rc && n < 100) {
    rc = sl_frames_send(frames, 1, sl_strn(big, sizeof big), &err);
    n += !rc;
  }
  assert_int_equal(rc, SL_ELIMIT);
  assert_in_range(n, 60, 65);
  assert_true(sl_frames_queued(frames) <= 64u << 20);
  assert_int_equal(got.closed, 0);
}

static void pausing_keeps_frames_back(void **state)
{
  (void)state;
  got.pause = true;
  put(stream, sizeof stream - 1);
  turns(3);
  assert_int_equal(got.n, 1);
  sl_frames_pause(frames, false);
  assert_int_equal(got.n, 1); /* not inside the call */
  turns(2);
  assert_int_equal(got.n, 2);
  got.pause = false;
  sl_frames_pause(frames, false);
  turns(2);
  assert_string_equal(sl_buf_zstr(&got.text), "1:3:abc;2:0:;255:2:xy;");
}

static void closing_inside_a_frame(void **state)
{
  (void)state;
  got.close = true;
  put(stream, sizeof stream - 1);
  turns(3);
  assert_int_equal(got.n, 1);
  assert_int_equal(got.closed, 0);
}

static void sending_to_a_dead_peer_closes_later(void **state)
{
  (void)state;
  close(peer);
  peer = -1;
  assert_int_equal(sl_frames_send(frames, 1, SL_STR("x"), NULL), SL_OK);
  assert_int_equal(got.closed, 0);
  assert_int_not_equal(sl_frames_send(frames, 1, SL_STR("x"), NULL), SL_OK);
  turns(2);
  assert_int_equal(got.closed, 1);
}

static void closing_while_the_end_is_due(void **state)
{
  (void)state;
  close(peer);
  peer = -1;
  assert_int_equal(sl_frames_send(frames, 1, SL_STR("x"), NULL), SL_OK);
  sl_frames_close(frames);
  frames = NULL;
  turns(2);
  assert_int_equal(got.closed, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
    T(split_at_every_byte), T(over_the_cap_ends_it), T(peer_gone_between_and_inside_messages), T(sends_in_order_under_back_pressure),
    T(the_queue_is_capped_and_stays_whole), T(pausing_keeps_frames_back), T(closing_inside_a_frame), T(sending_to_a_dead_peer_closes_later),
    T(closing_while_the_end_is_due),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
