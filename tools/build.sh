#!/usr/bin/env bash
# tools/build.sh PRESET: configure and build; release leaves build/sluice.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
preset=${1:-release}

# Configured again only when it must be: ninja itself notices changed lists and CMake files.
if [ ! -f "build/$preset/build.ninja" ]; then
  step "configure $preset" cmake --preset "$preset"
fi
step "build $preset" ninja -C "build/$preset" -j "$jobs"
if [ "$preset" = release ] && [ -x build/release/bin/sluice ]; then
  ln -sfn release/bin/sluice build/sluice
elif [ "$preset" = release ]; then
  program=$(find build/release -name sluice -type f -perm -u+x -not -path '*/CMakeFiles/*' | head -n 1)
  [ -n "$program" ] || die "the build made no program 'sluice'"
  ln -sfn "${program#build/}" build/sluice
fi
