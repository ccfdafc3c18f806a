"""Counters and histograms for one thread, without the locks of prometheus-client."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import inf

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override


class FastCounter:
    """A counter that is used by one thread only."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def inc(self) -> None:
        """Add one."""
        self.count += 1


class FastCounterVec(Collector):
    """A counter with labels for one thread, without a lock, which takes longer than counting."""

    def __init__(
        self, name: str, documentation: str, labels: Sequence[str], *, registry: CollectorRegistry
    ) -> None:
        self._description = (name, documentation, labels)
        self._counters: dict[tuple[str, ...], FastCounter] = {}
        registry.register(self)

    def labels(self, *values: str) -> FastCounter:
        """Return the counter with these label values."""
        return self._counters.setdefault(values, FastCounter())

    @override
    def collect(self) -> Iterator[Metric]:
        name, documentation, labels = self._description
        family = CounterMetricFamily(name, documentation, labels=labels)
        for values, counter in self._counters.copy().items():
            family.add_metric(values, counter.count)
        yield family


class FastHistogram(Collector):
    """A histogram of seconds for one thread, with the upper bounds of its buckets."""

    def __init__(
        self,
        name: str,
        documentation: str,
        *,
        buckets: Sequence[float],
        registry: CollectorRegistry,
    ) -> None:
        self._description = (name, documentation)
        self._bounds = (*map(float, buckets), inf)
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0
        registry.register(self)

    def observe(self, seconds: float) -> None:
        """Count a duration."""
        self._counts[bisect_left(self._bounds, seconds)] += 1
        self._sum += seconds

    @override
    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(*self._description)
        bounds = (*map(str, self._bounds[:-1]), "+Inf")
        family.add_metric([], [*zip(bounds, accumulate(self._counts), strict=True)], self._sum)
        yield family
