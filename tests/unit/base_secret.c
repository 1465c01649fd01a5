/* Secrets that vanish, and text that is cleaned of them by value and by shape; the trace as the place where it matters. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/trace.h"

#define CANARY "c4n4ry/+&hush"

static struct sl_secret *make(const char *value)
{
  struct sl_secret *s = NULL;
  assert_int_equal(sl_secret_new(&s, sl_str(value), NULL), SL_OK);
  return s;
}

static void lives_and_dies(void **state)
{
  (void)state;
  struct sl_secret *s = make(CANARY);
  assert_true(sl_str_eqz(sl_secret_reveal(s), CANARY));
  assert_int_equal(sl_secret_reveal(s).p[sl_secret_reveal(s).n], 0); /* a NUL behind, for C interfaces */
  assert_true(sl_secret_in(SL_STR("x " CANARY " y")));
  assert_ptr_equal(sl_secret_ref(s), s);
  sl_secret_unref(s);
  assert_true(sl_secret_in(SL_STR(CANARY)));
  sl_secret_unref(s);
  assert_false(sl_secret_in(SL_STR(CANARY))); /* nobody remembers it */
  sl_secret_unref(NULL);
  assert_null(sl_secret_ref(NULL));
  assert_null(sl_secret_reveal(NULL).p);
  struct sl_err err;
  char *big = sl_calloc(1, (1 << 20) + 1);
  assert_int_equal(sl_secret_new(&s, sl_strn(big, (1 << 20) + 1), &err), SL_ELIMIT);
  assert_null(s);
  assert_int_equal(sl_secret_new(&s, sl_strn(big, 1 << 20), &err), SL_OK);
  sl_secret_unref(s);
  assert_int_equal(sl_secret_new(&s, sl_strn(big, 4096), &err), SL_OK); /* a whole page, and the NUL still fits */
  assert_int_equal(sl_secret_reveal(s).p[4096], 0);
  sl_secret_unref(s);
  sl_free(big);
}

/* Several at once, freed from the middle. */
static void list_is_kept(void **state)
{
  (void)state;
  struct sl_secret *a = make("aaaaaa1"), *b = make("bbbbbb2"), *c = make("cccccc3");
  sl_secret_unref(b);
  assert_true(sl_secret_in(SL_STR("aaaaaa1")) && sl_secret_in(SL_STR("cccccc3")) && !sl_secret_in(SL_STR("bbbbbb2")));
  sl_secret_unref(c);
  assert_true(sl_secret_in(SL_STR("aaaaaa1")) && !sl_secret_in(SL_STR("cccccc3")));
  sl_secret_unref(a);
  assert_false(sl_secret_in(SL_STR("aaaaaa1")));
}

static void short_ones_are_not_searched(void **state)
{
  (void)state;
  struct sl_secret *s = make("12345"), *t = make("123456");
  assert_false(sl_secret_in(SL_STR("12345 apples")));
  assert_true(sl_secret_in(SL_STR("123456 apples")));
  sl_secret_unref(s);
  sl_secret_unref(t);
}

static void assert_redacted(const char *text, const char *want)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_secret_redact(&b, sl_str(text));
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}

static void redacts_by_value(void **state)
{
  (void)state;
  struct sl_secret *s = make(CANARY), *t = make(CANARY "-longer");
  assert_redacted("a " CANARY " b " CANARY, "a *** b ***");
  assert_redacted(CANARY "-longer!", "***!"); /* the longer of two that begin alike */
  assert_redacted("x=c4n4ry%2F%2B%26hush&y", "x=***&y"); /* percent-encoded */
  assert_redacted("x=c4n4ry%2f%2B&hush&y=%20", "x=***&y=%20"); /* and half of it */
  assert_redacted("c4n4ry%2F%2B%26hush then " CANARY " 100%", "*** then *** 100%");
  assert_true(sl_secret_in(SL_STR("c4n4ry%2F%2B%26hush")));
  assert_false(sl_secret_in(SL_STR("c4n4ry%2F%2B%26hus")));
  assert_redacted("nothing 100% here", "nothing 100% here");
  assert_redacted("bad auth Basic YW5hOnBhc3M=, or bearer abcdefg1", "bad auth Basic ***, or bearer ***");
  assert_redacted("basic abcdefgh=, bearer ABCDEFGH", "basic ***, bearer ***"); /* one odd character is enough, of any kind */
  assert_redacted("Basic authentication, a bearer of news, Basic A1", "Basic authentication, a bearer of news, Basic A1");
  assert_redacted("", "");
  sl_secret_unref(s);
  sl_secret_unref(t);
}

static void redacts_by_shape(void **state)
{
  (void)state;
  static const char *const cases[][2] = {
    {"Authorization: Bearer abc.def\r\nHost: x", "Authorization: ***\r\nHost: x"},
    {"cookie: a=b; c=d\nX: y", "cookie: ***\nX: y"},
    {"Set-Cookie: s=1; HttpOnly", "Set-Cookie: ***"},
    {"Authorization: Digest username=\"u\", response=\"0a\"\nX: y", "Authorization: ***\nX: y"},
    {"password=a,b;c) d", "password=*** d"},
    {"https://u@h/x:y@z", "https://u@h/x:y@z"},
    {"postgres://u:@h", "postgres://u:@h"},
    {"token = 'it\\'s' x", "token = '***' x"},
    {"token='cut off", "token='***"},
    {"host=h password=hunter2 user=u", "host=h password=*** user=u"},
    {"password='a b' user=u", "password='***' user=u"},
    {"PGPASSWORD=x y", "PGPASSWORD=*** y"},
    {"https://b.s3/k?X-Amz-Signature=0a1b&X-Amz-Date=2026", "https://b.s3/k?X-Amz-Signature=***&X-Amz-Date=2026"},
    {"X-Amz-Security-Token=FwoG&x=1", "X-Amz-Security-Token=***&x=1"},
    {"{\"access_token\": \"a\\\"b\", \"n\": 1}", "{\"access_token\": \"***\", \"n\": 1}"},
    {"{\"SecretAccessKey\":\"wJalr\",\"a\":2}", "{\"SecretAccessKey\":\"***\",\"a\":2}"},
    {"aws_secret_access_key = wJalr", "aws_secret_access_key = ***"},
    {"postgresql://me:pa:s@s@db:5432/x", "postgresql://me:***@db:5432/x"},
    {"https://host:8080/path@x", "https://host:8080/path@x"},
    {"see https://host/a:b and me@x", "see https://host/a:b and me@x"},
    {"t ghp_0123456789abcdefghij0123 u", "t ghp_*** u"},
    {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJ***"},
    {"-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----",
      "-----BEGIN OPENSSH PRIVATE KEY-----***-----END OPENSSH PRIVATE KEY-----"},
    {"-----BEGIN RSA PRIVATE KEY-----\ncut off", "-----BEGIN RSA PRIVATE KEY-----***"},
    {"-----BEGIN CERTIFICATE-----\nabc", "-----BEGIN CERTIFICATE-----\nabc"},
    {"x-api-key: 12345", "x-api-key: ***"},
    {"?sv=1&sig=abc%3D&se=2", "?sv=1&sig=***&se=2"},
    {"select state, count(*) from executions", "select state, count(*) from executions"},
    {"the password is wrong", "the password is wrong"},
    {"password:", "password:"},
    {"{\\\"token\\\":\\\"abc\\\"}", "{\\\"token\\\":\\\"***\\\"}"},
    {"etag: \"abc\" design: x", "etag: \"abc\" design: x"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
    assert_redacted(cases[i][0], cases[i][1]);
  static const char signed_text[] = "{\"by\":\"lead\",\"signature\":\"-----BEGIN SSH SIGNATURE-----\\n"
                                    "U1NIU0lH/eyJhbGciOiJIUzI1NiIsInR5cCI6\\n"
                                    "-----END SSH SIGNATURE-----\\n\"}"; /* public: without it nobody could verify the statement */
  assert_redacted(signed_text, signed_text);
  assert_redacted("{\"signature\":null,\"by\":\"lead\"}", "{\"signature\":null,\"by\":\"lead\"}");
  assert_redacted("{\"by\":\"lead\",\"signature\":null}", "{\"by\":\"lead\",\"signature\":null}");
  assert_redacted("password: null and void", "password: ***");
  assert_redacted("signature: -----BEGIN SSH SIGNATURE----- hush", "signature: ***"); /* one without an end is none */
}

static void a_full_buffer_gets_nothing(void **state)
{
  (void)state;
  struct sl_secret *s = make(CANARY);
  struct sl_buf b;
  sl_buf_init(&b, 8);
  sl_secret_redact(&b, SL_STR("0123456789" CANARY));
  assert_int_equal(b.failed, SL_ELIMIT);
  assert_int_equal(b.n, 0);
  sl_buf_free(&b);
  sl_secret_unref(s);
}

/* ---- the trace ---- */

static char trace_path[] = "/tmp/sluice-trace-XXXXXX";

static void trace_to(const char *areas)
{
  setenv("SLUICE_TRACE", areas, 1);
  setenv("SLUICE_TRACE_FILE", trace_path, 1);
  assert_int_equal(truncate(trace_path, 0), 0);
  sl_trace_init();
}

static void assert_traced(const char *want, const char *not_there)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_file_read(&b, trace_path, 1 << 20, NULL), SL_OK);
  if (want)
    assert_non_null(strstr(sl_buf_zstr(&b), want));
  else
    assert_int_equal(b.n, 0);
  if (not_there)
    assert_null(strstr(sl_buf_zstr(&b), not_there));
  sl_buf_free(&b);
}

static int make_trace(void **state)
{
  (void)state;
  int fd = mkstemp(trace_path);
  return fd < 0 ? -1 : close(fd);
}

static int drop_trace(void **state)
{
  (void)state;
  unsetenv("SLUICE_TRACE");
  sl_trace_init();
  return unlink(trace_path);
}

static void trace_is_redacted_and_harmless(void **state)
{
  (void)state;
  struct sl_secret *s = make(CANARY);
  trace_to("http:2, box");
  assert_true(sl_trace_on(SL_TR_HTTP, 2) && !sl_trace_on(SL_TR_HTTP, 3) && sl_trace_on(SL_TR_BOX, 1) && !sl_trace_on(SL_TR_BOX, 2));
  assert_false(sl_trace_on(SL_TR_UI, 0));
  sl_trace(SL_TR_HTTP, 2, "GET %s\x1b[2J\nAuthorization: Basic abc", "/?x=" CANARY);
  assert_traced(" http GET /?x=***^[[2J^JAuthorization: ***\n", CANARY);
  assert_traced("GET", "\x1b");
  trace_to("box:0");
  sl_trace(SL_TR_HTTP, 0, "no");
  sl_trace(SL_TR_BOX, 1, "no");
  assert_traced(NULL, NULL);
  trace_to("all");
  char *big = sl_calloc(1, 70000);
  memset(big, 'x', 69999);
  sl_trace(SL_TR_UI, 0, "%s" CANARY, big);
  assert_traced("too long", "xxx");
  sl_free(big);
  trace_to("");
  sl_trace(SL_TR_UI, 0, "no");
  assert_traced(NULL, NULL);
  trace_to("nonsense,:::,http:x");
  sl_trace(SL_TR_HTTP, 0, "no");
  assert_traced(NULL, NULL);
  sl_secret_unref(s);
}

/* Without a file: standard error, where it is no terminal. */
static void trace_to_stderr(void **state)
{
  (void)state;
  int keep = dup(STDERR_FILENO), fd = open(trace_path, O_WRONLY | O_TRUNC | O_APPEND);
  assert_true(keep >= 0 && fd >= 0 && dup2(fd, STDERR_FILENO) == STDERR_FILENO);
  setenv("SLUICE_TRACE", "job:99,ui:-3", 1);
  unsetenv("SLUICE_TRACE_FILE");
  sl_trace_init();
  sl_trace(SL_TR_JOB, 9, "here");
  sl_trace(SL_TR_UI, 0, "and here");
  sl_trace(SL_TR_UI, 1, "not this");
  assert_int_equal(dup2(keep, STDERR_FILENO), STDERR_FILENO);
  close(keep);
  close(fd);
  assert_traced(" job here\n", "not this");
  assert_traced(" ui and here\n", NULL);
}

/* A trace file that is a link could be anybody's file. */
static void trace_follows_no_link(void **state)
{
  (void)state;
  char link[64];
  snprintf(link, sizeof link, "%s.link", trace_path);
  assert_int_equal(truncate(trace_path, 0), 0);
  assert_int_equal(symlink(trace_path, link), 0);
  setenv("SLUICE_TRACE", "all", 1);
  setenv("SLUICE_TRACE_FILE", link, 1);
  sl_trace_init();
  sl_trace(SL_TR_UI, 0, "no");
  assert_traced(NULL, NULL);
  unlink(link);
}

static int child_is_closed(void)
{
  struct rlimit core;
  sl_secret_process_init();
  return prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 ? 0 : 1;
}

static void process_is_closed(void **state)
{
  (void)state;
  struct sl_secret *s = make(CANARY);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) /* the value is not inherited either */
    _exit(child_is_closed() ? 1 : sl_secret_reveal(s).p[0] != 0 ? 2 : 0);
  int status = -1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 0);
  assert_true(sl_str_eqz(sl_secret_reveal(s), CANARY));
  sl_secret_unref(s);
}

#if SL_FAULTS
/* With no memory a text is withheld, never let through. */
static void no_memory_hides(void **state)
{
  (void)state;
  int64_t before = sl_alloc_live();
  struct sl_secret *s = NULL;
  int rc = SL_ENOMEM;
  for (long fail = 0; rc != SL_OK; fail++) {
    sl_fault_alloc(fail, 0);
    rc = sl_secret_new(&s, SL_STR(CANARY), NULL);
    sl_fault_alloc(-1, 0);
  }
  trace_to("all");
  bool whole = false;
  for (long fail = 0; !whole; fail++) {
    struct sl_buf b;
    sl_buf_init(&b, 0);
    sl_fault_alloc(fail, 0);
    sl_secret_redact(&b, SL_STR("x=" CANARY "&y=c4n4ry%2F%2B%26hush"));
    bool in = sl_secret_in(SL_STR("c4n4ry%2F%2B%26hush"));
    sl_trace(SL_TR_UI, 0, "a " CANARY);
    sl_fault_alloc(-1, 0);
    assert_true(in);
    assert_true(!b.p || !strstr(b.p, "hush"));
    whole = b.failed == SL_OK && fail > 30;
    sl_buf_free(&b);
  }
  assert_traced("a ***", "hush");
  sl_secret_unref(s);
  assert_int_equal(sl_alloc_live(), before);
}
#endif

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(lives_and_dies), cmocka_unit_test(list_is_kept), cmocka_unit_test(short_ones_are_not_searched),
    cmocka_unit_test(redacts_by_value), cmocka_unit_test(redacts_by_shape), cmocka_unit_test(a_full_buffer_gets_nothing),
    cmocka_unit_test(trace_is_redacted_and_harmless), cmocka_unit_test(trace_to_stderr),
    cmocka_unit_test(trace_follows_no_link), cmocka_unit_test(process_is_closed),
#if SL_FAULTS
    cmocka_unit_test(no_memory_hides),
#endif
  };
  return cmocka_run_group_tests_name("base_secret", tests, make_trace, drop_trace);
}
