"""Interleaved runs, medians, spread, and the figures made of them.

A subject is something that is run again and again; a round runs every subject of a group once, so that a slow minute of the machine
hits all of them. A figure compares the medians of two subjects and carries the least and the largest ratio of any one round."""

import dataclasses
import statistics


@dataclasses.dataclass
class Sample:
    rate: float             # operations per second
    cpu_us: float = 0.0     # CPU microseconds of the measured process per operation, load generator not included
    p50_us: float = 0.0
    p99_us: float = 0.0
    value: float = 0.0      # of a figure that is none of these

    @property
    def cpu_ns(self):
        return self.cpu_us * 1e3


@dataclasses.dataclass
class Figure:
    id: str
    unit: str
    subject: str            # name of the measured subject
    baselines: list         # names of subjects; the best one counts
    attribute: str          # of Sample, of both sides unless baseline_attribute says otherwise
    reach: tuple            # (">=" or "<=", number)
    baseline_attribute: str = ""


@dataclasses.dataclass
class Absolute:
    """A figure that is compared with a number instead of a subject."""
    id: str
    unit: str
    subject: str
    attribute: str
    reach: tuple


class Session:
    def __init__(self, runs, say):
        self.runs = runs
        self.say = say
        self.samples = {}

    def interleave(self, subjects):
        """subjects: {name: callable returning a Sample}. Odd rounds go backwards: nobody is always after the same neighbour."""
        for number in range(self.runs):
            self.round(number, subjects if number % 2 == 0 else dict(reversed(subjects.items())))

    def round(self, number, subjects):
        """One round in the order given, for subjects that need what an earlier one of the same round has shown."""
        for name, subject in subjects.items():
            sample = subject()
            self.samples.setdefault(name, []).append(sample)
            self.say(f"  round {number + 1}/{self.runs}  {name:34} {sample.rate:12,.0f}/s  {sample.cpu_us:8.2f} us CPU  p50 {sample.p50_us:8.1f} us"
                     f"  p99 {sample.p99_us:8.1f} us")

    def values(self, name, attribute):
        return [getattr(sample, attribute) for sample in self.samples[name]]

    def median(self, name, attribute):
        return statistics.median(self.values(name, attribute))

    def table(self):
        """Lines: one per subject."""
        yield f"{'subject':36} {'median/s':>12} {'least':>12} {'largest':>12} {'CPU us/op':>10} {'p50 us':>9} {'p99 us':>9}"
        for name in self.samples:
            rates = self.values(name, "rate")
            yield (f"{name:36} {statistics.median(rates):12,.0f} {min(rates):12,.0f} {max(rates):12,.0f} {self.median(name, 'cpu_us'):10.2f}"
                   f" {self.median(name, 'p50_us'):9.1f} {self.median(name, 'p99_us'):9.1f}")

    def judge(self, figures):
        """List of dictionaries {id, value, unit, baseline, ratio, min, max, runs} plus whether each reaches what it should."""
        rows = []
        for figure in figures:
            if figure.subject not in self.samples:
                continue
            value = self.median(figure.subject, figure.attribute)
            if isinstance(figure, Absolute):
                values = self.values(figure.subject, figure.attribute)
                row = dict(id=figure.id, value=value, unit=figure.unit, baseline=None, ratio=None, min=min(values), max=max(values), runs=len(values))
                compared = value
            else:
                attribute = figure.baseline_attribute or figure.attribute
                known = [name for name in figure.baselines if name in self.samples]
                if not known:
                    continue
                best = max(known, key=lambda name: self.median(name, attribute))
                baseline = self.median(best, attribute)
                ratios = [a / b for a, b in zip(self.values(figure.subject, figure.attribute), self.values(best, attribute)) if b]
                compared = value / baseline if baseline else float("inf")
                row = dict(id=figure.id, value=value, unit=figure.unit, baseline=baseline, ratio=compared, min=min(ratios), max=max(ratios), runs=len(ratios))
            relation, number = figure.reach
            rows.append((row, compared >= number if relation == ">=" else compared <= number, f"{relation} {number:g}"))
        return rows


def print_figures(rows, say):
    say(f"{'figure':24} {'value':>12} {'baseline':>12} {'ratio':>8} {'least':>8} {'largest':>8}  reach")
    for row, reached, reach in rows:
        cells = [f"{row['value']:12,.2f}"] + [f"{row[k]:{w},.2f}" if row[k] is not None else " " * (w - 1) + "-" for k, w in
                                              (("baseline", 12), ("ratio", 8), ("min", 8), ("max", 8))]
        say(f"{row['id']:24} {' '.join(cells)}  {reach:8} {'reached' if reached else 'MISSED'}  ({row['unit']})")
