"""Everything that lies below a folder, in a browser: ask models, look at vectors, studies and corpora.

In: a folder of runs. Out: a Streamlit server on this machine that shows what is there, and ratings that a
person gives in it. What is there is found by walking the folder; the browser names things out of that list
and never a path. This room does not know how anything was made, draws its figures with those of the report,
and changes no file but the ratings of an audit.
"""

from eudaimon.core.door import door

__getattr__, __dir__, __all__ = door(__name__, __file__)
