"""The layers behind a monitor: a model asked about the text, and a guard on another server."""
