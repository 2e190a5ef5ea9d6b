"""The README's commands run, its tree of rooms is the one on disk."""

from __future__ import annotations

import re

import pytest

EXPECTED_EXIT = re.compile(r"\s+# exits (\d+)$")


def shown(text: str) -> list[str]:
    """Lines of terminal output without what differs between machines: spacing, rules of tables, figures."""
    plain = re.sub(r"[\u2500-\u257f|]", " ", text)
    lines = (" ".join(re.sub(r"[-+]?\d[\d.,]*", "0", line).split()) for line in plain.splitlines())
    return [line for line in lines if line]


def commands(body: str) -> list[tuple[str, int, list[str]]]:
    """Command, expected exit status and expected output lines of a console block."""
    found: list[tuple[str, int, list[str]]] = []
    for line in body.replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            exits = EXPECTED_EXIT.search(line)
            found.append((EXPECTED_EXIT.sub("", line[2:]), int(exits[1]) if exits else 0, []))
        elif found and line.strip() not in ("", "..."):
            found[-1][2].append(line)
    return found


def test_the_parser_reads_commands_exits_and_output():
    body = "$ one --x  # exits 3\nsafe  0.12\n...\n$ two \\\n    three\n"
    assert commands(body) == [("one --x", 3, ["safe  0.12"]), ("two     three", 0, [])]
    assert shown("│ safe   0.12 │\n└──────┘\n") == ["safe 0"]


@pytest.mark.slow
@pytest.mark.parametrize("document", ["README.md", "docs/curate.md"])
def test_console_blocks_run(root, blocks, run, document):
    ran = 0
    for block in blocks(root / document, "console"):
        if block.reason is None:
            for command, status, output in commands(block.body):
                result = run(command)
                where = f"{document}, block at line {block.line}: {command}\n{result.stdout}{result.stderr}"
                assert result.returncode == status, where
                real = shown(result.stdout)
                missing = [line for line in output if not set(shown(line)) <= set(real)]
                assert not missing, f"{where}\nshown, but not printed: {missing}"
                ran += 1
    assert ran, f"{document} shows no command that can be run"


def test_bash_blocks_name_targets_that_make_has(root, tracked, blocks):
    targets = set(re.findall(r"^([a-z]+):", (root / "Makefile").read_text(encoding="utf-8"), re.M))
    named = {
        target
        for path in tracked
        if path.suffix == ".md"
        for block in blocks(path, "bash")
        for words in re.findall(r"^make ([a-z ]+)", block.body, re.M)
        for target in words.split()
    }
    assert {"quickstart", "test"} <= named <= targets


def test_the_tree_is_the_rooms_on_disk(root):
    tree = re.findall(r"^[├└]── (\w+)/ +\S", (root / "README.md").read_text(encoding="utf-8"), re.M)
    assert sorted(tree) == sorted(path.parent.name for path in (root / "src/eudaimon").glob("*/__init__.py"))
