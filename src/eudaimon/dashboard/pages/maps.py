"""The map of layers by tokens on the page Ask: along what it is read, the figure, and what it says."""

from __future__ import annotations

from typing import Literal, TypeAlias

import streamlit as st

from eudaimon.core.text import Text
from eudaimon.dashboard import safe
from eudaimon.dashboard.asking import Asked
from eudaimon.dashboard.every_layer import LEAST, EveryLayer, every_layer
from eudaimon.dashboard.pages import parts
from eudaimon.dashboard.reading import direction_map, every_layer_map, probe_map
from eudaimon.dashboard.store import Found, Store
from eudaimon.monitor.monitor import Monitor
from eudaimon.report.figures.token_map import TokenMap, token_map
from eudaimon.report.tables import Cell, Table
from eudaimon.vectors.conversion import read_directions
from eudaimon.vectors.direction_set import DirectionSet

Along: TypeAlias = Literal["layers", "probes"] | Found
NOTHING = "nothing"
LAYERS, PROBES = "every layer: the monitor's training examples", "the monitor's own layers: its probes"


def choose_map(asked: Asked, store: Store) -> Along | None:
    """Along what the map is read, as somebody chose it; None where nothing is chosen."""
    # Without a monitor nothing is chosen: most files in a store are of other models.
    own: list[Along | None] = [None]
    if asked.monitor is not None:
        own = ["layers", "probes"] if _kept(asked.monitor) else ["probes"]
    options: list[Along | None] = [*own, *store.of("directions")]
    wanted = st.query_params.get("map")
    first = next((k for k, one in enumerate(options) if isinstance(one, Found) and one.name == wanted), 0)
    chosen: Along | None = st.selectbox(
        "Map of layers and tokens along", options, index=first, key="map", format_func=_called
    )
    return chosen


def show_map(asked: Asked, along: Along, text: Text) -> None:
    """The map of a text with its data and with what its numbers are; raises as the maps do."""
    model, monitor = asked.model, asked.monitor
    if isinstance(along, Found):
        directions = read_directions(along.path)
        drawn = direction_map(model, directions, text, force=asked.choice.force)
        said = _of_file(directions, len([site for site in model.sites if site.layer]))
    elif monitor is None:
        return
    elif along == "layers":
        found = _fitted(asked, monitor)
        drawn, said = every_layer_map(monitor, found, text), _of_layers(found)
    else:
        drawn, said = probe_map(monitor, text), _of_probes(monitor)
    if not drawn.tokens:
        st.caption("No token of this text is read.")
        return
    st.subheader("Layer by token", anchor=False)
    title = "Layer by token"
    data = _table(drawn)
    parts.drawing(token_map(drawn), token_map(drawn, narrow=True), title, "map-figure", data)
    if drawn.n_shown < len(drawn.tokens):
        st.caption(f"The first {drawn.n_shown:,} of {len(drawn.tokens):,} tokens; the table has all.")
    st.html(safe.paragraph(said, "quiet"))
    with st.expander("The map as a table"):
        parts.grid(dict(zip(data.header, row, strict=True)) for row in data.rows)


def _called(one: Along | None) -> str:
    if one is None:
        return NOTHING
    if isinstance(one, Found):
        return f"directions: {parts.called(one.name)}"
    return LAYERS if one == "layers" else PROBES


def _kept(monitor: Monitor) -> bool:
    """Whether a monitor kept enough training examples for a direction at each layer."""
    harmful = monitor.examples.harmful if monitor.examples is not None else ()
    return min(sum(harmful), len(harmful) - sum(harmful)) >= LEAST


def _fitted(asked: Asked, monitor: Monitor) -> EveryLayer:
    """The directions of this browser's monitor, fitted once."""
    held = st.session_state.get("every-layer")
    if held is None or held[0] is not asked:
        with st.spinner("Reading the monitor's training examples at every layer"):
            held = asked, every_layer(monitor)
        st.session_state["every-layer"] = held
    found: EveryLayer = held[1]
    return found


def _of_layers(found: EveryLayer) -> str:
    return (
        "Red lies towards harmful, blue towards safe. Each layer has a direction of its own: the difference "
        f"of the means of {found.n_fitted} of the monitor's training examples, half of them harmful, fitted "
        "for this map and used for nothing else. A unit is the spread of whole texts within a class, and "
        "zero lies midway between the two means. AUROC says how well the direction tells "
        f"{found.n_held_out} other examples of the same sources apart: in a row near .5 the colours mean "
        "nothing. The monitor reads the layers with ◆, along other directions; its score comes from those "
        "and not from this map."
    )


def _of_probes(monitor: Monitor) -> str:
    n = len([site for site in monitor.model.sites if site.layer])
    return (
        "Red lies above the probe's own threshold, towards harmful, blue below. Pooled over the text these "
        "numbers make the score; of single tokens they only rank. Probes read "
        f"{len(monitor.sites)} of {n} layers."
    )


def _of_file(directions: DirectionSet, n_layers: int) -> str:
    away, toward = directions.directions[0].classes
    said = (
        f"Red lies towards {toward}, blue towards {away}. A unit is the spread of whole texts within a class "
        "when the direction was fitted, and zero is where the classes part; single tokens spread more."
    )
    if len(directions) < n_layers:
        said += (
            f" This file has directions at {len(directions)} of {n_layers} layers. No other layer is read "
            "along them: a direction of one layer says nothing of another. "
            "`eudaimon vectors extract --all-layers` makes one for each."
        )
    return said


def _table(drawn: TokenMap) -> Table:
    """A row for each layer, a column for each token."""
    beside = (drawn.beside_name,) if drawn.beside else ()
    header = ("layer", *beside, *(f"{k} {token}" for k, token in enumerate(drawn.tokens)))
    rows: list[tuple[Cell, ...]] = [
        (layer, *((drawn.beside[k],) if beside else ()), *row)
        for k, (layer, row) in enumerate(zip(drawn.layers, drawn.values.tolist(), strict=True))
    ]
    return Table("layer-by-token", header, tuple(rows))
