"""Means of `sluice profile` beside Python's fractions: exact sums, however much cancels, whatever the size of the data."""
import json
import math
import random
import struct
from fractions import Fraction

import pytest

ROWS = 3000


def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def drawn(seed):
    """Columns whose plain sums keep few digits of the mean, or none."""
    d = random.Random(seed)
    halves = [d.uniform(-1, 1) * 10.0 ** d.randint(0, 18) for _ in range(ROWS // 2 - 1)]
    pairs = [v for h in halves for v in (h, -h)] + [0.1, 1e-9]
    huge = [d.choice((-1, 1)) * 1.7e308 for _ in range(ROWS)]
    wide = [d.choice((-1, 1)) * 10.0 ** d.uniform(-300, 300) for _ in range(ROWS)]
    out = {"pairs": pairs, "huge": huge, "wide": wide, "far": [1e15 + d.random() for _ in range(ROWS)],
           "tiny": [d.choice((-1, 1)) * 5e-324 * d.randint(1, 9) for _ in range(ROWS)], "same": [0.1] * ROWS,
           "narrow": [single(v) for v in pairs]}
    for v in out.values():
        d.shuffle(v)
    return out


def as_csv(columns):
    rows = zip(*columns.values())
    return "\n".join([",".join(columns), *(",".join(map(repr, r)) for r in rows)]) + "\n"


@pytest.mark.parametrize("seed", range(3))
def test_means_are_exact(sluice, seed):
    want = drawn(seed)
    (sluice.cwd / "d.csv").write_text(as_csv(want))
    types = json.dumps(dict.fromkeys(want, "DOUBLE")).replace('"', "'")
    sluice("sql", f"select * replace (narrow::float as narrow) from read_csv('d.csv', types={types})", "--out", "d.parquet")
    got = {r["name"]: r for r in json.loads(sluice("profile", "d.parquet", "-o", "json").text)}
    assert list(got) == list(want) and got["narrow"]["type"] == "FLOAT"
    for name, values in want.items():
        mean = sum(map(Fraction, values)) / ROWS
        assert abs(Fraction(got[name]["mean"]) - mean) <= abs(mean) * Fraction(2) ** -51 + Fraction(5e-324), name
    assert got["pairs"]["mean"] == math.fsum(want["pairs"]) / ROWS and got["same"]["mean"] == 0.1


def test_means_of_what_is_no_number(sluice):
    """As avg() says it: infinities and NaN count, a column of nulls alone has no mean."""
    (sluice.cwd / "d.csv").write_text("a,b,c,n,i,t\n1e16,1,nan,,3,x\n1.5,inf,2,,4,y\n-1e16,2.5,inf,,5,z\n0.1,inf,1.5,,6,z\n")
    sluice("sql", "select a, b, c::double as c, n::double as n, i, t, [a] as l from 'd.csv'", "--out", "d.parquet")
    got = {r["name"]: r.get("mean") for r in json.loads(sluice("profile", "d.parquet", "-o", "json").text)}
    assert got == {"a": 0.4, "b": "Infinity", "c": "NaN", "n": None, "i": 4.5, "t": None, "l": None}
    sluice("sql", "select 1.5::double as a where false", "--out", "none.parquet")
    assert json.loads(sluice("profile", "none.parquet", "-o", "json").text)[0]["mean"] is None


def test_some_of_many_columns(sluice):
    """More columns than go into one statement, texts among them: each has its own mean."""
    values = {f"c{i}": ["w", "x", "y"] if i % 7 == 0 else [1e16 * (i + 1), i + 0.25, -1e16 * (i + 1)] for i in range(90)}
    (sluice.cwd / "d.csv").write_text(as_csv(values))
    got = json.loads(sluice("profile", "d.csv", "-o", "json").text)
    assert [r["name"] for r in got] == list(values)
    for r in got:
        v = values[r["name"]]
        assert r["mean"] == (None if isinstance(v[0], str) else float(sum(map(Fraction, v)) / 3)), r["name"]
