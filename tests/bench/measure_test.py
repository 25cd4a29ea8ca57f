"""The arithmetic of the figures: medians, the best baseline, least and largest ratio, both directions of a goal."""

import measure


def session():
    made = measure.Session(3, lambda text: None)
    rates = {"ours": [60, 90, 80], "pg.16": [10, 12, 11], "pg.64": [9, 9, 100]}
    made.samples = {name: [measure.Sample(rate, cpu_us=1000 / rate) for rate in values] for name, values in rates.items()}
    return made


def row(figure):
    return session().judge([figure])[0]


def main():
    rate, good, _ = row(measure.Figure("x", "/s", "ours", ["pg.16", "pg.64"], "rate", (">=", 7)))
    assert (rate["value"], rate["baseline"], rate["runs"]) == (80, 11, 3), "medians, and the baseline with the best median"
    assert abs(rate["ratio"] - 80 / 11) < 1e-9 and good, "the ratio of the medians decides"
    assert (rate["min"], rate["max"]) == (6, 7.5), "ratios of single rounds are the spread"
    assert not row(measure.Figure("x", "/s", "ours", ["pg.16"], "rate", (">=", 8)))[1], "a goal that is missed is told"
    assert row(measure.Figure("x", "us", "ours", ["pg.16"], "cpu_us", ("<=", 0.2)))[1], "less is better the other way round"
    assert row(measure.Absolute("x", "us", "ours", "cpu_us", ("<=", 12.6)))[0]["baseline"] is None, "an absolute goal has no baseline"
    assert session().judge([measure.Figure("x", "/s", "absent", ["pg.16"], "rate", (">=", 1))]) == [], "what was not run is not judged"
    rounds = []
    measure.Session(2, lambda text: None).interleave({n: lambda n=n: rounds.append(n) or measure.Sample(1) for n in "abc"})
    assert rounds == list("abccba"), "rounds are interleaved, every second one backwards"
    print("ok")


if __name__ == "__main__":
    main()
