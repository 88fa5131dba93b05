"""Files on their way up, and files that Telegram keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a request brings it."""

    name: str
    data: bytes
    mime_type: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that can be fetched.

    Attributes:
        id: what getFile takes.
        path: where getFile says it lies.
        name: as the sender called it.
        data: its bytes.
        mime_type: as the sender said.
    """

    id: str
    path: str
    name: str
    data: bytes
    mime_type: str

    def json(self) -> dict[str, Any]:
        """The fields that File, Document and PhotoSize share."""
        return {"file_id": self.id, "file_unique_id": f"unique-{self.id}", "file_size": len(self.data)}

    def document(self) -> dict[str, Any]:
        """A Document."""
        return {**self.json(), "file_name": self.name, "mime_type": self.mime_type}

    def photo(self) -> list[dict[str, Any]]:
        """The sizes of a photo; this server keeps one."""
        return [{**self.json(), "width": 640, "height": 480}]
