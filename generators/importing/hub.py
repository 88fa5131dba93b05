"""A model from the hub, by name."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from generators.directory import ADAPTER, INDEX, WEIGHTS
from generators.errors import MissingExtra
from generators.importing.contents import is_model_file, without_safetensors
from generators.importing.errors import CannotImport

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo

PREFIX: Final = "hub:"
SECONDS: Final = 10.0  # to the first answer


class Address(NamedTuple):
    """`OWNER/NAME` or `NAME`, and a branch, tag or commit."""

    name: str
    revision: str | None

    @classmethod
    def of(cls, source: str) -> Address:
        """The address in `hub:NAME` or `hub:NAME@REVISION`."""
        name, _, revision = source.removeprefix(PREFIX).partition("@")
        return cls(name, revision or None)


def download(source: str, target: Path) -> dict[str, str]:
    """Fetches a model's files, only safetensors and never a pickle; shows a bar on a terminal.

    Args:
        source: `hub:NAME` or `hub:NAME@REVISION`. The server is HF_ENDPOINT's where that is set.

    Returns:
        Where it came from: `source` and the exact `revision`.

    Raises:
        MissingExtra: huggingface_hub is not installed.
        CannotImport: there is no such model, it may not be read, it has no safetensors, or nobody answers.
    """
    if find_spec("huggingface_hub") is None:
        raise MissingExtra("The hub", "torch")
    from httpx2 import HTTPError
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError
    from huggingface_hub.utils.tqdm import disable_progress_bars

    address, endpoint = Address.of(source), os.environ.get("HF_ENDPOINT")
    known = _known(source, address, endpoint)
    files = [sibling.rfilename for sibling in known.siblings or ()]
    wanted = [file for file in files if is_model_file(file)]
    if not {WEIGHTS, INDEX, ADAPTER}.intersection(wanted):
        raise CannotImport(source, without_safetensors(files))
    try:
        with nullcontext() if sys.stderr.isatty() else disable_progress_bars():
            snapshot_download(
                address.name, revision=known.sha, local_dir=target, allow_patterns=wanted, endpoint=endpoint
            )
    except (HfHubHTTPError, HTTPError, OSError) as fault:
        if isinstance(fault, OSError) and fault.filename is not None:
            raise  # a full disk
        raise CannotImport(source, f"the download broke off ({_first_line(fault)})") from fault
    return {"source": source, "revision": str(known.sha)}


def _known(source: str, address: Address, endpoint: str | None) -> ModelInfo:
    """What the hub says about a model.

    Raises:
        CannotImport: nothing, or that it is not to be had.
    """
    from httpx2 import HTTPError
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        return HfApi(endpoint=endpoint).model_info(address.name, revision=address.revision, timeout=SECONDS)
    except HFValidationError as fault:
        reason = "a model of the hub is called NAME or OWNER/NAME"
        raise CannotImport(source, reason) from fault
    except GatedRepoError as fault:
        reason = "its owner lets nobody read it without consent; ask on its page, then log in with `hf auth login`"
        raise CannotImport(source, reason) from fault
    except RepositoryNotFoundError as fault:
        reason = f"the hub has no model {address.name}, or it is private"
        raise CannotImport(source, reason) from fault
    except RevisionNotFoundError as fault:
        reason = f"the hub's {address.name} has no revision {address.revision}"
        raise CannotImport(source, reason) from fault
    except OfflineModeIsEnabled as fault:
        reason = "HF_HUB_OFFLINE is set; unset it, or import a directory or an archive"
        raise CannotImport(source, reason) from fault
    except HfHubHTTPError as fault:
        raise CannotImport(source, f"the hub answers with an error ({_first_line(fault)})") from fault
    except (HTTPError, OSError) as fault:
        reason = "the hub cannot be reached; without a network, import a directory or an archive"
        raise CannotImport(source, reason) from fault


def _first_line(fault: BaseException) -> str:
    return next(iter(str(fault).splitlines()), type(fault).__name__).rstrip(".")
