"""Voices: who speaks where in a text.

`find` tells the form of a text; one file per form cuts it into turns: `chat_json`, `templates`, `chat`,
`script`, `forum`, and `prose`, where the narrator has the whole. Inside a turn, `quotations`, `dashes` and
`block_quotes` find the voices that it quotes, `speakers` names them, and `pieces` keeps segments short by
cutting at `sentences`.
"""
