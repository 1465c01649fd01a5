/* SSH's encoding and public keys: what ssh-keygen made is read and named as ssh-keygen names it; anything else is told why not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/fmt.h"
#include "base/json.h"
#include "base/pubkey.h"
#include "base/sshwire.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static const struct { enum sl_key_kind kind; const char *name, *print, *line; } good[] = {
  { SL_KEY_ED25519, "ssh-ed25519", "SHA256:uxaFqSADmpPXYXhwGY5Kml0LcX5Gd8dkDJEQ1H+f+lM",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKyNqiaFVnTmDTb2aVp3XRWOGHKYJNvHFyGYjSVRag26 me @ home" },
  { SL_KEY_P256, "ecdsa-sha2-nistp256", "SHA256:Co0n9OkOi8iZn0EtxJY/HlHTClvqnIJbzqPfk9Se/B0",
    "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFlEzI6I7tjtxCdz9dULeXcZ68fIVgmEzKQ2P8EHtAa0w5rD"
    "fGsSkcy5H2m3cvjnMS3VXsYTWCaR6LmjdbxDGyA= me @ home" },
  { SL_KEY_P384, "ecdsa-sha2-nistp384", "SHA256:Ka/+HbwIoW2Tw/HEQ8g5NZDKtZ42Q9KfUNMzLALzzKY",
    "ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBNccwohj7HWnvnL6BM5EH9kzgJbkVQPuoPRajtQQtED0u5lj"
    "3vthGbk9GngTXrWdgvvbc2KsJvlu4d3Y8NED9s0Jq2apO+636V+xqyHYGAV+lqAEGyE/Eqe8rmOiumDY1g== me @ home" },
  { SL_KEY_P521, "ecdsa-sha2-nistp521", "SHA256:89cvKRCAOP5iF1T4VrtpLu/Y2AqqvGT/uMRSywDaNkU",
    "ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAABb6JAtSFfyOv1acgrpp7J9kx7DXXGlXzS7P5jbH/ua6+A"
    "1U658QWrtdAMed1L3R3S64M1tfClqvjnJ/b2Ngr+hQCq/W6cjMwrmgC2U1z99Y22516/HfRLYWoWoXB4+7gI7aNWgkqtpEr8v0o8XwMkf89O5nJg/vAz0cgE"
    "ScNjaxRX/g== me @ home" },
  { SL_KEY_RSA, "ssh-rsa", "SHA256:S88rg9QMoUVvsIdriDoJvqj4R4KXOcb+2V5mlmVbXAo",
    "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCxpBOI434yGgd20Px85sgo9y6Mzq/4YxxEjw0mkLKtfPwKvEalAPXQwMWJXN0otEoL9k1TwBnrWV3n9AhL"
    "LNIGXdeWksnLW7CeJVJVDQokLemTuCWM+cgYrekFUltmLK352g7yYrk42174JcSjc9ZUOZLrimEIhgkpStauRbbU92kz+LvWWHCNuOcrh6wLospRVW6+p+6e"
    "zFj7MgsNEFpc6odb6MfiGp5V22XSXJV/pXY7CuAmLPvwlb/9InBjRx2VbMj+wuZGNQgUQ9DbIWS/c5D2EG91l69/+JRqf24uAKK/mhVlBNXk0bUwWmAalymM"
    "USt2K8aKoCIgSENHWjhL me @ home" },
  { SL_KEY_SK_ED25519, "sk-ssh-ed25519@openssh.com", "SHA256:mG+52sHraohH4JNs0nLQr2P1IvuQ023pyy2+pGGoXe8",
    "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIKyNqiaFVnTmDTb2aVp3XRWOGHKYJNvHFyGYjSVRag26AAAAB"
    "HNzaDo= me @ home" },
  { SL_KEY_SK_P256, "sk-ecdsa-sha2-nistp256@openssh.com", "SHA256:KA5ehQ5KYybCEp8HK8EF4xa891PfPdMDN+/B2CucUs0",
    "sk-ecdsa-sha2-nistp256@openssh.com AAAAInNrLWVjZHNhLXNoYTItbmlzdHAyNTZAb3BlbnNzaC5jb20AAAAIbmlzdHAyNTYAAABBBFlEzI6I7tjtx"
    "Cdz9dULeXcZ68fIVgmEzKQ2P8EHtAa0w5rDfGsSkcy5H2m3cvjnMS3VXsYTWCaR6LmjdbxDGyAAAAAEc3NoOg== me @ home" },
};

static void keys_are_read(void **state)
{
  (void)state;
  for (size_t i = 0; i < N(good); i++) {
    struct sl_pubkey k, same;
    struct sl_err err = { 0 };
    char print[SL_FINGERPRINT];
    struct sl_buf b;
    if (sl_pubkey_line(&k, sl_str(good[i].line), &err))
      fail_msg("%s: %s", good[i].name, err.msg);
    assert_int_equal(k.kind, good[i].kind);
    assert_string_equal(k.name, good[i].name);
    sl_pubkey_fingerprint(&k, print);
    assert_string_equal(print, good[i].print);
    assert_true(sl_str_eqz(k.comment, "me @ home"));
    sl_buf_init(&b, 0);
    sl_pubkey_text(&b, &k);
    assert_true(sl_str_starts(sl_str(good[i].line), sl_buf_view(&b)));
    assert_int_equal(sl_pubkey_blob(&same, k.blob, NULL), SL_OK);
    assert_true(sl_pubkey_eq(&k, &same));
    assert_int_equal(same.comment.n, 0);
    sl_buf_free(&b);
    sl_pubkey_free(&same);
    sl_pubkey_free(&k);
    assert_null(k.own);
    assert_false(sl_pubkey_eq(&k, &k)); /* none is not itself */
  }
}

/* Cut anywhere, or with any byte after the name altered in its length fields, it is refused or another key; never read beyond its end. */
static void a_cut_key_is_none(void **state)
{
  (void)state;
  for (size_t i = 0; i < N(good); i++) {
    struct sl_pubkey k, cut;
    assert_int_equal(sl_pubkey_line(&k, sl_str(good[i].line), NULL), SL_OK);
    for (size_t n = 0; n < k.blob.n; n++) {
      struct sl_err err = { 0 };
      assert_int_equal(sl_pubkey_blob(&cut, sl_str_head(k.blob, n), &err), SL_EPARSE);
      assert_true(err.msg[0]);
      assert_null(cut.own);
    }
    sl_pubkey_free(&k);
  }
}

static void what_is_no_key_is_told(void **state)
{
  (void)state;
  static const struct { const char *line, *says; } bad[] = {
    { "", "no SSH public key; write the line of a .pub file, such as \"ssh-ed25519 AAAA... name\"" },
    { "ssh-ed25519", "no SSH public key; write the line of a .pub file, such as \"ssh-ed25519 AAAA... name\"" },
    { "ssh-ed25519 ====", "an SSH public key that is cut or altered; copy the line of the .pub file again" },
    { "command=\"x\" ssh-ed25519 AAAA", "no SSH public key; write the line of a .pub file, such as \"ssh-ed25519 AAAA... name\"" },
    { "ssh-dss AAAA", "it is a DSA key, which is too weak; make another with ssh-keygen -t ed25519" },
    { "ssh-rsa-cert-v01@openssh.com AAAA", "it is a certificate; name the key itself, the line of the .pub file without -cert" },
  };
  for (size_t i = 0; i < N(bad); i++) {
    struct sl_pubkey k;
    struct sl_err err = { 0 };
    assert_int_equal(sl_pubkey_line(&k, sl_str(bad[i].line), &err), SL_EPARSE);
    assert_string_equal(err.msg, bad[i].says);
  }
  char other[600];
  struct sl_pubkey k;
  struct sl_err err = { 0 };
  snprintf(other, sizeof other, "ssh-rsa %s", strchr(good[0].line, ' ') + 1); /* a name that is another's */
  assert_int_equal(sl_pubkey_line(&k, sl_str(other), &err), SL_EPARSE);
  assert_string_equal(err.msg, "an SSH public key whose first word is not its kind; copy the line of the .pub file again");
  assert_null(k.own);
}

static void numbers_have_one_form(void **state)
{
  (void)state;
  static const struct { const char *p; size_t n; int want; } forms[] = {   /* want: length of the number, -1: bad */
    { "\0\0\0\1\5", 5, 1 }, { "\0\0\0\2\0\x80", 6, 1 }, { "\0\0\0\2\0\x7f", 6, -1 }, { "\0\0\0\1\x80", 5, -1 }, { "\0\0\0\0", 4, -1 },
    { "\0\0\0\1\0", 5, -1 }, { "\0\0\0\2\5", 5, -1 }, { "\xff\xff\xff\xff\5", 5, -1 }, { "\0\0\0", 3, -1 },
  };
  for (size_t i = 0; i < N(forms); i++) {
    struct sl_ssh_rd r = sl_ssh_rd(sl_strn(forms[i].p, forms[i].n));
    struct sl_str s = sl_ssh_mpint(&r);
    assert_int_equal(r.bad, forms[i].want < 0);
    assert_int_equal(s.n, forms[i].want < 0 ? 0 : forms[i].want);
    assert_int_equal(sl_ssh_end(&r), forms[i].want >= 0);
  }
  struct sl_buf b;
  sl_buf_init(&b, 0);
  sl_ssh_put_mpint(&b, sl_strn("\0\0\x80\1", 4));
  assert_memory_equal(b.p, "\0\0\0\3\0\x80\1", 7);
  sl_buf_clear(&b);
  sl_ssh_put_u32(&b, 0x01020304);
  sl_ssh_put_str(&b, SL_STR("ab"));
  assert_int_equal(b.n, 10);
  struct sl_ssh_rd r = sl_ssh_rd(sl_buf_view(&b));
  assert_int_equal(sl_ssh_u32(&r), 0x01020304);
  assert_true(sl_str_eqz(sl_ssh_str(&r), "ab"));
  assert_true(sl_ssh_end(&r));
  assert_int_equal(sl_ssh_u8(&r), 0);
  assert_true(r.bad);
  sl_buf_free(&b);
}

static void base64_has_one_form(void **state)
{
  (void)state;
  static const char *const bad[] = {
    "A", "AA", "AAA", "AA=A", "A===", "====", "AAB=", "AB==", "AA==AAAA", "AA A", "AAA\n", "AA-_", "AAA=\n",
  };
  struct sl_buf b, text;
  sl_buf_init(&b, 0);
  sl_buf_init(&text, 0);
  for (size_t i = 0; i < N(bad); i++)
    if (sl_parse_base64(&b, sl_str(bad[i])))
      fail_msg("%s is taken as base64", bad[i]);
  for (size_t n = 0; n < 70; n++) {
    char bytes[70];
    for (size_t i = 0; i < n; i++)
      bytes[i] = (char)(i * 37 + n * 11);
    sl_buf_clear(&b);
    sl_buf_clear(&text);
    sl_fmt_base64(&text, bytes, n);
    assert_true(sl_parse_base64(&b, sl_buf_view(&text)));
    assert_true(sl_str_eq(sl_buf_view(&b), sl_strn(bytes, n)));
  }
  sl_buf_free(&b);
  sl_buf_free(&text);
}

static void canonical_text_has_one_form(void **state)
{
  (void)state;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_true(sl_json_canon(&b, sl_strn("a\"\\/\b\f\n\r\t\0\x1f\x7f\xe2\x80\xa8\xc3\xa9", 17)));
  assert_string_equal(sl_buf_zstr(&b), "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\xe2\x80\xa8\xc3\xa9\"");
  sl_buf_clear(&b);
  assert_false(sl_json_canon(&b, SL_STR("a\xff")));
  sl_buf_free(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(keys_are_read),
    cmocka_unit_test(a_cut_key_is_none),
    cmocka_unit_test(what_is_no_key_is_told),
    cmocka_unit_test(numbers_have_one_form),
    cmocka_unit_test(base64_has_one_form),
    cmocka_unit_test(canonical_text_has_one_form),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
