/* Four eyes: what is known, what is only said, and what nobody can say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "judge/eyes.h"

static const char *const none[] = { NULL };
static const char *const ana_ids[] = { "mlflow:ana", "os:lab:ana", NULL }, *const lead_ids[] = { "mlflow:lead", NULL };
static const struct sl_member members[] = {
  { .name = "ana", .keys = none, .identities = ana_ids, .revoked = none },
  { .name = "lead", .keys = none, .identities = lead_ids, .revoked = none },
};
static const struct sl_people people = { members, 2 };

static struct sl_ident who(const char *issuer, const char *subject, enum sl_known known)
{
  return (struct sl_ident){ sl_str(issuer), sl_str(subject), known };
}

static enum sl_gate_state eyes(struct sl_ident author, struct sl_ident asked, struct sl_ident me)
{
  struct sl_eyes e;
  sl_eyes_judge(people, &author, &asked, &me, &e);
  assert_true(e.why[0] && e.value[0]);
  return e.state;
}

static void authors(void **state)
{
  const struct sl_ident nobody = who("", "", SL_KNOWN_CLAIMED), said_ana = who("mlflow", "ana", SL_KNOWN_CLAIMED),
                        said_omar = who("mlflow", "omar", SL_KNOWN_CLAIMED), ana = who("people", "ana", SL_KNOWN_KEY),
                        lead = who("people", "lead", SL_KNOWN_KEY), auth_ana = who("mlflow", "ana", SL_KNOWN_AUTHENTICATED);
  (void)state;
  assert_int_equal(eyes(said_ana, ana, lead), SL_GATE_PASS);       /* she signed the request for what is said to be hers */
  assert_int_equal(eyes(said_ana, nobody, lead), SL_GATE_UNKNOWN); /* a claim */
  assert_int_equal(eyes(said_ana, lead, lead), SL_GATE_FAIL);      /* asked for by the approver */
  assert_int_equal(eyes(said_ana, ana, ana), SL_GATE_FAIL);
  assert_int_equal(eyes(said_omar, ana, lead), SL_GATE_UNKNOWN);   /* who signed is not whom the registry names */
  assert_int_equal(eyes(nobody, ana, lead), SL_GATE_UNKNOWN);
  assert_int_equal(eyes(auth_ana, nobody, lead), SL_GATE_PASS);
  assert_int_equal(eyes(auth_ana, nobody, who("os", "lab:ana", SL_KNOWN_OS)), SL_GATE_FAIL);
  assert_int_equal(eyes(auth_ana, nobody, who("os", "lab:omar", SL_KNOWN_OS)), SL_GATE_PASS); /* her account there is another */
}

int main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(authors) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
