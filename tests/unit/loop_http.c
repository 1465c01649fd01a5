/* HTTP that goes well or as far as it may: what is sent, what is read, what is capped, what is never followed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "httpd.h"
#include "loop/http.h"

struct got {
  int heads, done, rc, status;
  struct sl_http_info info;
  struct sl_buf body;
  struct sl_err err;
  char location[128], type[64], id[64];
  int64_t retry_after_ms;
};

static struct sl_loop *loop;
static struct sl_http_pool *pool;
static struct httpd *server;

static void on_head(void *user, const struct sl_http_info *i)
{
  struct got *g = user;
  g->heads++;
  g->status = i->status;
}

static void copy(char *to, size_t n, struct sl_str s)
{
  snprintf(to, n, "%.*s", SL_ARG(s));
}

static void on_done(void *user, int rc, const struct sl_http_info *i, struct sl_str body, const struct sl_err *err)
{
  struct got *g = user;
  g->done++;
  g->rc = rc;
  g->info = *i;
  g->err = *err;
  g->status = i->status;
  copy(g->location, sizeof g->location, i->location);
  copy(g->type, sizeof g->type, i->content_type);
  copy(g->id, sizeof g->id, i->request_id);
  g->info.headers = g->info.location = g->info.request_id = SL_STR_NONE; /* they go with the request */
  g->info.content_type = sl_str(g->type);
  sl_buf_init(&g->body, 0);
  sl_buf_str(&g->body, body);
}

static const struct sl_http_ops ops = { .head = on_head, .done = on_done };

static int setup(void **state)
{
  (void)state;
  static const char *const vars[] = {
    "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
  };
  for (size_t i = 0; i < 8; i++)
    unsetenv(vars[i]);
  server = NULL;
  return sl_loop_open(&loop, NULL) || sl_http_pool_open(&pool, loop, NULL, NULL);
}

static int teardown(void **state)
{
  (void)state;
  sl_http_pool_close(pool);
  sl_loop_close(loop);
  httpd_stop(server);
  return 0;
}

static void serve(const struct httpd_step *step, size_t n)
{
  server = httpd_start(step, n);
  assert_non_null(server);
}
#define SERVE(...) static const struct httpd_step steps[] = { __VA_ARGS__ }; serve(steps, sizeof steps / sizeof steps[0])

static struct sl_http *make(const struct sl_http_req *r, struct got *g)
{
  struct sl_http *h;
  struct sl_err err;
  int rc = sl_http_new(&h, pool, r, &ops, g, &err);
  if (rc)
    fail_msg("%s", err.msg);
  return h;
}

static void run(struct sl_http *h, struct got *g)
{
  assert_int_equal(sl_http_start(h, NULL), SL_OK);
  assert_int_equal(g->done, 0);
  while (!g->done)
    sl_loop_turn(loop, -1);
  sl_loop_turn(loop, 0);
  assert_int_equal(g->done, 1);
}

static void get(const char *path, struct got *g)
{
  char url[256];
  *g = (struct got){ .done = 0 };
  struct sl_http *h = make(&(struct sl_http_req){ .method = "GET", .url = httpd_url(server, path, url, sizeof url) }, g);
  run(h, g);
}

static char asked[8192];
static const char *request(unsigned i)
{
  assert_true(httpd_request(server, i, asked, sizeof asked));
  return asked;
}

static void an_answer_comes_with_what_it_says(void **state)
{
  (void)state;
  SERVE({ .headers = "Content-Type: application/json\r\nX-Request-Id:  abc \r\n", .body = "{\"a\":1}" });
  struct got g;
  get("/api/2.0?x=1", &g);
  assert_int_equal(g.rc, SL_OK);
  assert_int_equal(g.status, 200);
  assert_int_equal(g.heads, 1);
  assert_int_equal(g.info.length, 7);
  assert_int_equal(g.info.attempts, 1);
  assert_int_equal(g.info.bytes, 7);
  assert_int_equal(g.info.retry_after_ms, -1);
  assert_string_equal(g.type, "application/json");
  assert_string_equal(g.id, "abc");
  assert_string_equal(sl_buf_zstr(&g.body), "{\"a\":1}");
  const char *r = request(0);
  assert_ptr_equal(strstr(r, "GET /api/2.0?x=1 HTTP/1.1\r\n"), r);
  assert_non_null(strstr(r, "User-Agent: sluice/"));
  assert_non_null(strstr(r, "Accept-Encoding: gzip, deflate\r\n"));
  assert_true(sl_loop_settled(loop));
  sl_buf_free(&g.body);
}

static void connections_are_reused_for_what_may_be_repeated(void **state)
{
  (void)state;
  SERVE({ .body = "ok" });
  char url[64];
  for (int i = 0; i < 3; i++) {
    struct got g = { .done = 0 };
    run(make(&(struct sl_http_req){ .method = "GET", .url = httpd_url(server, "/", url, sizeof url), .repeatable = true }, &g), &g);
    sl_buf_free(&g.body);
  }
  assert_int_equal(httpd_connections(server), 1);
  struct got g = { .done = 0 };
  run(make(&(struct sl_http_req){ .method = "POST", .url = url, .body = SL_STR("once") }, &g), &g);
  sl_buf_free(&g.body);
  assert_int_equal(httpd_connections(server), 2); /* a dead connection must not make curl send it twice */
}

static void body_and_headers_are_sent_as_given(void **state)
{
  (void)state;
  SERVE({ .status = 201, .body = "" });
  char url[64];
  struct got g = { .done = 0 };
  struct sl_secret *token;
  assert_int_equal(sl_secret_new(&token, SL_STR("canary-token"), NULL), SL_OK);
  struct sl_http *h = make(&(struct sl_http_req){ .method = "PUT", .url = httpd_url(server, "/a/../b%20c", url, sizeof url),
                                                  .body = SL_STR("da\0ta") }, &g);
  assert_int_equal(sl_http_header(h, "Content-Type", SL_STR("text/plain"), NULL), SL_OK);
  assert_int_equal(sl_http_header(h, "X-Empty", SL_STR(""), NULL), SL_OK);
  assert_int_equal(sl_http_bearer(h, token, NULL), SL_OK);
  run(h, &g);
  assert_int_equal(g.status, 201);
  const char *r = request(0);
  assert_ptr_equal(strstr(r, "PUT /a/../b%20c HTTP/1.1\r\n"), r);
  assert_non_null(strstr(r, "Content-Type: text/plain\r\n"));
  assert_non_null(strstr(r, "X-Empty:"));
  assert_non_null(strstr(r, "Authorization: Bearer canary-token\r\n"));
  assert_non_null(strstr(r, "Content-Length: 5\r\n"));
  assert_null(strstr(r, "Expect:"));
  sl_secret_unref(token);
  sl_buf_free(&g.body);
}

static void basic_is_base64(void **state)
{
  (void)state;
  SERVE({ .body = "ok" });
  char url[64];
  struct got g = { .done = 0 };
  struct sl_secret *pw;
  assert_int_equal(sl_secret_new(&pw, SL_STR("open sesame"), NULL), SL_OK);
  struct sl_http *h = make(&(struct sl_http_req){ .method = "POST", .url = httpd_url(server, "/", url, sizeof url) }, &g);
  assert_int_equal(sl_http_basic(h, "Aladdin", pw, NULL), SL_OK);
  run(h, &g);
  assert_non_null(strstr(request(0), "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
  assert_non_null(strstr(request(0), "Content-Length: 0\r\n"));
  assert_null(strstr(request(0), "Content-Type"));
  sl_secret_unref(pw);
  sl_buf_free(&g.body);
}

static void what_would_split_a_request_is_refused(void **state)
{
  (void)state;
  struct got g = { .done = 0 };
  struct sl_http *h = make(&(struct sl_http_req){ .method = "GET", .url = "http://127.0.0.1:1/" }, &g);
  assert_int_equal(sl_http_header(h, "X-A", SL_STR("a\r\nX-B: c"), NULL), SL_ECONFIG);
  assert_int_equal(sl_http_header(h, "X-A", SL_STR("a\0b"), NULL), SL_ECONFIG);
  assert_int_equal(sl_http_header(h, "X A", SL_STR("a"), NULL), SL_ECONFIG);
  assert_int_equal(sl_http_header(h, "", SL_STR("a"), NULL), SL_ECONFIG);
  sl_http_cancel(h);
  static const char *const bad[] = { "", "ftp://h/", "file:///etc/passwd", "http://", "http://h/a b", "http://h:0/", "http://h:99999/",
                                     "http://u:p@h/", "http://h./", "http://h/\r\nX: y", "http://h\\@i/", "http://m\xc3\xbcller/",
                                     "http://[::1%25eth0]/", "http://h:80x/" };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(sl_http_new(&h, pool, &(struct sl_http_req){ .method = "GET", .url = bad[i] }, &ops, &g, NULL), SL_ECONFIG);
  assert_int_equal(g.done, 0);
}

static void bodies_of_every_shape(void **state)
{
  (void)state;
  SERVE({ .path = "/chunked", .shape = HTTPD_CHUNKED, .body = "0123456789", .slice = 3 },
        { .path = "/close", .shape = HTTPD_UNTIL_CLOSE, .body = "until the end" },
        { .path = "/slices", .body = "one byte after the other", .slice = 1 },
        { .path = "/continue", .shape = HTTPD_RAW, .body = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" },
        { .path = "/none", .status = 204 });
  static const char *const want[][2] = {
    { "/chunked", "0123456789" }, { "/close", "until the end" }, { "/slices", "one byte after the other" }, { "/continue", "ok" },
    { "/none", "" },
  };
  for (size_t i = 0; i < 5; i++) {
    struct got g;
    get(want[i][0], &g);
    assert_int_equal(g.rc, SL_OK);
    assert_int_equal(g.heads, 1);
    assert_string_equal(sl_buf_zstr(&g.body), want[i][1]);
    sl_buf_free(&g.body);
  }
}

static void gzip_is_decoded_unless_asked_otherwise(void **state)
{
  (void)state;
  size_t n;
  char *z = httpd_gzip("plain words", 11, &n);
  const struct httpd_step step = { .headers = "Content-Encoding: gzip\r\n", .body = z, .nbody = n };
  serve(&step, 1);
  struct got g;
  get("/", &g);
  assert_int_equal(g.rc, SL_OK);
  assert_string_equal(sl_buf_zstr(&g.body), "plain words");
  sl_buf_free(&g.body);
  char url[64];
  g = (struct got){ .done = 0 };
  struct sl_http *h = make(&(struct sl_http_req){ .method = "GET", .url = httpd_url(server, "/", url, sizeof url) }, &g);
  assert_int_equal(sl_http_header(h, "Range", SL_STR("bytes=0-99"), NULL), SL_OK);
  run(h, &g);
  assert_int_equal(g.body.n, n); /* a range of the bytes that lie there */
  sl_buf_free(&g.body);
  httpd_stop(server);
  server = NULL;
  free(z);
}

static void caps_hold(void **state)
{
  (void)state;
  size_t n;
  char *bomb = httpd_gzip_bomb(64 << 20, &n);
  assert_true(n < 500000);
  static struct httpd_step steps[] = {
    { .path = "/bomb", .headers = "Content-Encoding: gzip\r\n" },
    { .path = "/headers", .shape = HTTPD_ENDLESS_HEADERS },
    { .path = "/line", .shape = HTTPD_ENDLESS_LINE },
    { .path = "/continue", .shape = HTTPD_ENDLESS_100 },
    { .path = "/body", .shape = HTTPD_ENDLESS_BODY },
  };
  steps[0].body = bomb;
  steps[0].nbody = n;
  serve(steps, 5);
  char url[64];
  for (size_t i = 0; i < 5; i++) {
    struct got g = { .done = 0 };
    run(make(&(struct sl_http_req){ .method = "GET", .url = httpd_url(server, steps[i].path, url, sizeof url), .max_body = 1 << 20,
                                    .repeatable = true }, &g), &g);
    if (g.rc != SL_ELIMIT)
      fail_msg("%s: %s", steps[i].path, g.err.msg);
    assert_int_equal(g.info.attempts, 1);
    assert_true(g.info.bytes <= 1 << 20);
    sl_buf_free(&g.body);
  }
  httpd_stop(server);
  server = NULL;
  free(bomb);
}

static void wrong_lengths_are_told(void **state)
{
  (void)state;
  SERVE({ .path = "/short", .body = "short", .length = 100, .drop_at = 42 }, { .path = "/long", .body = "too long", .length = 3 },
        { .path = "/chunk", .shape = HTTPD_CHUNKED, .body = "0123456789", .drop_at = 60 },
        { .path = "/junk", .shape = HTTPD_RAW, .body = "SSH-2.0-OpenSSH_9.2\r\n", .drop_at = 21 });
  struct got g;
  get("/short", &g);
  assert_int_equal(g.rc, SL_ENET);
  assert_non_null(strstr(g.err.msg, "GET 127.0.0.1: the connection broke after "));
  assert_int_equal(g.status, 200);
  sl_buf_free(&g.body);
  get("/long", &g);
  assert_int_equal(g.rc, SL_OK);
  assert_string_equal(sl_buf_zstr(&g.body), "too");
  sl_buf_free(&g.body);
  get("/chunk", &g);
  assert_int_equal(g.rc, SL_ENET);
  sl_buf_free(&g.body);
  get("/junk", &g);
  assert_int_equal(g.rc, SL_EPROTO);
  assert_int_equal(g.status, 0);
  sl_buf_free(&g.body);
}

static void redirects_are_answers_and_carry_nothing_away(void **state)
{
  (void)state;
  static const struct httpd_step thief_step = { .body = "thanks" };
  struct httpd *thief = httpd_start(&thief_step, 1);
  char there[64], line[128], url[64];
  snprintf(line, sizeof line, "Location: %s\r\n", httpd_url(thief, "/steal", there, sizeof there));
  struct sl_secret *token;
  assert_int_equal(sl_secret_new(&token, SL_STR("canary-token"), NULL), SL_OK);
  static const int codes[] = { 301, 302, 303, 307, 308 };
  for (size_t i = 0; i < 5; i++) {
    const struct httpd_step step = { .status = codes[i], .headers = line };
    server = httpd_start(&step, 1);
    struct got g = { .done = 0 };
    httpd_url(server, "/", url, sizeof url);
    struct sl_http *h = make(&(struct sl_http_req){ .method = "GET", .url = url, .repeatable = true }, &g);
    assert_int_equal(sl_http_bearer(h, token, NULL), SL_OK);
    assert_int_equal(sl_http_header(h, "X-Amz-Security-Token", SL_STR("canary-session"), NULL), SL_OK);
    run(h, &g);
    assert_int_equal(g.rc, SL_OK);
    assert_int_equal(g.status, codes[i]);
    assert_string_equal(g.location, there);
    sl_buf_free(&g.body);
    httpd_stop(server);
  }
  server = NULL;
  assert_int_equal(httpd_connections(thief), 0);
  httpd_stop(thief);
  sl_secret_unref(token);
}

static void proxies_get_what_is_theirs(void **state)
{
  (void)state;
  SERVE({ .body = "<html>proxy</html>", .headers = "Content-Type: text/html\r\n" });
  char proxy[64];
  snprintf(proxy, sizeof proxy, "http://localhost:%d", httpd_port(server));
  setenv("HTTP_PROXY", proxy, 1);
  setenv("NO_PROXY", "other.example, 10.0.0.0/8", 1);
  struct sl_http_pool *through;
  assert_int_equal(sl_http_pool_open(&through, loop, NULL, NULL), SL_OK);
  struct sl_http *h;
  struct got g = { .done = 0 };
  /* the name exists nowhere: it is the proxy's to look up */
  const struct sl_http_req r = { .method = "GET", .url = "http://mlflow.invalid/x" };
  assert_int_equal(sl_http_new(&h, through, &r, &ops, &g, NULL), SL_OK);
  run(h, &g);
  assert_int_equal(g.status, 200);
  assert_ptr_equal(strstr(request(0), "GET http://mlflow.invalid/x HTTP/1.1\r\n"), asked);
  struct sl_err err;
  assert_int_equal(sl_http_explain(&g.info, sl_buf_view(&g.body), "list runs", &err), SL_EPROTO);
  sl_buf_free(&g.body);
  sl_http_pool_close(through);
}

static size_t taken;
static struct sl_http *paused;
static int data_rc;
static int on_data(void *user, const void *p, size_t n)
{
  (void)p;
  struct got *g = user;
  assert_int_equal(g->done, 0);
  taken += n;
  return data_rc;
}

static void reading_stops_until_resumed(void **state)
{
  (void)state;
  static char big[3 << 20];
  memset(big, 'x', sizeof big);
  const struct httpd_step step = { .body = big, .nbody = sizeof big };
  serve(&step, 1);
  char url[64];
  struct got g = { .done = 0 };
  const struct sl_http_ops stream = { .data = on_data, .done = on_done };
  taken = 0;
  data_rc = SL_EAGAIN;
  const struct sl_http_req r = { .method = "GET", .url = httpd_url(server, "/", url, sizeof url) };
  assert_int_equal(sl_http_new(&paused, pool, &r, &stream, &g, NULL), SL_OK);
  assert_int_equal(sl_http_start(paused, NULL), SL_OK);
  while (!taken)
    sl_loop_turn(loop, -1);
  size_t first = taken;
  for (int i = 0; i < 10; i++)
    sl_loop_turn(loop, 5);
  assert_int_equal(taken, first);
  while (!g.done) { /* one piece a resume */
    size_t before = taken;
    sl_http_resume(paused);
    assert_int_equal(taken, before); /* not inside the call */
    for (int i = 0; i < 200 && taken == before && !g.done; i++)
      sl_loop_turn(loop, 5);
    if (taken > before + (1 << 20))
      data_rc = SL_OK;
  }
  assert_int_equal(g.rc, SL_OK);
  assert_int_equal(taken, sizeof big);
  sl_buf_free(&g.body);
  httpd_stop(server);
  server = NULL;
}

static void the_end_waits_for_a_paused_reader(void **state)
{
  (void)state;
  SERVE({ .body = "all of it" });
  char url[64];
  struct got g = { .done = 0 };
  const struct sl_http_ops stream = { .data = on_data, .done = on_done };
  taken = 0;
  data_rc = SL_EAGAIN;
  const struct sl_http_req r = { .method = "GET", .url = httpd_url(server, "/", url, sizeof url) };
  assert_int_equal(sl_http_new(&paused, pool, &r, &stream, &g, NULL), SL_OK);
  assert_int_equal(sl_http_start(paused, NULL), SL_OK);
  while (!taken)
    sl_loop_turn(loop, -1);
  for (int i = 0; i < 5; i++)
    sl_loop_turn(loop, 5);
  assert_int_equal(g.done, 0);
  sl_http_resume(paused);
  while (!g.done)
    sl_loop_turn(loop, -1);
  assert_int_equal(g.rc, SL_OK);
  sl_buf_free(&g.body);
}

static void a_reader_may_end_it(void **state)
{
  (void)state;
  SERVE({ .body = "something", .shape = HTTPD_ENDLESS_BODY });
  char url[64];
  struct got g = { .done = 0 };
  struct sl_http *h;
  const struct sl_http_ops stream = { .data = on_data, .done = on_done };
  taken = 0;
  data_rc = SL_EPARSE;
  assert_int_equal(sl_http_new(&h, pool, &(struct sl_http_req){ .method = "GET", .url = httpd_url(server, "/", url, sizeof url),
                                                               .repeatable = true }, &stream, &g, NULL), SL_OK);
  run(h, &g);
  assert_int_equal(g.rc, SL_EPARSE);
  assert_int_equal(g.info.attempts, 1);
  sl_buf_free(&g.body);
}

static void urls_come_apart(void **state)
{
  (void)state;
  struct sl_url u;
  assert_true(sl_url_parse(SL_STR("HTTPS://user:pw@Host.example:8443/a/b?c=d&e#f"), &u));
  assert_true(sl_str_eqz(u.scheme, "HTTPS") && sl_str_eqz(u.user, "user:pw") && sl_str_eqz(u.host, "Host.example"));
  assert_true(sl_str_eqz(u.path, "/a/b") && sl_str_eqz(u.query, "c=d&e"));
  assert_int_equal(u.port, 8443);
  assert_true(sl_url_parse(SL_STR("http://[::1]:5000"), &u));
  assert_true(sl_str_eqz(u.host, "::1") && u.port == 5000 && !u.path.n && sl_url_loopback(&u));
  assert_true(sl_url_parse(SL_STR("http://h?x"), &u) && u.port == 80 && sl_str_eqz(u.query, "x"));
  static const struct { const char *url; bool loopback; } cases[] = {
    { "http://localhost/", true }, { "http://LOCALHOST:1/", true }, { "http://a.localhost/", true }, { "http://127.1.2.3/", true },
    { "http://127.0.0.1.evil.example/", false }, { "http://128.0.0.1/", false }, { "http://notlocalhost/", false },
    { "http://127.1/", false },
  };
  for (size_t i = 0; i < 8; i++) {
    assert_true(sl_url_parse(sl_str(cases[i].url), &u));
    assert_int_equal(sl_url_loopback(&u), cases[i].loopback);
  }
}

static void headers_are_found_by_any_case(void **state)
{
  (void)state;
  const struct sl_http_info i = { .headers = SL_STR("HTTP/1.1 200 OK\r\nX-Next-Page: 2\r\nLink: <a:b>\r\nx-next-page:  3 \r\n\r\n") };
  assert_true(sl_str_eqz(sl_http_find(&i, "X-NEXT-page"), "3"));
  assert_true(sl_str_eqz(sl_http_find(&i, "link"), "<a:b>"));
  assert_null(sl_http_find(&i, "next-page").p);
}

static void errors_say_what_the_server_said(void **state)
{
  (void)state;
  static const struct { int status, code; const char *type, *body, *text; } cases[] = {
    { 404, SL_ENOENT, "application/json", "{\"error_code\":\"RESOURCE_DOES_NOT_EXIST\",\"message\":\"No run  'x'\\nhere\"}",
      "get run: 404 not found: No run 'x' here" },
    { 403, SL_EDENIED, "application/xml", "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
      "get run: 403 not allowed: Access Denied; ask for the right to do this" },
    { 401, SL_EAUTH, "text/plain", "", "get run: 401 not logged in; check the credentials" },
    { 503, SL_ENET, "text/html", "<html>",
      "get run: 503 the server failed: an HTML page; is a proxy or a login page in between?; try again later" },
    { 418, SL_EPROTO, "text/plain", "short\tand stout", "get run: 418 unexpected answer: short and stout" },
    { 409, SL_ECONFLICT, "application/json", "{\"error\":{\"message\":\"busy\"}}", "get run: 409 changed meanwhile: busy; look again" },
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct sl_err err;
    struct sl_http_info info = { .status = cases[i].status, .content_type = sl_str(cases[i].type) };
    assert_int_equal(sl_http_explain(&info, sl_str(cases[i].body), "get run", &err), cases[i].code);
    assert_string_equal(err.msg, cases[i].text);
  }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
  const struct CMUnitTest tests[] = {
    T(an_answer_comes_with_what_it_says), T(connections_are_reused_for_what_may_be_repeated), T(body_and_headers_are_sent_as_given),
    T(basic_is_base64), T(what_would_split_a_request_is_refused), T(bodies_of_every_shape), T(gzip_is_decoded_unless_asked_otherwise),
    T(caps_hold), T(wrong_lengths_are_told), T(redirects_are_answers_and_carry_nothing_away), T(proxies_get_what_is_theirs),
    T(reading_stops_until_resumed), T(the_end_waits_for_a_paused_reader), T(a_reader_may_end_it), T(urls_come_apart),
    T(headers_are_found_by_any_case), T(errors_say_what_the_server_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
