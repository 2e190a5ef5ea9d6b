"""What Streamlit runs; alone in a folder, because Streamlit puts that folder first on the import path."""
