#!/usr/bin/env bash
# tools/build.sh PRESET [TARGET]: configure and build; release leaves build/sluice.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
preset=${1:-release} target=${2:-all}
case $preset in
  release|dev|tsan|cov) ;;
  *) echo "run build: release, dev, tsan or cov, not '$preset'" >&2; exit 2 ;;
esac

# Configured once: from then on ninja itself notices changed lists and CMake files.
[ -f "build/$preset/build.ninja" ] ||
  step "configure $preset" cmake --preset "$preset" -DSLUICE_DEPS_DIR="$deps"
step "build $preset" ninja -C "build/$preset" -j "$jobs" "$target"
if [ "$preset" = release ]; then
  [ -x build/release/sluice ] || die "the build made no program: build/release/sluice is missing"
  ln -sfn release/sluice build/sluice
fi
