"""Steps that are recorded once and replayed, so that a GPU need not wait while Python starts some hundred kernels."""

from __future__ import annotations

import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Final, NamedTuple, TypeAlias

import torch
from torch import Tensor

from generators.devices import is_shortage
from generators.gpt2.seats import Bucket, Seat

WORTH: Final = 16  # steps of one shape that are taken before it is recorded, which takes about as long as they do
MOST: Final = 32  # recordings that are kept; a crowd that grows and shrinks has nine sizes in each of few capacities
CLOSE: Final = 0.02  # of a row's least logit's distance to its largest: what bfloat16 may differ by, and no more
FAILURES: Final = 3  # in a row, other than of memory, after which nothing is recorded any more

Step: TypeAlias = Callable[[Bucket, Tensor, Tensor], Tensor]
Replay: TypeAlias = Callable[[], object]
Recorder: TypeAlias = Callable[[Callable[[], Tensor]], tuple[Replay, Tensor]]

_log: Final = logging.getLogger(__name__)
_one_at_a_time: Final = (
    Lock()
)  # of recordings in a process: a device must not be synchronised meanwhile, and each begins so


class _Recording(NamedTuple):
    """A step over the first rows of a bucket.

    Attributes:
        version: of the bucket's tensors; once it has others, the recording is of no use.
        inputs: int64 [3, rows]: token ids, the places that they take, and the rows whose answers are wanted.
        replay: takes the step.
        answer: float32 [rows, vocabulary], after that.
    """

    version: int
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
        self._failures = 0

    def __len__(self) -> int:
        """Recordings that are kept."""
        return len(self._kept)

    def clear(self) -> None:
        """Gives up all of them, and their memory."""
        self._kept.clear()

    def logits(self, bucket: Bucket, seats: Sequence[Seat], tokens: Sequence[int]) -> Tensor | None:
        """The logits [texts, vocabulary] of those in a bucket who go on by a token each; the caller's own.

        Whoever else sits among them is given a token, too, at the place where the next one will go.

        Returns:
            None where nothing has been done: the step was taken too seldom so far, it cannot be recorded, or somebody
            who waits has no place for a token more.
        """
        going = set(map(id, seats))
        if self._failures >= FAILURES or any(seat.is_full and id(seat) not in going for seat in bucket.seats):
            return None
        recording = self._of(bucket)
        if recording is None:
            return None
        unused = [0] * recording.inputs.shape[1]
        ids, places = list(unused), list(unused)
        for seat in bucket.seats:
            places[seat.row] = seat.used
        for seat, token in zip(seats, tokens, strict=True):
            ids[seat.row] = token
        wanted = [seat.row for seat in seats] + unused[len(seats) :]
        recording.inputs.copy_(torch.tensor((ids, places, wanted)), non_blocking=True)
        recording.replay()
        return recording.answer.index_select(0, recording.inputs[2])[: len(seats)]

    def _of(self, bucket: Bucket) -> _Recording | None:
        """The recording for those who sit in a bucket, made now if it is worth it."""
        for shape, kept in list(self._kept.items()):
            if shape[0] == bucket.capacity and kept.version != bucket.version:
                del self._kept[shape]
        shape = bucket.capacity, 1 << (len(bucket.seats) - 1).bit_length()
        if shape in self._kept:
            self._kept.move_to_end(shape)
            return self._kept[shape]
        self._taken[shape] += 1
        if self._taken[shape] <= WORTH:
            return None
        self._taken[shape] = 0
        made = self._made(bucket, shape[1])
        if made is not None:
            self._kept[shape] = made
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return made

    def _made(self, bucket: Bucket, rows: int) -> _Recording | None:
        """A recording that has been seen to answer as the step itself does; None where there can be none now."""
        inputs = torch.zeros((3, rows), dtype=torch.long, device=bucket.keys.device)
        inputs[1, : len(bucket.seats)] = torch.tensor([seat.used for seat in bucket.seats])
        try:
            expected = self._step(bucket, inputs[0], inputs[1]).clone()
            with _one_at_a_time:
                replay, answer = self._record(lambda: self._step(bucket, inputs[0], inputs[1]))
            replay()
            sound = expected.isfinite().all(1)  # a damaged adapter's text may sit among them
            apart = (answer - expected).abs().amax(1)[sound]
            spread = (expected.amax(1) - expected.amin(1))[sound]
            far = bool((apart > CLOSE * spread).any())
        except RuntimeError as fault:
            if is_shortage(fault) or (fault.__context__ is not None and is_shortage(fault.__context__)):
                self.clear()
            else:
                self._failures += 1
            _log.warning("no step of %d texts is recorded: %s", rows, fault)
            return None
        if far:
            self._failures = FAILURES
            self.clear()
            _log.warning("recorded steps are not used: their logits are off by %g", apart.max())
            return None
        if not sound.any():
            return None
        self._failures = 0
        return _Recording(bucket.version, inputs, replay, answer)


class GPURecorder:
    """Records what functions do on a GPU as CUDA graphs, https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs

    Only this thread's calls are recorded and kept from what a recording forbids: other models have threads of their
    own. A graph has memory of its own for what it computes in between.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._aside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def __call__(self, run: Callable[[], Tensor]) -> tuple[Replay, Tensor]:
        """A graph of what the function does, after a first run that the libraries set themselves up in."""
        with torch.cuda.device(self._device):
            current = torch.cuda.current_stream()
            try:
                self._aside.wait_stream(current)
                with torch.cuda.stream(self._aside):
                    run()
                current.wait_stream(self._aside)
                graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(graph, stream=self._aside, capture_error_mode="thread_local"):
                    answer = run()
            finally:
                torch.cuda.set_stream(current)  # which a recording that fails does not
        return graph.replay, answer
