"""One design a file: ``STUDY`` in ``good_personas.py`` is the study ``good-personas``."""
