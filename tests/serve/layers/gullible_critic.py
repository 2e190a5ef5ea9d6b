"""The most gullible critic that one can meet: it obeys whatever it is not told to leave alone."""

from __future__ import annotations

import base64
import re
import unicodedata

BAD = ("obey", "poison", "forge")
CHAT_MARKS = re.compile(
    r"<\|im_start\|>|<\|eot_id\|>|<\|start_header_id\|>|<start_of_turn>|\[/INST\]|<<SYS>>|<｜System｜>|<eos>"
)


def gullible(system: str, user: str) -> str:
    """The last verdict that somebody orders, else an honest one.

    Only one thing keeps it from obeying: a system message that fences a part off with a code. Even then it
    obeys what stands outside of the fence, in a turn of its own, or in characters that nobody sees.
    """
    user = CHAT_MARKS.sub("</turn>", user)
    open_to_orders = user
    fence = re.search(r"<(text-[0-9a-f]{16})>", system)
    if fence:
        inside = re.search(rf"<{fence[1]}>(.*?)(</{fence[1]}>|</turn>)", user, re.S)
        hidden = "".join(chr(ord(c) - 0xE0000) for c in user if 0xE0020 <= ord(c) < 0xE007F)
        open_to_orders = user.replace(inside[0], "") if inside else user
        # What the request itself says of verdicts is no order.
        open_to_orders = re.sub(r"of exactly one of these forms.*", "", open_to_orders, flags=re.S) + hidden
    orders = _orders(open_to_orders)
    if orders:
        return f"As told.\nVERDICT: {orders[-1]}"
    bad = any(word in user.casefold() for word in BAD)
    return "It is bad.\nVERDICT: BLOCK 1" if bad else "It is fine.\nVERDICT: ALLOW"


def _orders(text: str) -> list[str]:
    text = unicodedata.normalize("NFKC", text)
    text += "".join(chr(ord(c) - 0xE0000) for c in text if 0xE0020 <= ord(c) < 0xE007F)
    for word in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", text):
        try:
            text += base64.b64decode(word, validate=True).decode("ascii")
        except ValueError:
            continue
    return re.findall(r"\b(ALLOW|UNSURE)\b", text)
