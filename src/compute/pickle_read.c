/* compute/pickle_read.c: the opcodes of a pickle, protocol 0 to 5, over a stack of plain values.
 *
 * Each opcode pushes data, or moves what is on the stack; the three that would call something (REDUCE, NEWOBJ, BUILD) go to pickle_make.c,
 * which makes records; those that lead out of the file (persistent ids, extensions, buffers beside the stream) are refused, as are the two
 * that only classes of Python 2 need. The machine has no pointer to a function but the table below. Everything is counted: opcodes, stack,
 * marks, memo, memory. */
#include "base/buf.h"
#include "compute/pickle_int.h"

#include <stdarg.h>
#include <stdio.h>

int pk_bad(const struct pk_vm *vm, int code, const char *fmt, ...)
{
  char why[200];
  va_list ap;
  if (vm->err && vm->err->code)
    return vm->err->code;
  va_start(ap, fmt);
  vsnprintf(why, sizeof why, fmt, ap);
  va_end(ap);
  return sl_err_set(vm->err, code, "%s: byte %zu: %s", vm->d->file, (size_t)(vm->op - vm->from), why);
}

struct sl_str pk_take(struct pk_vm *vm, size_t n)
{
  if ((size_t)(vm->end - vm->p) < n) {
    (void)pk_bad(vm, SL_EPARSE, "the file ends in the middle of a value");
    return SL_STR_NONE;
  }
  vm->p += n;
  return sl_strn(vm->p - n, n);
}

static struct sl_str take_line(struct pk_vm *vm)
{
  const char *nl = memchr(vm->p, '\n', (size_t)(vm->end - vm->p));
  if (!nl) {
    (void)pk_bad(vm, SL_EPARSE, "a line without an end");
    return SL_STR_NONE;
  }
  struct sl_str s = sl_strn(vm->p, (size_t)(nl - vm->p));
  vm->p = nl + 1;
  return s;
}

static bool take_le(struct pk_vm *vm, unsigned bytes, uint64_t *out)
{
  struct sl_str s = pk_take(vm, bytes);
  *out = 0;
  for (unsigned i = 0; s.p && i < bytes; i++)
    *out |= (uint64_t)(unsigned char)s.p[i] << (8 * i);
  return s.p != NULL;
}

/* ---- the stack ---- */

static int push(struct pk_vm *vm, struct pk *v)
{
  if (!v)
    return vm->err && vm->err->code ? vm->err->code : SL_ENOMEM;
  if (vm->n == vm->cap) {
    int rc = vm->n >= PK_STACK_MAX ? pk_bad(vm, SL_ELIMIT, "more than %d values on the stack", PK_STACK_MAX)
                                   : sl_grow((void **)&vm->stack, &vm->cap, vm->n + 1, sizeof *vm->stack, PK_STACK_MAX, vm->err);
    if (rc)
      return rc;
  }
  vm->stack[vm->n++] = v;
  return SL_OK;
}

static size_t floor_of(const struct pk_vm *vm) { return vm->nmarks ? vm->mark[vm->nmarks - 1] : 0; }

static struct pk *pop(struct pk_vm *vm)
{
  if (vm->n > floor_of(vm))
    return vm->stack[--vm->n];
  (void)pk_bad(vm, SL_EPARSE, "the stack is empty");
  return NULL;
}

static struct pk *top(struct pk_vm *vm)
{
  if (vm->n > floor_of(vm))
    return vm->stack[vm->n - 1];
  (void)pk_bad(vm, SL_EPARSE, "the stack is empty");
  return NULL;
}

static int op_mark(struct pk_vm *vm)
{
  if (vm->nmarks >= PK_MARKS_MAX)
    return pk_bad(vm, SL_ELIMIT, "nested deeper than %d", PK_MARKS_MAX);
  int rc = sl_grow((void **)&vm->mark, &vm->marks_cap, vm->nmarks + 1, sizeof *vm->mark, PK_MARKS_MAX, vm->err);
  if (!rc)
    vm->mark[vm->nmarks++] = vm->n;
  return rc;
}

/* Where the values above the last mark begin; the mark goes. SIZE_MAX: there is none. */
static size_t unmark(struct pk_vm *vm)
{
  if (vm->nmarks)
    return vm->mark[--vm->nmarks];
  (void)pk_bad(vm, SL_EPARSE, "no mark");
  return SIZE_MAX;
}

static int push_new(struct pk_vm *vm, enum pk_kind kind) { return push(vm, pk_new(vm->d, kind, vm->err)); }

static int push_int(struct pk_vm *vm, enum pk_kind kind, int64_t i)
{
  int rc = push_new(vm, kind);
  if (!rc)
    vm->stack[vm->n - 1]->u.i = i;
  return rc;
}

static int push_float(struct pk_vm *vm, double f)
{
  int rc = push_new(vm, PK_FLOAT);
  if (!rc)
    vm->stack[vm->n - 1]->u.f = f;
  return rc;
}

static int push_text(struct pk_vm *vm, enum pk_kind kind, struct sl_str s)
{
  int rc = s.p ? push_new(vm, kind) : pk_bad(vm, SL_EPARSE, "no text");
  if (!rc)
    vm->stack[vm->n - 1]->u.s = s;
  return rc;
}

/* n values off the stack into a list, tuple, set or dictionary on it. */
static int push_of(struct pk_vm *vm, enum pk_kind kind, size_t from)
{
  struct pk *v = from == SIZE_MAX ? NULL : pk_new(vm->d, kind, vm->err);
  int rc = v ? SL_OK : vm->err && vm->err->code ? vm->err->code : SL_ENOMEM;
  if (!rc && kind == PK_DICT && (vm->n - from) % 2)
    rc = pk_bad(vm, SL_EPARSE, "a key without a value");
  for (size_t i = from; !rc && i < vm->n; i++)
    rc = pk_push(vm->d, &v->u.list, vm->stack[i], vm->err);
  if (rc)
    return rc;
  vm->n = from;
  return push(vm, v);
}

static int push_last(struct pk_vm *vm, size_t n)
{
  return vm->n - floor_of(vm) < n ? pk_bad(vm, SL_EPARSE, "the stack is empty") : push_of(vm, PK_TUPLE, vm->n - n);
}

/* The values from `from` on into what lies below them. */
static int add_to(struct pk_vm *vm, enum pk_kind kind, size_t from)
{
  if (from == SIZE_MAX || from <= floor_of(vm) || from > vm->n)
    return pk_bad(vm, SL_EPARSE, "nothing to add to");
  struct pk *to = vm->stack[from - 1];
  bool items = kind == PK_DICT && to->kind == PK_OBJECT;
  if (to->kind != kind && !items)
    return pk_bad(vm, SL_EPARSE, "items are added to what holds none of them");
  if (kind == PK_DICT && (vm->n - from) % 2)
    return pk_bad(vm, SL_EPARSE, "a key without a value");
  int rc = SL_OK;
  for (size_t i = from; !rc && i < vm->n; i++)
    rc = pk_push(vm->d, items ? &to->u.o.items : &to->u.list, vm->stack[i], vm->err);
  vm->n = from;
  return rc;
}

static int add_last(struct pk_vm *vm, enum pk_kind kind, size_t n)
{
  return vm->n - floor_of(vm) <= n ? pk_bad(vm, SL_EPARSE, "nothing to add to") : add_to(vm, kind, vm->n - n);
}

/* ---- the memo: numbered as it grows, which is how every pickler numbers it ---- */

static int put(struct pk_vm *vm, uint64_t i)
{
  struct pk *v = top(vm);
  int rc = v ? SL_OK : SL_EPARSE;
  if (!rc && (i > vm->nmemo || i >= PK_MEMO_MAX))
    rc = pk_bad(vm, SL_ELIMIT, "memo %llu before %zu", (unsigned long long)i, vm->nmemo);
  if (!rc && i == vm->nmemo) {
    rc = sl_grow((void **)&vm->memo, &vm->memo_cap, vm->nmemo + 1, sizeof *vm->memo, PK_MEMO_MAX, vm->err);
    vm->nmemo += !rc;
  }
  if (!rc)
    vm->memo[i] = v;
  return rc;
}

static int get(struct pk_vm *vm, uint64_t i)
{
  return i < vm->nmemo ? push(vm, vm->memo[i]) : pk_bad(vm, SL_EPARSE, "memo %llu, which was not put", (unsigned long long)i);
}

static int memo_line(struct pk_vm *vm, int (*what)(struct pk_vm *, uint64_t))
{
  uint64_t i;
  struct sl_str s = take_line(vm);
  return s.p && sl_str_u64(s, &i) ? what(vm, i) : pk_bad(vm, SL_EPARSE, "no number of a memo");
}

static int memo_le(struct pk_vm *vm, unsigned bytes, int (*what)(struct pk_vm *, uint64_t))
{
  uint64_t i;
  return take_le(vm, bytes, &i) ? what(vm, i) : SL_EPARSE;
}

/* ---- numbers and texts ---- */

static int op_int(struct pk_vm *vm)
{
  int64_t i;
  struct sl_str s = take_line(vm);
  if (sl_str_eqz(s, "00") || sl_str_eqz(s, "01"))
    return push_int(vm, PK_BOOL, s.p[1] == '1');
  return s.p && sl_str_i64(s, &i) ? push_int(vm, PK_INT, i) : pk_bad(vm, SL_EPARSE, "no whole number");
}

static int op_long(struct pk_vm *vm)
{
  int64_t i;
  struct sl_str s = take_line(vm);
  if (s.n && s.p[s.n - 1] == 'L')
    s.n--;
  return s.p && sl_str_i64(s, &i) ? push_int(vm, PK_INT, i) : push_text(vm, PK_BIG, s);
}

static int op_long_le(struct pk_vm *vm, unsigned wide)
{
  uint64_t n, v = 0;
  if (!take_le(vm, wide, &n))
    return SL_EPARSE;
  struct sl_str s = pk_take(vm, n > (uint64_t)(vm->end - vm->p) ? SIZE_MAX : (size_t)n);
  if (!s.p)
    return SL_EPARSE;
  if (n > 8)
    return push_text(vm, PK_BIG, s);
  for (size_t i = 0; i < n; i++)
    v |= (uint64_t)(unsigned char)s.p[i] << (8 * i);
  if (n && n < 8 && (unsigned char)s.p[n - 1] & 0x80)
    v |= ~(uint64_t)0 << (8 * n);
  return push_int(vm, PK_INT, (int64_t)v);
}

static int op_binint(struct pk_vm *vm, unsigned wide)
{
  uint64_t v;
  if (!take_le(vm, wide, &v))
    return SL_EPARSE;
  return push_int(vm, PK_INT, wide == 4 ? (int64_t)(int32_t)(uint32_t)v : (int64_t)v);
}

static int op_float(struct pk_vm *vm)
{
  double f;
  struct sl_str s = take_line(vm);
  return s.p && sl_str_f64(s, &f) ? push_float(vm, f) : pk_bad(vm, SL_EPARSE, "no number");
}

static int op_binfloat(struct pk_vm *vm)
{
  struct sl_str s = pk_take(vm, 8);
  const struct npy a = { .type = { .kind = 'f', .big = true, .size = 8 }, .n = 1, .raw = s };
  return s.p ? push_float(vm, npy_f64(&a, 0)) : SL_EPARSE;
}

static int op_text(struct pk_vm *vm, enum pk_kind kind, unsigned wide)
{
  uint64_t n;
  if (!take_le(vm, wide, &n))
    return SL_EPARSE;
  struct sl_str s = pk_take(vm, n > (uint64_t)(vm->end - vm->p) ? SIZE_MAX : (size_t)n);
  return s.p ? push_text(vm, kind, s) : SL_EPARSE;
}

static bool hex(struct sl_str s, size_t at, size_t n, uint32_t *out)
{
  *out = 0;
  for (size_t i = at; i < at + n; i++) {
    char c = i < s.n ? s.p[i] : 0;
    int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
    if (v < 0)
      return false;
    *out = *out << 4 | (uint32_t)v;
  }
  return true;
}

/* Protocol 0: bytes are Latin-1, and a backslash begins a character by its number. */
static int op_unicode(struct pk_vm *vm)
{
  struct sl_buf b;
  uint32_t c;
  struct sl_str s = take_line(vm);
  sl_buf_init(&b, PK_MEMORY_MAX);
  for (size_t i = 0; i < s.n; i++) {
    size_t n = i + 1 < s.n && s.p[i] == '\\' ? s.p[i + 1] == 'u' ? 4 : s.p[i + 1] == 'U' ? 8 : 0 : 0;
    bool one = n && hex(s, i + 2, n, &c) && c <= 0x10ffff;
    sl_buf_u8(&b, one ? c : (unsigned char)s.p[i]);
    i += one ? n + 1 : 0;
  }
  int rc = s.p ? sl_buf_check(&b, vm->err) : SL_EPARSE;
  char *kept = rc ? NULL : sl_arena_strndup(&vm->d->arena, b.n ? b.p : "", b.n);
  size_t n = b.n;
  sl_buf_free(&b);
  return rc ? rc : kept ? push_text(vm, PK_TEXT, sl_strn(kept, n)) : pk_no_room(vm->d, vm->err);
}

/* Protocol 0's texts in quotes, as Python 2 wrote them. */
static int op_string(struct pk_vm *vm)
{
  struct sl_str s = sl_str_trim(take_line(vm));
  if (s.n < 2 || (s.p[0] != '\'' && s.p[0] != '"') || s.p[s.n - 1] != s.p[0] || memchr(s.p, '\\', s.n))
    return pk_bad(vm, SL_EUNSUP, "a text of Python 2 with escapes in it");
  return push_text(vm, PK_TEXT, sl_strn(s.p + 1, s.n - 2));
}

/* ---- names, and what would call them ---- */

static int push_name(struct pk_vm *vm, struct sl_str module, struct sl_str name)
{
  if (!module.n || !name.n || module.n > PK_NAME_MAX || name.n > PK_NAME_MAX)
    return pk_bad(vm, SL_EPARSE, "no name of a class");
  int rc = push_new(vm, PK_CLASS);
  if (!rc) {
    vm->stack[vm->n - 1]->u.cls.module = module;
    vm->stack[vm->n - 1]->u.cls.name = name;
  }
  return rc;
}

static int op_global(struct pk_vm *vm)
{
  struct sl_str module = take_line(vm), name = module.p ? take_line(vm) : SL_STR_NONE;
  return name.p ? push_name(vm, module, name) : SL_EPARSE;
}

static int op_stack_global(struct pk_vm *vm)
{
  struct pk *name = pop(vm), *module = name ? pop(vm) : NULL;
  return module ? push_name(vm, pk_text(module), pk_text(name)) : SL_EPARSE;
}

static int op_reduce(struct pk_vm *vm)
{
  struct pk *args = pop(vm), *callable = args ? pop(vm) : NULL, *made = NULL;
  int rc = callable ? pk_make(vm, callable, args, &made) : SL_EPARSE;
  return rc ? rc : push(vm, made);
}

static int op_newobj(struct pk_vm *vm, bool keywords)
{
  struct pk *kw = keywords ? pop(vm) : NULL, *args = kw || !keywords ? pop(vm) : NULL, *cls = args ? pop(vm) : NULL, *made = NULL;
  if (kw && (kw->kind != PK_DICT || kw->u.list.n))
    return pk_bad(vm, SL_EUNSUP, "an object that is made with names");
  int rc = cls ? pk_instance(vm, cls, args, &made) : SL_EPARSE;
  return rc ? rc : push(vm, made);
}

static int op_build(struct pk_vm *vm)
{
  struct pk *state = pop(vm), *target = state ? top(vm) : NULL;
  return target ? pk_build(vm, target, state) : SL_EPARSE;
}

static int op_pop(struct pk_vm *vm)
{
  if (vm->n > floor_of(vm))
    vm->n--;
  else if (vm->nmarks)
    vm->nmarks--;
  else
    return pk_bad(vm, SL_EPARSE, "the stack is empty");
  return SL_OK;
}

static int op_pop_mark(struct pk_vm *vm)
{
  size_t from = unmark(vm);
  vm->n = from == SIZE_MAX ? vm->n : from;
  return from == SIZE_MAX ? SL_EPARSE : SL_OK;
}

static int op_frame(struct pk_vm *vm)
{
  uint64_t n;
  if (!take_le(vm, 8, &n))
    return SL_EPARSE;
  return n > (uint64_t)(vm->end - vm->p) ? pk_bad(vm, SL_EPARSE, "a frame that is longer than the file") : SL_OK;
}

static int op_proto(struct pk_vm *vm)
{
  uint64_t n;
  if (!take_le(vm, 1, &n))
    return SL_EPARSE;
  return n > 5 ? pk_bad(vm, SL_EUNSUP, "protocol %u", (unsigned)n) : SL_OK;
}

static int refuse(struct pk_vm *vm, int op)
{
  const char *why = op == 'P' || op == 'Q' ? "refers to something outside the file" : op >= 0x82 && op <= 0x84
      ? "names an extension by its number"
    : op == 0x97 || op == 0x98 ? "takes its bytes from outside the file" : op == 'i' || op == 'o' ? "makes an object of Python 2" : NULL;
  return why ? pk_bad(vm, SL_EUNSUP, "the opcode %02X %s", (unsigned)op, why) : pk_bad(vm, SL_EPARSE, "%02X is no opcode", (unsigned)op);
}

/* Opcodes of protocol 2 and up. */
static int step_new(struct pk_vm *vm, int op)
{
  switch (op) {
  case 0x80: return op_proto(vm);
  case 0x81: return op_newobj(vm, false);
  case 0x85: return push_last(vm, 1);
  case 0x86: return push_last(vm, 2);
  case 0x87: return push_last(vm, 3);
  case 0x88: return push_int(vm, PK_BOOL, 1);
  case 0x89: return push_int(vm, PK_BOOL, 0);
  case 0x8a: return op_long_le(vm, 1);
  case 0x8b: return op_long_le(vm, 4);
  case 0x8c: return op_text(vm, PK_TEXT, 1);
  case 0x8d: return op_text(vm, PK_TEXT, 8);
  case 0x8e: return op_text(vm, PK_BYTES, 8);
  case 0x8f: return push_new(vm, PK_SET);
  case 0x90: return add_to(vm, PK_SET, unmark(vm));
  case 0x91: return push_of(vm, PK_SET, unmark(vm));
  case 0x92: return op_newobj(vm, true);
  case 0x93: return op_stack_global(vm);
  case 0x94: return put(vm, vm->nmemo);
  case 0x95: return op_frame(vm);
  case 0x96: return op_text(vm, PK_BYTES, 8);
  default: return refuse(vm, op);
  }
}

static int step_containers(struct pk_vm *vm, int op)
{
  switch (op) {
  case ']': return push_new(vm, PK_LIST);
  case '}': return push_new(vm, PK_DICT);
  case ')': return push_new(vm, PK_TUPLE);
  case 'l': return push_of(vm, PK_LIST, unmark(vm));
  case 'd': return push_of(vm, PK_DICT, unmark(vm));
  case 't': return push_of(vm, PK_TUPLE, unmark(vm));
  case 'a': return add_last(vm, PK_LIST, 1);
  case 'e': return add_to(vm, PK_LIST, unmark(vm));
  case 's': return add_last(vm, PK_DICT, 2);
  case 'u': return add_to(vm, PK_DICT, unmark(vm));
  default: return refuse(vm, op);
  }
}

static int step_values(struct pk_vm *vm, int op)
{
  switch (op) {
  case 'N': return push_new(vm, PK_NONE);
  case 'I': return op_int(vm);
  case 'L': return op_long(vm);
  case 'F': return op_float(vm);
  case 'G': return op_binfloat(vm);
  case 'J': return op_binint(vm, 4);
  case 'K': return op_binint(vm, 1);
  case 'M': return op_binint(vm, 2);
  case 'S': return op_string(vm);
  case 'V': return op_unicode(vm);
  case 'T': return op_text(vm, PK_TEXT, 4);
  case 'U': return op_text(vm, PK_TEXT, 1);
  case 'X': return op_text(vm, PK_TEXT, 4);
  case 'B': return op_text(vm, PK_BYTES, 4);
  case 'C': return op_text(vm, PK_BYTES, 1);
  default: return step_containers(vm, op);
  }
}

static int step(struct pk_vm *vm, int op)
{
  switch (op) {
  case '(': return op_mark(vm);
  case '0': return op_pop(vm);
  case '1': return op_pop_mark(vm);
  case '2': return push(vm, top(vm));
  case 'c': return op_global(vm);
  case 'R': return op_reduce(vm);
  case 'b': return op_build(vm);
  case 'p': return memo_line(vm, put);
  case 'q': return memo_le(vm, 1, put);
  case 'r': return memo_le(vm, 4, put);
  case 'g': return memo_line(vm, get);
  case 'h': return memo_le(vm, 1, get);
  case 'j': return memo_le(vm, 4, get);
  default: return op >= 0x80 ? step_new(vm, op) : step_values(vm, op);
  }
}

static int run(struct pk_vm *vm, struct pk **out)
{
  int rc = SL_OK;
  while (!rc) {
    vm->op = vm->p;
    struct sl_str c = pk_take(vm, 1);
    if (!c.p)
      return SL_EPARSE;
    if (c.p[0] == '.') {
      *out = vm->nmarks ? NULL : pop(vm);
      return *out && !vm->n ? SL_OK : pk_bad(vm, SL_EPARSE, "ends with something else on the stack");
    }
    if (++vm->ops > PK_OPS_MAX)
      return pk_bad(vm, SL_ELIMIT, "more than %llu opcodes", (unsigned long long)PK_OPS_MAX);
    rc = step(vm, (unsigned char)c.p[0]);
  }
  return rc;
}

/* What lower levels say knows the file at most: say where it was. */
static void locate(const struct pk_vm *vm)
{
  struct sl_err *err = vm->err;
  struct sl_str file = sl_str(vm->d->file), said = sl_str(err->msg);
  bool names = sl_str_starts(said, file) && sl_str_starts(sl_str_from(said, file.n), SL_STR(": "));
  if (names && sl_str_starts(sl_str_from(said, file.n), SL_STR(": byte ")))
    return;
  if (names)
    memmove(err->msg, err->msg + file.n + 2, said.n - file.n - 1);
  sl_err_prefix(err, "%s: byte %zu", vm->d->file, (size_t)(vm->op - vm->from));
}

int pk_run(struct pk_vm *outer, struct pk **out)
{
  struct pk_vm vm = { .d = outer->d, .err = outer->err, .from = outer->from, .p = outer->p, .end = outer->end, .op = outer->p,
                      .ops = outer->ops, .inner = outer->inner + 1 };
  *out = NULL;
  int rc = vm.inner > PK_INNER_MAX ? pk_bad(outer, SL_ELIMIT, "pickles within pickles") : run(&vm, out);
  if (rc && outer->err && !outer->err->code)
    rc = pk_bad(&vm, rc, "cannot be read");
  if (rc)
    locate(&vm);
  outer->p = vm.p;
  outer->ops = vm.ops;
  sl_free(vm.stack);
  sl_free(vm.mark);
  sl_free(vm.memo);
  return rc;
}

int sl_pickle_read(struct pk_doc *out, struct sl_str bytes, const char *file, struct sl_err *err)
{
  struct sl_err own = { 0 };
  *out = (struct pk_doc){ .file = file };
  sl_arena_init(&out->arena, PK_MEMORY_MAX);
  const char *p = bytes.n ? bytes.p : "";
  struct pk_vm vm = { .d = out, .err = &own, .from = p, .p = p, .end = p + bytes.n, .op = p };
  int rc = pk_run(&vm, &out->root);
  if (!rc && vm.p != vm.end) {
    vm.op = vm.p;
    rc = pk_bad(&vm, SL_EPARSE, "more follows the end of the pickle");
  }
  if (rc) {
    if (err)
      *err = own;
    pk_doc_free(out);
  }
  return rc;
}
