"""Who somebody is in a chat, as a ChatMember says it."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final


class Standing(StrEnum):
    """The status of a ChatMember."""

    OWNER = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    BANNED = "kicked"

    @property
    def inside(self) -> bool:
        """Whether they are in the chat."""
        return self not in (Standing.LEFT, Standing.BANNED)

    @property
    def leads(self) -> bool:
        """Whether they are an administrator."""
        return self in (Standing.OWNER, Standing.ADMINISTRATOR)


ADMINISTRATORS_RIGHTS: Final = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
)
MEMBERS_RIGHTS: Final = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)


def chat_member(user: dict[str, Any], standing: Standing) -> dict[str, Any]:
    """A ChatMember; who is restricted here may nothing, who is an administrator may all that a bot may need."""
    described: dict[str, Any] = {"status": standing.value, "user": user}
    if standing is Standing.OWNER:
        described["is_anonymous"] = False
    elif standing is Standing.ADMINISTRATOR:
        described |= {"can_be_edited": False, "is_anonymous": False} | dict.fromkeys(ADMINISTRATORS_RIGHTS, True)
    elif standing is Standing.RESTRICTED:
        described |= {"is_member": True, "until_date": 0} | dict.fromkeys(MEMBERS_RIGHTS, False)
    elif standing is Standing.BANNED:
        described["until_date"] = 0
    return described
