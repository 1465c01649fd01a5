# B4: docs/TOUR.md has the approval and the comparison; each step is a screen test at 80x24; the sheet is readable there without
# scrolling to the verdict.
. "$(dirname "$0")/lib.sh"
for word in approval compare; do
  grep -qi "^## .*$word" docs/TOUR.md || missed "docs/TOUR.md has no part about: $word"
done
pytest_item "the tour's approval" tests/tour/test_approval.py
pytest_item "the tour's comparison" tests/tour/test_compare.py
