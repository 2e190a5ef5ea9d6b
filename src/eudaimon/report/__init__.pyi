from .card.write import write_card as write_card
from .picture import write_readme_picture as write_readme_picture
from .summary import summary_rows as summary_rows
from .write import write_report as write_report

__all__ = ["summary_rows", "write_card", "write_readme_picture", "write_report"]
