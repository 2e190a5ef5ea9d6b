"""The steps of the town's studies: corpus, pretraining, assistant, adapters, judged cells, monitors.

Each is one cached unit of work whose fields say all that can change its result, every seed among them. What a
step computes is one call of the room that does it; what it adds is where files lie.
"""
