from .likelihood import TokenLikelihood as TokenLikelihood
from .likelihood import token_likelihood as token_likelihood
from .questions.question import Question as Question
from .questions.read import question_sets as question_sets
from .questions.read import questions as questions
from .questions.read import read_questions as read_questions
from .rows import Label as Label
from .rows import Row as Row
from .rows import Rows as Rows
from .rows import read_rows as read_rows
from .rows import write_rows as write_rows
from .table import table as table
from .town.answers import answer_rows as answer_rows
from .town.choice import choice_rows as choice_rows
from .town.likelihood import likelihood_rows as likelihood_rows
from .town.recognition import recognition_rows as recognition_rows
from .town.samples import sampled_rows as sampled_rows
from .town.situation import Situation as Situation

__all__ = [
    "Label",
    "Question",
    "Row",
    "Rows",
    "Situation",
    "TokenLikelihood",
    "answer_rows",
    "choice_rows",
    "likelihood_rows",
    "question_sets",
    "questions",
    "read_questions",
    "read_rows",
    "recognition_rows",
    "sampled_rows",
    "table",
    "token_likelihood",
    "write_rows",
]
