"""What Deequ says of sketches of numbers that a formula gives: written once into data/deequ_kll.json; Spark is too large for each run.

    python -m venv V; V/bin/pip install pyspark==3.5.*
    mvn dependency:get -Dartifact=com.amazon.deequ:deequ:2.0.7-spark-3.5 -Dtransitive=false
    V/bin/python tests/peers/deequ_oracle.py DEEQU.jar tests/peers/data/deequ_kll.json       (Java 17)
"""
import json
import sys

from pyspark.sql import SparkSession

# (rows, step, modulus, shift) of value(i) = i * step % modulus + shift: all different, many equal, more than one level, a constant
SETS = [(300, 7, 311, 0.5), (20000, 7919, 20011, 0), (30000, 104729, 30011, 900), (8000, 3, 5, 0), (9000, 4, 5, 0), (50, 1, 1, 3)]
PAIRS = [(0, 1), (1, 2), (3, 4), (2, 2), (5, 3), (1, 5)]


def numbers(rows, step, modulus, shift):
    return [float(i * step % modulus + shift) for i in range(rows)]


def main(jar, out):
    spark = (SparkSession.builder.master("local[1]").config("spark.driver.extraClassPath", jar).config("spark.ui.enabled", "false")
             .config("spark.driver.memory", "1g").getOrCreate())
    jvm = spark._jvm

    def module(name):
        return jvm.java.lang.Class.forName(name).getField("MODULE$").get(None)

    ordering, tag = module("scala.math.Ordering$Double$"), jvm.scala.reflect.ClassTag.Double()
    distance, none = module("com.amazon.deequ.analyzers.Distance$"), module("scala.None$")
    sketches = []
    for case in SETS:
        sketch = jvm.com.amazon.deequ.analyzers.QuantileNonSample(2048, 0.64, ordering, tag)
        for v in numbers(*case):
            sketch.update(v)
        sketches.append(sketch)
    levels = [[list(level) for level in s.getCompactorItems()] for s in sketches]
    found = {"deequ": "2.0.7-spark-3.5", "sets": SETS,
             "levels": [[[len(level), sum(level), sum(v * k for k, v in enumerate(sorted(level)))] for level in each] for each in levels],
             "pairs": [[a, b, distance.numericalDistance(sketches[a], sketches[b], True, none),
                        distance.numericalDistance(sketches[a], sketches[b], False, none)] for a, b in PAIRS]}
    with open(out, "w", encoding="utf-8") as f:
        f.write(json.dumps(found) + "\n")


main(*sys.argv[1:])
