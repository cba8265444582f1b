"""Requests of the same moment, run as one batch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from albumen.vision.network import OnnxNetwork

Arrays = Mapping[str, NDArray[Any]]


@dataclass
class Counts:
    """What a model has done since it was loaded."""

    requests: int = 0
    failures: int = 0
    rows: int = 0
    batches: int = 0
    seconds: float = 0.0


@dataclass
class _Waiting:
    inputs: Arrays
    rows: int
    answer: asyncio.Future[Arrays]

    @property
    def kind(self) -> tuple[Any, ...]:
        """Requests of one kind can stand in one batch."""
        return tuple((name, array.shape[1:]) for name, array in sorted(self.inputs.items()))


@dataclass
class BatchingModel:
    """One network and the requests that wait for it.

    Attributes
    ----------
    network : OnnxNetwork
    most_rows : int
        Largest batch.
    wait_s : float
        So long a request that is alone waits for others.
    most_waiting : int
        Requests beyond these are refused.
    """

    network: OnnxNetwork
    most_rows: int
    wait_s: float
    most_waiting: int = 256
    counts: Counts = field(default_factory=Counts)
    _queue: asyncio.Queue[_Waiting] = field(default_factory=asyncio.Queue)
    _thread: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    @property
    def takes_batches(self) -> bool:
        """Whether the first dimension of every input may vary."""
        return all(not isinstance(shape[0], int) for shape in self.network.inputs.values())

    async def infer(self, inputs: Arrays) -> Arrays:
        """Outputs of one request, as soon as its batch is done.

        Raises
        ------
        OverflowError
            When too many wait.
        """
        if self._queue.qsize() >= self.most_waiting:
            raise OverflowError(f"{self.most_waiting} requests wait")
        waiting = _Waiting(inputs, len(next(iter(inputs.values()))), asyncio.get_running_loop().create_future())
        self._queue.put_nowait(waiting)
        return await waiting.answer

    async def work(self) -> None:
        """Take what waits and run it, until cancelled."""
        held: _Waiting | None = None
        while True:
            batch = [held or await self._queue.get()]
            held = await self._fill(batch) if self.takes_batches else None
            await self._answer(batch)

    async def _fill(self, batch: list[_Waiting]) -> _Waiting | None:
        """Add what fits; the first that does not is given back for the next batch."""
        rows, deadline = batch[0].rows, asyncio.get_running_loop().time() + self.wait_s
        while rows < self.most_rows:
            try:
                left = deadline - asyncio.get_running_loop().time()
                following = await asyncio.wait_for(self._queue.get(), max(left, 0.0))
            except TimeoutError:
                return None
            if following.kind != batch[0].kind or rows + following.rows > self.most_rows:
                return following
            batch.append(following)
            rows += following.rows
        return None

    async def _answer(self, batch: list[_Waiting]) -> None:
        batch = [one for one in batch if not one.answer.done()]  # who hung up wants no answer
        if not batch:
            return
        loop = asyncio.get_running_loop()
        inputs = {name: np.concatenate([one.inputs[name] for one in batch]) for name in batch[0].inputs}
        begun = loop.time()
        self.counts.requests += len(batch)
        try:
            outputs = await loop.run_in_executor(self._thread, self._run, inputs)
        except Exception as error:
            if len(batch) > 1:  # one of them may be to blame, the others get their answer
                self.counts.requests -= len(batch)
                for one in batch:
                    await self._answer([one])
                return
            self.counts.failures += 1
            batch[0].answer.set_exception(error)
            return
        self.counts.batches += 1
        self.counts.rows += sum(one.rows for one in batch)
        self.counts.seconds += loop.time() - begun
        first = 0
        for one in batch:
            if not one.answer.done():
                one.answer.set_result({name: array[first : first + one.rows] for name, array in outputs.items()})
            first += one.rows

    def _run(self, inputs: Arrays) -> Arrays:
        if self.takes_batches:
            return self.network.run(inputs)
        rows = len(next(iter(inputs.values())))
        each = [self.network.run({name: array[n : n + 1] for name, array in inputs.items()}) for n in range(rows)]
        return {name: np.concatenate([one[name] for one in each]) for name in each[0]}
