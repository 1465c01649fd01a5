/* box/image_list.c: which pictures there are, and which of them are taken. */
#include "box/image_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "box/image_member.h"

enum { DEPTH_MAX = 32, NAMES_MAX = 192 << 20, GROUPS_MAX = 1 << 16, STEP = 256 };

struct sl_str image_list_path(const struct image_list *l, size_t i) { return sl_strn(l->names.p + l->at[i].at, l->at[i].n); }

struct sl_str image_list_group(const struct image_list *l, size_t i)
{
  return l->at[i].group == IMAGE_NO_GROUP ? SL_STR_NONE : sl_map_key(&l->groups, l->at[i].group);
}

/* ---- one more ---- */

static bool named_so(struct sl_str name)
{
  static const char *const ends[] = { ".jpg", ".jpeg", ".png" };
  for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    size_t n = strlen(ends[i]);
    if (name.n > n && sl_str_ieq(sl_str_from(name, name.n - n), sl_str(ends[i])))
      return true;
  }
  return false;
}

bool image_begins(struct sl_str s)
{
  return sl_str_starts(s, SL_STR("\377\330\377")) || sl_str_starts(s, SL_STR("\211PNG\r\n\032\n"));
}

static struct sl_str base_of(struct sl_str path)
{
  ptrdiff_t slash = sl_str_rchr(path, '/');
  return slash < 0 ? path : sl_str_from(path, (size_t)slash + 1);
}

enum image_named image_named(struct sl_str path)
{
  struct sl_str base = base_of(path);
  if (!base.n || base.p[0] == '.')
    return IMAGE_HIDDEN;
  return named_so(base) ? IMAGE_IS : IMAGE_PERHAPS;
}

int image_list_other(struct image_list *l, struct sl_str path, struct sl_err *err)
{
  l->others++;
  if (l->other)
    return SL_OK;
  l->other = sl_strndup(path.p, path.n);
  return l->other ? SL_OK : sl_err_nomem(err);
}

int image_list_add(struct image_list *l, struct sl_str path, uint32_t member, struct sl_err *err)
{
  if (l->n >= IMAGE_FILES_MAX || path.n > UINT32_MAX)
    return sl_err_set(err, SL_ELIMIT, "%s: more than %d pictures", sl_path_base(l->root), IMAGE_FILES_MAX);
  int rc = sl_grow((void **)&l->at, &l->cap, l->n + 1, sizeof *l->at, IMAGE_FILES_MAX, err);
  size_t at = l->names.n;
  sl_buf_str(&l->names, path);
  if (!rc)
    rc = sl_buf_check(&l->names, err);
  if (!rc)
    l->at[l->n++] = (struct image_entry){ .at = at, .n = (uint32_t)path.n, .group = IMAGE_NO_GROUP, .member = member };
  return rc;
}

/* ---- a folder ---- */

struct walk { struct image_list *l; struct sl_box_ctx *c; struct sl_buf path; size_t root; unsigned seen; struct sl_err *err; };

static bool begins_so(int dir, const char *name)
{
  char head[8];
  int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t n = fd >= 0 ? read(fd, head, sizeof head) : -1;
  if (fd >= 0)
    close(fd);
  return n > 0 && image_begins(sl_strn(head, (size_t)n));
}

static int walk_dir(struct walk *w, int dir, unsigned depth);

static int walk_below(struct walk *w, int dir, const char *name, unsigned depth)
{
  int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return sl_err_sys(w->err, errno, "cannot open the folder %s", sl_buf_zstr(&w->path));
  return walk_dir(w, fd, depth);
}

/* A link to a file is that file, if it lies below the root (seen when it is read); one to a folder may lead round. */
static int walk_entry(struct walk *w, int dir, const char *name, unsigned depth)
{
  struct stat st;
  struct sl_str path = sl_buf_view(&w->path);
  enum image_named is = image_named(path);
  bool link = !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode);
  if (is == IMAGE_HIDDEN || fstatat(dir, name, &st, 0))
    return is == IMAGE_IS ? image_list_add(w->l, path, 0, w->err) : image_list_other(w->l, path, w->err);
  if (S_ISDIR(st.st_mode))
    return link || depth >= DEPTH_MAX ? image_list_other(w->l, path, w->err) : walk_below(w, dir, name, depth + 1);
  if (S_ISREG(st.st_mode) && (is == IMAGE_IS || begins_so(dir, name)))
    return image_list_add(w->l, path, 0, w->err);
  return image_list_other(w->l, path, w->err);
}

static int walk_dir(struct walk *w, int dir, unsigned depth)
{
  DIR *d = fdopendir(dir);
  struct dirent *e;
  int rc = SL_OK;
  if (!d) {
    close(dir);
    return sl_err_nomem(w->err);
  }
  while (!rc && (e = readdir(d))) {
    size_t n = w->path.n;
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
      continue;
    sl_buf_printf(&w->path, "%s%s", n ? "/" : "", e->d_name);
    rc = sl_buf_check(&w->path, w->err);
    if (!rc)
      rc = walk_entry(w, dirfd(d), e->d_name, depth);
    sl_buf_cut(&w->path, n);
    if (++w->seen % STEP == 0)
      box_progress(w->c, 0, 0);
  }
  closedir(d);
  return rc;
}

static const struct image_list *sorting;

static int by_path(const void *a, const void *b)
{
  const struct image_entry *x = a, *y = b;
  return sl_str_cmp(sl_strn(sorting->names.p + x->at, x->n), sl_strn(sorting->names.p + y->at, y->n));
}

static int list_folder(struct image_list *l, struct sl_box_ctx *c, struct sl_err *err)
{
  struct walk w = { .l = l, .c = c, .err = err };
  sl_buf_init(&w.path, 1 << 20);
  l->dir = open(l->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int again = l->dir < 0 ? -1 : openat(l->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int rc = again < 0 ? sl_err_sys(err, errno, "cannot open the folder %s", l->root) : walk_dir(&w, again, 0);
  sl_buf_free(&w.path);
  sorting = l;
  if (!rc && l->n)
    qsort(l->at, l->n, sizeof *l->at, by_path);
  return rc;
}

/* ---- groups ---- */

static struct sl_str first_folder(struct sl_str path)
{
  ptrdiff_t slash = sl_str_chr(path, '/');
  return slash <= 0 ? SL_STR_NONE : sl_str_head(path, (size_t)slash);
}

/* An archive is often one folder packed whole: what all paths begin with is no group, as long as each still lies in a folder then. */
static size_t wrapped(const struct image_list *l)
{
  size_t skip = 0;
  for (;;) {
    struct sl_str first = first_folder(sl_str_from(image_list_path(l, 0), skip));
    bool same = first.n > 0;
    for (size_t i = 0; same && i < l->n; i++) {
      struct sl_str rest = sl_str_from(image_list_path(l, i), skip), f = first_folder(rest);
      same = sl_str_eq(f, first) && first_folder(sl_str_from(rest, f.n + 1)).n > 0;
    }
    if (!same)
      return skip;
    skip += first.n + 1;
  }
}

static int group_all(struct image_list *l, struct sl_err *err)
{
  size_t skip = l->packed ? wrapped(l) : 0;
  int rc = SL_OK;
  for (size_t i = 0; !rc && i < l->n; i++) {
    struct sl_str f = first_folder(sl_str_from(image_list_path(l, i), skip));
    size_t at;
    if (!f.n)
      continue;
    if (!sl_map_find(&l->groups, f, &at)) {
      if (sl_map_count(&l->groups) >= GROUPS_MAX)
        return sl_err_set(err, SL_ELIMIT, "%s: more than %d folders", sl_path_base(l->root), GROUPS_MAX);
      rc = sl_map_put(&l->groups, f, 0, &at, err);
    }
    if (!rc) {
      sl_map_set(&l->groups, at, sl_map_value(&l->groups, at) + 1);
      l->at[i].group = (uint32_t)at;
    }
  }
  return rc;
}

/* ---- open, close ---- */

int image_list_open(struct image_list *l, struct sl_box_ctx *c, const char *root, struct sl_err *err)
{
  struct stat st;
  *l = (struct image_list){ .root = sl_strdup(root), .dir = -1, .fd = -1 };
  sl_buf_init(&l->names, NAMES_MAX);
  sl_map_init(&l->groups);
  if (!l->root)
    return sl_err_nomem(err);
  if (stat(root, &st))
    return sl_err_sys(err, errno, "cannot open %s", root);
  l->packed = !S_ISDIR(st.st_mode);
  int rc = l->packed ? image_members(l, c, err) : list_folder(l, c, err);
  if (!rc && !l->n && l->other)
    rc = sl_err_set(err, SL_ENOENT, "%s holds no JPEG or PNG: %llu other file%s (%.60s)", sl_path_base(root),
                    (unsigned long long)l->others, l->others == 1 ? "" : "s", l->other);
  else if (!rc && !l->n)
    rc = sl_err_set(err, SL_ENOENT, "%s holds no JPEG or PNG: it is empty", sl_path_base(root));
  l->all = l->n;
  return rc ? rc : group_all(l, err);
}

void image_list_close(struct image_list *l)
{
  image_members_close(l);
  if (l->dir >= 0)
    close(l->dir);
  sl_map_free(&l->groups);
  sl_buf_free(&l->names);
  sl_free(l->at);
  sl_free(l->other);
  sl_free(l->root);
  *l = (struct image_list){ .dir = -1, .fd = -1 };
}

/* ---- a sample ---- */

struct share { uint64_t hash; size_t at; uint32_t group; };

static int by_hash(const void *a, const void *b)
{
  const struct share *x = a, *y = b;
  if (x->group != y->group)
    return x->group < y->group ? -1 : 1;
  return x->hash != y->hash ? (x->hash < y->hash ? -1 : 1) : (x->at > y->at) - (x->at < y->at);
}

static int by_place(const void *a, const void *b)
{
  const struct share *x = a, *y = b;
  return (x->at > y->at) - (x->at < y->at);
}

/* How many of a group of `size`: by the running sum, so that all shares together are n and none is off by more than one. */
static size_t quota(size_t before, size_t size, size_t all, size_t n)
{
  size_t from = (size_t)((double)before / (double)all * (double)n + 0.5);
  size_t to = (size_t)((double)(before + size) / (double)all * (double)n + 0.5);
  size_t k = to > from ? to - from : 0;
  return k < size ? k : size;
}

/* s is sorted by group and hash; those that are taken come first afterwards. Groups with none give up nothing: one of each comes first. */
static size_t choose(struct share *s, size_t all, size_t n)
{
  size_t kept = 0, groups = 1;
  for (size_t i = 1; i < all; i++)
    groups += s[i].group != s[i - 1].group;
  size_t first = n >= groups ? 1 : 0, rest = n - first * groups, left = all - first * groups, before = 0;
  for (size_t i = 0; i < all;) {
    size_t end = i;
    while (end < all && s[end].group == s[i].group)
      end++;
    size_t k = first + (left ? quota(before, end - i - first, left, rest) : 0);
    before += end - i - first;
    for (size_t j = i; j < i + k; j++)
      s[kept++] = s[j];
    i = end;
  }
  return kept;
}

int image_list_sample(struct image_list *l, size_t n, struct sl_err *err)
{
  if (n >= l->n)
    return SL_OK;
  struct share *s = sl_calloc(l->n + 1, sizeof *s);
  if (!s)
    return sl_err_nomem(err);
  for (size_t i = 0; i < l->n; i++)
    s[i] = (struct share){ sl_str_hash_keyed(image_list_path(l, i), 0x736c75696365, 0x696d61676573), i, l->at[i].group };
  qsort(s, l->n, sizeof *s, by_hash);
  size_t kept = choose(s, l->n, n);
  qsort(s, kept, sizeof *s, by_place);
  for (size_t i = 0; i < kept; i++)
    l->at[i] = l->at[s[i].at];
  l->n = kept;
  sl_free(s);
  return SL_OK;
}
