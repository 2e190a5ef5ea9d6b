"""The script that Streamlit runs for each browser: the four pages and the way between them."""

from __future__ import annotations

import streamlit as st

from eudaimon.dashboard.pages import ask, corpus, studies, vectors
from eudaimon.dashboard.pages.parts import style


def main() -> None:
    """Set the page up and show the one that is asked for."""
    st.set_page_config(page_title="eudaimon", layout="wide", initial_sidebar_state="auto")
    style()
    pages = [
        st.Page(ask.show, title="Ask", default=True),
        st.Page(vectors.show, title="Vectors", url_path="vectors"),
        st.Page(studies.show, title="Studies", url_path="studies"),
        st.Page(corpus.show, title="Corpus", url_path="corpus"),
    ]
    st.navigation(pages, position="top").run()


main()
