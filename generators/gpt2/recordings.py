"""Steps that are recorded once and replayed, so that a GPU need not wait while Python starts some hundred kernels."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

import torch
from torch import Tensor

from generators.devices import is_shortage
from generators.gpt2.seats import Bucket, Seat

WORTH: Final = 16  # steps of one shape that are taken before it is recorded, which takes about as long as they do
MOST: Final = 32  # recordings that are kept: nine sizes of a crowd in each of a context's four capacities, nearly
CLOSE: Final = 0.02  # of the distance from the least logit to the largest: what bfloat16 may differ by, and no more

Step: TypeAlias = Callable[[Bucket, Tensor, Tensor], Tensor]
Replay: TypeAlias = Callable[[], object]
Recorder: TypeAlias = Callable[[Callable[[], Tensor]], tuple[Replay, Tensor]]

_log: Final = logging.getLogger(__name__)


class _Recording(NamedTuple):
    """A step over the first rows of a bucket.

    Attributes:
        keys: the bucket's at that time; once it has others, the recording is of no use.
        inputs: int64 [2, rows]: token ids, and the places that they take.
        replay: takes the step.
        answer: float32 [rows, vocabulary], after that.
    """

    keys: Tensor
    inputs: Tensor
    replay: Replay
    answer: Tensor


class Recordings:
    """Recorded steps of one model.

    Args:
        step: logits [rows, vocabulary] of the first rows of a bucket, after token ids [rows] at places [rows].
        record: makes a replay of a function without arguments, and what the replay writes its answer to.
    """

    def __init__(self, step: Step, record: Recorder) -> None:
        self._step = step
        self._record = record
        self._kept: OrderedDict[tuple[int, int], _Recording] = OrderedDict()
        self._taken: Counter[tuple[int, int]] = Counter()
        self._usable = True

    def __len__(self) -> int:
        """Recordings that are kept."""
        return len(self._kept)

    def logits(self, bucket: Bucket, seats: Sequence[Seat], tokens: Sequence[int]) -> Tensor | None:
        """The logits [texts, vocabulary] of those in a bucket who go on by a token each; the caller's own.

        Whoever else sits among them is given a token, too, at the place where the next one will go.

        Returns:
            None where nothing has been done: the step was taken too seldom so far, or it cannot be recorded.
        """
        going = set(map(id, seats))
        if not self._usable or any(seat.is_full and id(seat) not in going for seat in bucket.seats):
            return None
        recording = self._of(bucket)
        if recording is None:
            return None
        ids, places = [0] * recording.inputs.shape[1], [0] * recording.inputs.shape[1]
        for seat in bucket.seats:
            places[seat.row] = seat.used
        for seat, token in zip(seats, tokens, strict=True):
            ids[seat.row] = token
        recording.inputs.copy_(torch.tensor((ids, places)))
        recording.replay()
        return recording.answer[torch.tensor([seat.row for seat in seats], device=recording.answer.device)]

    def _of(self, bucket: Bucket) -> _Recording | None:
        """The recording for those who sit in a bucket, made now if it is worth it."""
        rows = 1 << (len(bucket.seats) - 1).bit_length()
        shape = bucket.capacity, rows
        kept = self._kept.get(shape)
        if kept is not None and kept.keys is bucket.keys:
            self._kept.move_to_end(shape)
            return kept
        self._kept.pop(shape, None)
        self._taken[shape] += 1
        if self._taken[shape] <= WORTH:
            return None
        self._taken[shape] = 0
        made = self._made(bucket, rows)
        if made is not None:
            self._kept[shape] = made
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return made

    def _made(self, bucket: Bucket, rows: int) -> _Recording | None:
        """A recording that has been seen to answer as the step itself does; None where there can be none."""
        inputs = torch.zeros((2, rows), dtype=torch.long, device=bucket.keys.device)
        inputs[1, : len(bucket.seats)] = torch.tensor([seat.used for seat in bucket.seats])
        try:
            expected = self._step(bucket, inputs[0], inputs[1]).clone()
            replay, answer = self._record(lambda: self._step(bucket, inputs[0], inputs[1]))
            replay()
            apart = (answer - expected).abs().max()
            close = bool(apart <= CLOSE * (expected.max() - expected.min()))
        except RuntimeError as fault:
            self._kept.clear()
            self._usable = is_shortage(fault)
            _log.warning("no step of %d texts is recorded: %s", rows, fault)
            return None
        if not close:
            self._kept.clear()
            self._usable = False
            _log.warning("recorded steps are not used: their logits are off by %g", apart)
            return None
        return _Recording(bucket.keys, inputs, replay, answer)


class GPURecorder:
    """Records what functions do on a GPU as CUDA graphs, https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs

    Only this thread's calls are recorded and kept from what a recording forbids: other models have threads of their
    own. Recordings share the memory for what they compute in between, because one thread replays them in turn.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._aside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, run: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
        """A graph of what the function does, after a first run that the libraries set themselves up in."""
        with torch.cuda.device(self._device):
            current = torch.cuda.current_stream()
            self._aside.wait_stream(current)
            with torch.cuda.stream(self._aside):
                run()
            current.wait_stream(self._aside)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, self._pool, self._aside, "thread_local"):
                answer = run()
        return graph.replay, answer
