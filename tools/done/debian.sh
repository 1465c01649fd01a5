# tools/done/debian.sh: an empty Debian 12 to try things in. Sourced after lib.sh; needs root.
#
# The base system is made once by debootstrap from this machine's own mirror and kept in .deps/debootstrap; each trial unpacks
# a copy. This machine's package sources, proxies and own certificate authorities are carried in, and nothing else.
base=$SLUICE_DEPS/debootstrap/bookworm.tar

mirror() {
  { grep -hE '^(URIs: |deb )' /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null; } |
    grep -oE '(https?|file)://[^ ]+' | grep -m 1 -E '/debian/?$'
}

debian_base() {
  [ -f "$base" ] && return
  local dir=$SLUICE_DEPS/debootstrap/new url
  url=$(mirror) || { echo "no Debian mirror in /etc/apt/sources.list*" >&2; return 1; }
  rm -rf "$dir"
  mkdir -p "$dir"
  debootstrap --variant=minbase bookworm "$dir" "$url" >&2 || return
  tar -C "$dir" --one-file-system -cf "$base.new" . && mv "$base.new" "$base"
  rm -rf "$dir"
}

carry_in() { # ROOT FILE...
  local root=$1 file
  shift
  for file in "$@"; do
    [ -e "$file" ] && install -D -m 644 "$file" "$root$file"
  done
  return 0
}

debian_mount() { # ROOT
  mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && mount --make-rslave "$1/dev" && mount -t tmpfs tmpfs "$1/tmp"
}

# Unmounts and removes a trial; refuses while anything is still mounted below it, since rm would follow.
debian_remove() { # ROOT
  [ -d "$1" ] || return 0
  umount -l "$1/tmp" "$1/dev" "$1/proc" 2>/dev/null
  if grep -q " $1/" /proc/mounts; then
    echo "$1 has mounts left: not removed" >&2
    return 1
  fi
  rm -rf --one-file-system "$1"
}

debian_new() { # ROOT
  debian_remove "$1" && mkdir -p "$1" || return
  tar -C "$1" -xf "$base" || return
  rm -f "$1/etc/apt/sources.list"
  carry_in "$1" /etc/resolv.conf /etc/hosts /etc/apt/sources.list /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list
  debian_mount "$1" || return
  if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    carry_in "$1" /usr/local/share/ca-certificates/*.crt
    debian_in "$1" sh -c 'apt-get update -q && apt-get install -q -y --no-install-recommends ca-certificates' >&2 || return
  fi
}

# A command inside, with a clean environment.
debian_in() { # ROOT COMMAND...
  local root=$1 ca=/etc/ssl/certs/ca-certificates.crt pass=() name
  shift
  for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY PIP_INDEX_URL PIP_DEFAULT_TIMEOUT; do
    [ -n "${!name:-}" ] && pass+=("$name=${!name}")
  done
  if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
    pass+=("PIP_CERT=$ca" "NODE_EXTRA_CA_CERTS=$ca" "SSL_CERT_FILE=$ca")
  fi
  chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive "${pass[@]}" "$@" </dev/null
}
