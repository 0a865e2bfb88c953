"""Executors of runs: the protocol that they follow, and the threads of this process."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import Protocol

from nntrain.comparison.jobs import Job, Variants
from nntrain.comparison.run_result import RunResult
from nntrain.utils.cpu import cores
from nntrain.utils.garbage import collecting_new

JOBS_PER_THREAD = 2  # jobs submitted ahead for each thread, so that memory does not grow with their number


class Executor(Protocol):
    """Executes jobs."""

    def run(self, variants: Variants, jobs: Iterable[Job]) -> Generator[tuple[Job, RunResult]]:
        """Yield each job with its result as it ends; closing the generator skips the rest."""
        ...


class Threads:
    """One thread per core: compiled epochs release the GIL, and threads share the data."""

    def __init__(self, interrupted: Callable[[], bool] = lambda: False, count: int | None = None) -> None:
        self._interrupted = interrupted
        self._count = count or cores()

    def run(self, variants: Variants, jobs: Iterable[Job]) -> Generator[tuple[Job, RunResult]]:
        """Yield each job with its result; interrupted runs are dropped."""
        left = iter(jobs)
        with collecting_new(), ThreadPoolExecutor(self._count) as pool:
            waiting: dict[Future[RunResult], Job] = {}
            done: SimpleQueue[Future[RunResult]] = SimpleQueue()

            def submit_next(count: int) -> None:
                for job in islice(left, count):
                    future = pool.submit(variants.run, job, self._interrupted)
                    waiting[future] = job
                    future.add_done_callback(done.put)

            for job in islice(left, 1):  # in the main thread, which receives signals
                variants.compile(job)
                left = chain([job], left)
            submit_next(JOBS_PER_THREAD * self._count)
            try:
                while waiting:
                    future = _taken(done)
                    if self._interrupted():
                        return
                    if future is not None:
                        submit_next(1)
                        yield waiting.pop(future), future.result()
            finally:
                for future in waiting:
                    future.cancel()


def _taken(done: "SimpleQueue[Future[RunResult]]") -> Future[RunResult] | None:
    try:
        return done.get(timeout=0.1)
    except Empty:
        return None
