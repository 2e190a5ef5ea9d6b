"""Write the table of attacks into docs/evaluate.md, between its two marks.

python scripts/attack_table.py
"""

from __future__ import annotations

from pathlib import Path

from eudaimon.evaluate.attack.listing import attack_table

PAGE = Path(__file__).parent.parent / "docs" / "evaluate.md"
BEGIN, END = "<!-- attacks: scripts/attack_table.py writes this table -->", "<!-- end of attacks -->"


def with_table(page: str) -> str:
    """The page with the table of today between its marks; raises `ValueError` for a page without them."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{PAGE} has no place for the table between {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{attack_table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
