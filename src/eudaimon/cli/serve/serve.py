"""``eudaimon serve``: a guarded model over OpenAI's interface."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from typer import Argument, Option

from eudaimon.cli.options import MODEL_HELP, Device, Dtype, Force, Json
from eudaimon.cli.output import print_json, print_line
from eudaimon.cli.serve.options import Access, Along, Enough, Records, Upstream
from eudaimon.cli.serve.starting import ends_on_sigterm

if TYPE_CHECKING:
    from eudaimon.serve.asked import Answerer, Mode
    from eudaimon.serve.facts import GuardFacts
    from eudaimon.serve.http.settings import Settings
    from eudaimon.serve.opening import Wanted
    from eudaimon.serve.second import Side


class Policy(StrEnum):
    """What a verdict does."""

    value: Literal["block", "score"]
    block = "block"
    score = "score"


def serve(
    model: Annotated[
        str,
        Argument(
            help=f"{MODEL_HELP} town: the quickstart's assistant, with monitors of its own. With "
            "--upstream: a guard, such as minilm-guard.",
            show_default=False,
        ),
    ],
    along: Along,
    upstream: Upstream,
    access: Access,
    records: Records,
    enough: Enough,
    monitor: Annotated[
        Path | None, Option(help="The monitor that reads queries and answers.", metavar="FILE")
    ] = None,
    answers: Annotated[
        Path | None,
        Option(
            help="A monitor that reads the answers instead, in their context: `monitor fit --reads answer`.",
            metavar="FILE",
        ),
    ] = None,
    adapters: Annotated[
        str | None,
        Option(help="Adapters that act, in order: persona=FOLDER,em=FOLDER, or folders.", metavar="LIST"),
    ] = None,
    policy: Annotated[
        Policy | None,
        Option(
            help="End what is flagged, or only tell. Default: block; score for a side on which a packaged "
            "guard was never shown to be better than chance.",
            show_default=False,
        ),
    ] = None,
    allow_policy: Annotated[
        bool, Option("--allow-policy", help="Let a request ask for score where the server blocks.")
    ] = False,
    fail_open: Annotated[
        bool, Option("--fail-open", help="Pass what a failing check could not read; every response says so.")
    ] = False,
    unguarded: Annotated[bool, Option("--unguarded", help="Serve without a monitor.")] = False,
    device: Device = None,
    dtype: Dtype = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Serve a model that watches itself, or a guard in front of another server, over OpenAI's interface.

    Ends on Ctrl-C or SIGTERM, after what runs has ended. The log goes to standard error as JSON lines.
    """
    from eudaimon.cli.parse import parse_adapters
    from eudaimon.core import UsageError
    from eudaimon.serve.guards import guard_names
    from eudaimon.serve.opening import Wanted, with_town

    require_extra()
    tokens = access.bearer_tokens()
    wanted = Wanted(
        model=model,
        monitor=monitor,
        answers=answers,
        adapters=parse_adapters(adapters),
        calibration=along.calibration,
        hold_back=along.hold_back,
        steer=along.steer,
        steer_how=along.steer_how.value,
        drift=along.drift,
        layers=along.layers,
        slots=along.slots,
        queue=along.queue,
        upstream=upstream.upstream,
        upstream_model=upstream.upstream_model,
        upstream_key_env=upstream.upstream_key_env,
        side_by_side=upstream.side_by_side,
        fail_open=fail_open,
        device=device,
        dtype=dtype,
        force=force,
    )
    wanted = with_town(wanted, guarded=not unguarded)
    if not upstream.upstream and model in guard_names() and not Path(model).exists():
        raise UsageError(
            f"{model} is a guard and answers nothing itself",
            right="the server in front of which it stands",
            do=f"eudaimon serve {model} --upstream http://127.0.0.1:8001/v1",
        )
    if wanted.guard is None and not unguarded:
        raise UsageError(
            "nothing would guard the model", right="a monitor", do="--monitor FILE, or --unguarded"
        )
    if wanted.guard is not None and unguarded:
        raise UsageError("--unguarded and a monitor", right="one of the two")
    if (records.audit_required or records.audit_text) and records.audit is None:
        raise UsageError("there is no audit log to require or to fill", do="--audit FILE")
    from eudaimon.serve.facts import guard_facts
    from eudaimon.serve.guards import guard_file
    from eudaimon.serve.http.settings import Settings

    file = guard_file(wanted.guard) if wanted.guard is not None else None
    facts = guard_facts(file, wanted) if file is not None else None
    settings = Settings(
        input=_mode(facts, policy, "input"),
        output=_mode(facts, policy, "output"),
        allow_policy=allow_policy,
        tokens=tokens,
        hosts=access.hosts(tokens),
        cors=tuple(access.cors or ()),
        monitor=facts.name if facts else "none",
        monitor_hash=facts.hash if facts else "",
        measured={
            one.side: {"auroc": one.auroc, "low": one.low, "high": one.high, "n": one.n}
            for one in (facts.measured if facts else ())
        },
        log_text=records.log_text,
        limits=enough.limits(),
    )
    # A packaged guard's name has become its file; in front of another server it stays what was named.
    named = wanted if wanted.upstream else replace(wanted, monitor=file)
    with ends_on_sigterm():
        run(named, settings, facts, access, records, as_json)


def run(wanted: Wanted, settings: Settings, facts: GuardFacts | None, access: Access, records: Records,
        as_json: bool) -> None:  # fmt: skip
    """Open whoever answers, and serve until told to end."""
    from eudaimon.serve.http.audit import Audit
    from eudaimon.serve.http.logs import log_to
    from eudaimon.serve.http.running import serve as serve_http
    from eudaimon.serve.opening import open_answerer

    audit = None
    if records.audit is not None:
        audit = Audit(records.audit, keep_text=records.audit_text, required=records.audit_required)
    try:
        answerer = open_answerer(wanted)
        log_to(sys.stderr, records.log_text)
        serve_http(
            answerer,
            settings,
            audit,
            host=access.host,
            port=access.port,
            listening=lambda host, port: told(answerer, settings, facts, host, port, as_json),
        )
    finally:
        if audit is not None:
            audit.close()


def told(
    answerer: Answerer, settings: Settings, facts: GuardFacts | None, host: str, port: int, as_json: bool
) -> None:
    """Say where the server listens, what it guards with, and what it does when that fails."""
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if as_json:
        from dataclasses import asdict

        print_json(
            {
                "url": f"{url}/v1",
                "model": answerer.name,
                "policy": {"input": settings.input, "output": settings.output},
                "guard": asdict(facts) if facts else None,
                "fail_open": answerer.fails_open,
                "tokens": len(settings.tokens),
            }
        )
        return
    print_line(f"{answerer.name} at {url}/v1")
    for line in facts.lines() if facts else ("no guard: nobody looks at what is asked or answered",):
        print_line(line)
    does = {"block": "ends the answer", "score": "is told beside it", "off": "is never made"}
    hit = f"a hit {does[settings.input]}"
    if settings.output != settings.input:
        hit = f"a hit on a query {does[settings.input]}, one on an answer {does[settings.output]}"
    print_line(f"{hit}; a request may loosen that: {_yes(settings.allow_policy)}")
    print_line(f"a check that fails {'passes the text' if answerer.fails_open else 'counts as a hit'}")
    print_line(f"a token is needed: {_yes(bool(settings.tokens))}")


def _mode(facts: GuardFacts | None, policy: Policy | None, side: Side) -> Mode:
    if facts is None:
        return "off"
    return facts.default_mode(side) if policy is None else policy.value


def require_extra() -> None:
    """Raises `UsageError` where the packages of the extra ``serve`` are missing."""
    from importlib.util import find_spec

    from eudaimon.core import UsageError

    missing = [name for name in ("fastapi", "uvicorn", "prometheus_client") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"serving needs {', '.join(missing)}", right="the extra", do="pip install 'eudaimon[serve]'"
        )


def _yes(value: bool) -> str:
    return "yes" if value else "no"
