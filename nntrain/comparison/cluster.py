"""Runs on other machines: an existing Dask cluster, whose workers have nntrain installed.

A worker is sent a run's complete recipe and rows, once for all of its runs, and sends back a line of the ledger. When a
worker is lost, Dask gives its runs to others.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack
from functools import cache
from itertools import islice
from typing import Any

from nntrain.comparison.jobs import Job, Row, Variants, run_alone
from nntrain.data import Dataset
from nntrain.errors import bad_input
from nntrain.network.crew import one_thread_each
from nntrain.recipe.schema import Recipe, to_data

AHEAD = 4  # jobs for each of the cluster's threads that are handed out at once
SECONDS = 20  # to wait for the scheduler, and for its first worker


class Cluster:
    """A Dask cluster: ``address`` is its scheduler's, such as ``tcp://10.0.0.1:8786``.

    Raises:
        InputError: if Dask is not installed, no scheduler answers, or it has no workers.
    """

    def __init__(self, address: str, interrupted: Callable[[], bool] = lambda: False) -> None:
        try:
            import distributed
        except ImportError:
            raise bad_input("--dask", "Dask is not installed", "pip install 'nntrain[dask]'") from None
        self._interrupted = interrupted
        self._dask = distributed
        try:
            self._client = distributed.Client(address, timeout=SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            hint = "start one by: dask scheduler"
            raise bad_input("--dask", f"no scheduler answers at {address}: {error}", hint) from None
        try:
            self._client.wait_for_workers(1, timeout=SECONDS)
        except TimeoutError:
            self._client.close()
            hint = f"start some by: dask worker {address}"
            raise bad_input("--dask", f"the scheduler at {address} has no workers", hint) from None

    def run(self, variants: Variants, jobs: Iterable[Job]) -> Generator[tuple[Job, Row]]:
        """Yield each job with what came of it, as they end; closing it takes back what is left."""
        left, waiting, datasets = iter(jobs), {}, {}
        for fingerprint, variant in zip(variants.fingerprints, variants.all, strict=True):
            if fingerprint not in datasets:  # a task, and not scattered: it is made again where a worker was lost
                datasets[fingerprint] = self._client.submit(_same, variant.dataset, key=f"rows-{fingerprint}")

        def hand_out(count: int) -> None:
            for job in islice(left, count):
                rows = datasets[variants.fingerprints[job.variant]]
                future = self._client.submit(remote, job.key, to_data(job.recipe), rows, key=f"run-{job.key}")
                waiting[future] = job

        hand_out(AHEAD * sum(self._client.nthreads().values()))
        try:
            while waiting:
                done = self._some_of(waiting)
                if self._interrupted():
                    return
                hand_out(len(done))
                for future in done:
                    yield waiting.pop(future), Row.from_json(future.result())
        finally:
            self._client.cancel([*waiting, *datasets.values()])

    def _some_of(self, waiting: Iterable[Any]) -> set[Any]:
        """Return those that are done, after a while at most."""
        try:
            with self._client.as_current():
                return set(self._dask.wait(list(waiting), timeout=0.2, return_when="FIRST_COMPLETED").done)
        except TimeoutError:
            return set()

    def close(self) -> None:
        """Leave the cluster, which goes on."""
        self._client.close()


def remote(key: str, recipe: Mapping[str, Any], dataset: Dataset) -> dict[str, Any]:
    """Make a run on a worker, on one thread, and return its line."""
    _one_thread_from_now_on()
    return run_alone(key, Recipe.model_validate(dict(recipe)), dataset).to_json()


def _same(dataset: Dataset) -> Dataset:
    return dataset


_LIMITS = ExitStack()  # held open, for as long as the worker lives


@cache
def _one_thread_from_now_on() -> None:
    _LIMITS.enter_context(one_thread_each())
