"""A card that nobody measured, and the same one full of hostile strings."""

from __future__ import annotations

import pytest

from eudaimon.core import Score
from eudaimon.curate.audit.records import Agreement, AuditPlan, AuditRecord, GroupFinding, Stratum
from eudaimon.curate.card.record import (
    CardRecord,
    ControlRow,
    Example,
    FileRow,
    Histogram,
    PolicyWords,
    Projection,
    RemovedRow,
    RuleWords,
    SourceRow,
    StageRow,
)

HOSTILE = (
    "<script>window.pwned=1</script>",
    "</style><svg onload=alert(1)><image href=http://evil.example/x.png></svg>",
    "\"><img src=x onerror=alert(2)>'{{7*7}}{% raw %}",
    "]]><!-- $\\frac{a}{b}$ %s &amp; \u202egnp.exe\u200b\x00\x07 \U000e0041",
    '=HYPERLINK("http://evil.example";"x")',
    "a" * 90,
    "שלום 你好 🙂 \u0301\u0301 javascript:alert(1)",
)
SOURCES = {
    "books": (60, 41_000_000),
    "textbooks": (300, 22_000_000),
    "comments": (7_900, 1_600_000),
    "": (40, 9),
}
CATEGORIES = ("hate", "violence", "fraud", "self_harm", "privacy", "other")
STANCES = ("enacts", "advocates", "instructs", "")


def score(value: float, half: float, n: int) -> Score:
    return Score(value=value, low=max(0.0, value - half), high=min(1.0, value + half), n=n)


def build(strange: tuple[str, ...] = ()) -> CardRecord:
    counter = iter(range(10**6))

    def odd(text: str) -> str:
        return f"{text} {strange[next(counter) % len(strange)]}" if strange else text

    names = [odd(name) for name in SOURCES] if strange else list(SOURCES)
    sources = tuple(
        SourceRow(
            source=name,
            n_documents=n,
            n_dropped=k,
            n_errors=k,
            n_touched=11 * k,
            n_segments=40 * n,
            characters={
                "keep": size - size // 50 * (k > 0),
                "mask": size // 100 * (k > 0),
                "redact": size // 200 * (k > 0),
                "drop": size // 200 * (k > 0),
            },
            read=size,
        )
        for k, (name, (n, size)) in enumerate(zip(names, SOURCES.values(), strict=True))
    )
    removed = tuple(
        RemovedRow(
            source=source,
            category=category if not strange else odd(category),
            stance=STANCES[k % 4],
            rule=odd("bad persona"),
            fate="mask",
            n_spans=7 + k,
            n_characters=900 * (k + 1) * (place + 1),
        )
        for place, source in enumerate(names[1:])
        for k, category in enumerate(CATEGORIES)
    )
    examples = tuple(
        Example(
            document=odd(f"d{k:05d}"),
            source=names[k % 4],
            start=10 * k,
            end=10 * k + 50,
            fate="mask" if k < 9 else "keep",
            rule=odd("bad persona") if k < 9 else "",
            why="a bad persona speaks" if k < 9 else "",
            category=odd(CATEGORIES[k % 6]),
            stance=STANCES[k % 3],
            frame="none" if k < 9 else "condemns",
            severity=float(k % 6),
            harm=0.9 - 0.03 * k,
            voice=odd("Mr. Hyde"),
            text=odd(f"An invented passage about the goat, number {k}. " * 9) if k != 4 else None,
            before=odd("What stood before it. "),
            after=odd(" What came after it."),
        )
        for k in range(12)
    )
    strata = tuple(
        Stratum(name=f"{s} {b} {d}", source=s, bin=b, sort=d, n_segments=900, n_drawn=9)
        for s in names
        for b in range(3)
        for d in ("kept", "removed")
    )
    plan = AuditPlan(
        policy="prosocial",
        policy_hash="af98bfdb8f35bb8e",
        models=("m0",),
        seed=3,
        edges=(0.1, 0.4),
        strata=strata,
        n_segments=330_000,
        n_errors=12,
        n_unscored=0,
    )
    groups = (
        *(
            GroupFinding(
                kind="source",
                name=name,
                n_rated=70,
                over_removal=score(0.001 + 0.004 * k, 0.002, 70),
                wrong=score(0.2, 0.1, 30),
            )
            for k, name in enumerate(names[:3])
        ),
        GroupFinding(kind="source", name=names[3], n_rated=2),
        GroupFinding(
            kind="dialect",
            name=odd("Scots and Scottish English"),
            n_rated=9,
            over_removal=score(0.02, 0.02, 9),
        ),
        GroupFinding(kind="identity", name=odd("women"), n_rated=31, over_removal=score(0.004, 0.003, 31)),
    )
    audit = AuditRecord(
        plan=plan,
        raters=(odd("ann"), "judge m"),
        rubrics=("r1",),
        n_items=300,
        n_rated=296,
        n_skipped=3,
        n_unclear=1,
        precision=score(0.81, 0.06, 150),
        recall=score(0.62, 0.2, 296),
        prevalence=score(0.011, 0.005, 296),
        over_removal=score(0.0021, 0.0008, 296),
        groups=groups,
        agreement=(
            Agreement(question="verdict", level="nominal", alpha=score(0.71, 0.1, 90)),
            Agreement(question="stance", level="nominal", why_not=odd("all ratings are 0")),
        ),
        limits={"dialect": odd("A marker is no proof."), "identity": "A term says who is spoken of."},
        notes=(odd("Alpha is of the sample."),),
    )
    rule = RuleWords(
        name=odd("bad persona"), when="any harm has a probability of 0.5 or more", do="mask it", why=odd("so")
    )
    return CardRecord(
        title=odd("prosocial on corpora"),
        policy=PolicyWords(
            name="prosocial",
            hash="af98bfdb8f35bb8e",
            about=odd("The default."),
            not_scored="Set aside as an error.",
            segments=(rule,),
            documents=(rule,),
        ),
        models=("m0", odd("m1")),
        scorer="5f3a",
        sources=sources,
        removed=removed,
        histogram=Histogram(
            edges=tuple(k / 40 for k in range(41)),
            kept=tuple(int(200_000 * 0.7**k) for k in range(40)),
            removed=(0,) * 20 + tuple(3 * k for k in range(20)),
            n_unscored=4,
        ),
        examples=examples,
        stages=(
            StageRow(
                stage="linear",
                n_documents=8_000,
                n_segments=330_000,
                n_characters=64_000_000,
                cpu_seconds=31.5,
                n_changed=330_000,
            ),
            StageRow(
                stage=odd("encoder"),
                n_documents=900,
                n_segments=33_000,
                n_characters=6_000_000,
                cpu_seconds=210.25,
                n_changed=4_100,
            ),
        ),
        other_cpu_seconds=22.0,
        projection=Projection(
            n_tokens=15e12,
            characters_per_token=3.94,
            n_characters_measured=64_000_000,
            core_hours=67_700.0,
            stages={"linear": 8_080.0, "reading and writing": 5_643.0},
            assumptions=(odd("cores like those of this machine"),),
        ),
        audit=audit,
        controls=(
            ControlRow(
                kind="random removal",
                stratum=names[2],
                wanted=9_000,
                drawn=8_996,
                missing=0,
                seed=0,
            ),
        ),
        quarantine={"encoding": 3, odd("syntax"): 1},
        errors={odd("not scored: too long"): 6},
        files=tuple(
            FileRow(name=odd(f"file{k}.jsonl.gz"), n_bytes=20_552_453, fingerprint="ab" * 16)
            for k in range(44)
        ),
        characters_per_token=3.94,
        command=odd("eudaimon curate card scores --policy prosocial"),
        versions={"eudaimon": "0.1.0"},
        machine=odd("2 cores"),
        notes=(odd("4 ids name more than one document."),),
    )


@pytest.fixture(scope="session")
def card() -> CardRecord:
    return build()


@pytest.fixture(scope="session")
def hostile_card() -> CardRecord:
    return build(HOSTILE)


@pytest.fixture(scope="session")
def bare_card(card: CardRecord) -> CardRecord:
    """The same card of a corpus on which nothing was found, audited or measured."""
    plain = tuple(
        SourceRow(source=r.source, n_documents=r.n_documents, characters={"keep": r.before})
        for r in card.sources
    )
    return card.model_copy(
        update={
            "sources": plain,
            "removed": (),
            "examples": (),
            "stages": (),
            "projection": None,
            "audit": None,
            "controls": (),
            "quarantine": {},
            "errors": {},
            "files": (),
            "notes": (),
            "histogram": Histogram(edges=(0.0, 1.0), kept=(0,), removed=(0,)),
        }
    )
