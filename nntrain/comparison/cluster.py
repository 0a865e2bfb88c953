"""Runs on other machines: an existing Dask cluster, whose workers have nntrain installed.

A worker receives the complete recipe of each run and, once, the rows; it returns a line of the ledger. If a worker is
lost, Dask reruns its jobs elsewhere.
"""

import asyncio
import logging
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import suppress
from itertools import islice
from time import monotonic
from typing import Any

from nntrain.comparison.jobs import Job, Variants, run_alone
from nntrain.comparison.ledger import RESUME
from nntrain.comparison.run_result import RunResult
from nntrain.data import Dataset
from nntrain.errors import InputError, NntrainError, bad_input
from nntrain.recipe.schema import Recipe, to_data

JOBS_PER_THREAD = 4  # jobs submitted ahead for each thread of the cluster
TIMEOUT = 10  # seconds to wait for the scheduler and for its first worker
MAX_WAIT_FOR_WORKERS = 60  # seconds to wait for a new worker after losing the last one
WORKER_CHECK_INTERVAL = 1.0  # seconds
RESULT_TIMEOUT = 5  # seconds to fetch a result: a lost one would block until its run is repeated


class Cluster:
    """A Dask cluster.

    Args:
        address: of the scheduler, such as ``tcp://10.0.0.1:8786``.
        interrupted: returns whether to stop.
        note: called with messages for the user.

    Raises:
        InputError: if Dask is not installed, no scheduler answers, or it has no workers.
    """

    def __init__(
        self,
        address: str,
        interrupted: Callable[[], bool] = lambda: False,
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        try:
            import distributed
        except ImportError:
            raise bad_input("--dask", "Dask is not installed", "pip install 'nntrain[dask]'") from None
        for name in ("distributed", "distributed.client"):  # our own messages replace their logs
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self._interrupted, self._note = interrupted, note
        self._dask, self._address = distributed, address
        self._last_check = self._last_worker = monotonic()
        self._warned = False
        asyncio.run(_check(address))
        try:
            self._client = distributed.Client(address, timeout=TIMEOUT, set_as_default=False)
        except Exception as error:
            raise _no_scheduler(address, error) from None
        try:
            self._client.wait_for_workers(1, timeout=TIMEOUT)
        except TimeoutError:
            self.close()
            hint = f"start some with: dask worker {address}"
            raise bad_input("--dask", f"the scheduler at {address} has no workers", hint) from None

    def run(self, variants: Variants, jobs: Iterable[Job]) -> Generator[tuple[Job, RunResult]]:
        """Yield each job with its result as it ends; closing the generator cancels the rest.

        Raises:
            InputError: if the scheduler is lost, all workers are lost for more than a minute, or a run fails.
        """
        left, waiting, datasets = iter(jobs), dict[Any, Job](), dict[str, Any]()
        for fingerprint, variant in zip(variants.fingerprints, variants.all, strict=True):
            if fingerprint not in datasets:  # a task, not scattered, so that it survives the loss of a worker
                datasets[fingerprint] = self._client.submit(_same, variant.dataset, key=f"rows-{fingerprint}")

        def submit_next(count: int) -> None:
            for job in islice(left, count):
                rows = datasets[variants.fingerprints[job.variant]]
                future = self._client.submit(remote, job.key, to_data(job.recipe), rows, key=f"run-{job.key}")
                waiting[future] = job

        try:
            submit_next(JOBS_PER_THREAD * self._threads())
            while waiting:
                done = self._some_of(waiting)
                if self._interrupted():
                    return
                submit_next(len(done))
                for future in done:
                    result = self._result(future)
                    if result is None:
                        self._check_workers()
                    else:
                        self._last_worker = monotonic()
                        yield waiting.pop(future), result
        finally:
            if self._client.status == "running":
                with suppress(Exception):
                    self._client.cancel([*waiting, *datasets.values()])

    def _some_of(self, waiting: Iterable[Any]) -> set[Any]:
        """Return the futures that are done, after a short wait."""
        with self._client.as_current():
            try:
                done = set(self._dask.wait(list(waiting), timeout=0.2, return_when="FIRST_COMPLETED").done)
            except TimeoutError:
                done = set()
            except Exception:  # raised for futures canceled with the connection
                raise self._lost() from None
        if self._client.status != "running":
            raise self._lost()
        if not done:
            self._check_workers()
        return done

    def _check_workers(self) -> None:
        """Report missing workers, and give up after a while."""
        now = monotonic()
        if now < self._last_check + WORKER_CHECK_INTERVAL:
            return
        self._last_check = now
        if self._threads():
            self._last_worker, self._warned = now, False
        elif now > self._last_worker + MAX_WAIT_FOR_WORKERS:
            raise bad_input("--dask", f"the cluster at {self._address} has lost all its workers", RESUME)
        elif not self._warned:
            self._warned = True
            wait = f"waiting {MAX_WAIT_FOR_WORKERS} s for one (dask worker {self._address})"
            self._note(f"the cluster has no workers left: {wait}")

    def _threads(self) -> int:
        """Return the total number of worker threads."""
        try:
            return sum(self._client.nthreads().values())
        except Exception:
            raise self._lost() from None

    def _result(self, future: Any) -> RunResult | None:
        """Return the result of a run; None if it was lost with its worker, so that Dask repeats the run."""
        from distributed.comm.core import CommClosedError

        try:
            return RunResult.from_json(future.result(timeout=RESULT_TIMEOUT))
        except NntrainError:
            raise
        except TimeoutError:
            return None
        except CommClosedError:
            raise self._lost() from None
        except Exception as error:
            what = f"a run failed on a worker: {type(error).__name__}: {error}"
            raise bad_input("--dask", what, "is the same version of nntrain installed on all machines?") from None

    def _lost(self) -> InputError:
        return bad_input("--dask", f"lost the connection to the scheduler at {self._address}", RESUME)

    def close(self) -> None:
        """Disconnect; the cluster keeps running."""
        with suppress(Exception):
            self._client.close(timeout=2)


async def _check(address: str) -> None:
    """Raise an error unless a scheduler answers at ``address``.

    A client would take much longer and print tracebacks.
    """
    from distributed.core import rpc
    from distributed.security import Security

    try:
        arguments = Security().get_connection_args("client")
        async with asyncio.timeout(TIMEOUT), rpc(address, connection_args=arguments, timeout=TIMEOUT) as scheduler:
            kind = (await scheduler.identity())["type"]
    except (Exception, asyncio.CancelledError) as error:
        raise _no_scheduler(address, error) from None
    if kind != "Scheduler":
        raise bad_input(
            "--dask", f"the server at {address} is a {kind.lower()}, not a scheduler", "give the scheduler's address"
        )


def _no_scheduler(address: str, error: BaseException) -> InputError:
    if isinstance(error, ValueError | TypeError):  # the address itself is wrong
        return bad_input("--dask", f"found {address!r}: {error}", "as in --dask tcp://10.0.0.1:8786")
    if isinstance(error, MemoryError):  # an answer in another protocol, read as a length
        return bad_input("--dask", f"the server at {address} is not a scheduler", "is that port the dashboard's?")
    why = "timed out" if isinstance(error, TimeoutError | asyncio.CancelledError) else str(error)
    return bad_input("--dask", f"no scheduler answers at {address}: {why}", "start one with: dask scheduler")


def remote(key: str, recipe: Mapping[str, Any], dataset: Dataset) -> bytes:
    """Execute a run on a worker, on one thread, and return its line of the ledger."""
    return run_alone(key, Recipe.model_validate(dict(recipe)), dataset).to_json()


def _same(dataset: Dataset) -> Dataset:
    return dataset
