/* box/landlock.c: the kernel's own answer to "which files": reading below the roots that were handed over, writing in the scratch folder.
 *
 * The numbers are the kernel's interface, declared here because the distribution's headers know less of it than the kernels do. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/mem.h"
#include "box/guard.h"

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

enum { LL_VERSION_ONLY = 1, LL_RULE_PATH = 1 };
#define LL(bit) (UINT64_C(1) << (bit))
#define LL_WRITE_FILE LL(1)
#define LL_READ_FILE LL(2)
#define LL_READ_DIR LL(3)
#define LL_REMOVE_DIR LL(4)
#define LL_REMOVE_FILE LL(5)
#define LL_MAKE_DIR LL(7)
#define LL_MAKE_REG LL(8)
#define LL_TRUNCATE LL(14)
#define LL_READ (LL_READ_FILE | LL_READ_DIR)
#define LL_SCRATCH (LL_READ | LL_WRITE_FILE | LL_REMOVE_DIR | LL_REMOVE_FILE | LL_MAKE_DIR | LL_MAKE_REG | LL_TRUNCATE)

struct ll_attr { uint64_t fs, net, scoped; };
struct ll_path { uint64_t allowed; int32_t fd; } __attribute__((packed));

/* Rights that exist up to each version of the interface: the highest file right, then network (4), then signals and sockets (6). */
static struct ll_attr all_of(long abi, size_t *size)
{
  unsigned top = abi >= 5 ? 15 : abi >= 3 ? 14 : abi == 2 ? 13 : 12;
  struct ll_attr a = { .fs = LL(top + 1) - 1 };
  *size = sizeof a.fs;
  if (abi >= 4) {
    a.net = 3; /* bind and connect of TCP */
    *size += sizeof a.net;
  }
  if (abi >= 6) {
    a.scoped = 3; /* abstract sockets and signals stay inside */
    *size += sizeof a.scoped;
  }
  return a;
}

static int allow(int rules, const char *path, uint64_t rights, struct sl_err *err)
{
  struct ll_path rule = { .fd = open(path, O_PATH | O_CLOEXEC) };
  if (rule.fd < 0) /* a zone that is not there yet cannot be read either way */
    return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? SL_OK : sl_err_sys(err, errno, "cannot hand %s to the box", path);
  struct stat st;
  rule.allowed = !fstat(rule.fd, &st) && S_ISDIR(st.st_mode) ? rights : rights & (LL_READ_FILE | LL_WRITE_FILE | LL_TRUNCATE);
  int rc = SL_OK;
  if (syscall(SYS_landlock_add_rule, rules, LL_RULE_PATH, &rule, 0))
    rc = sl_err_sys(err, errno, "cannot hand %s to the box", path);
  close(rule.fd);
  return rc;
}

static int allow_str(int rules, struct sl_str path, uint64_t rights, struct sl_err *err)
{
  char *z = sl_strndup(path.p, path.n);
  int rc = z ? allow(rules, z, rights, err) : sl_err_nomem(err);
  sl_free(z);
  return rc;
}

static int add_rules(struct guard *g, int rules, uint64_t known, struct sl_err *err)
{
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < g->hello->roots.n; i++)
    rc = allow_str(rules, g->hello->roots.at[i], LL_READ & known, err);
  if (!rc && g->scratch)
    rc = allow(rules, g->scratch, LL_SCRATCH & known, err);
#ifdef SL_COVERAGE /* never in a build that anybody uses */
  if (!rc)
    rc = allow(rules, SL_COVERAGE, LL_SCRATCH & known, err);
#endif
  return rc;
}

int guard_landlock(struct guard *g, struct sl_err *err)
{
  long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LL_VERSION_ONLY);
  if (abi < 1) {
    guard_fact(g, "landlock", false, "use a kernel with Landlock (5.13 or newer, lsm=landlock): without it only the engine's own settings "
               "keep it from other files", "the kernel has none");
    return SL_OK;
  }
  size_t size;
  struct ll_attr all = all_of(abi, &size);
  int rules = (int)syscall(SYS_landlock_create_ruleset, &all, size, 0);
  if (rules < 0)
    return sl_err_sys(err, errno, "the box cannot make its Landlock rules");
  int rc = add_rules(g, rules, all.fs, err);
  if (!rc && syscall(SYS_landlock_restrict_self, rules, 0))
    rc = sl_err_sys(err, errno, "the box cannot shut itself in by Landlock");
  close(rules);
  if (!rc)
    guard_fact(g, "landlock", true, NULL, "version %ld: files%s%s", abi, all.net ? ", TCP" : "", all.scoped ? ", signals" : "");
  return rc;
}
