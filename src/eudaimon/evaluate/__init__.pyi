from .judging.agreement import Agreement as Agreement
from .judging.agreement import agreement as agreement
from .judging.answers import Answer as Answer
from .judging.answers import read_answers as read_answers
from .judging.calibration import Calibration as Calibration
from .judging.calibration import UnsoundJudge as UnsoundJudge
from .judging.cost import Cost as Cost
from .judging.cost import Price as Price
from .judging.cost import read_prices as read_prices
from .judging.judge import AnswerJudge as AnswerJudge
from .judging.local import LocalJudge as LocalJudge
from .judging.prompted import PromptedJudge as PromptedJudge
from .judging.role import RoleJudge as RoleJudge
from .judging.run import Judged as Judged
from .judging.run import judge_answers as judge_answers
from .judging.town import TownJudge as TownJudge
from .judging.town import town_questions as town_questions
from .judging.verdict import Verdict as Verdict
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
    "Agreement",
    "Answer",
    "AnswerJudge",
    "Calibration",
    "Cost",
    "Judged",
    "Label",
    "LocalJudge",
    "Price",
    "PromptedJudge",
    "Question",
    "RoleJudge",
    "Row",
    "Rows",
    "Situation",
    "TokenLikelihood",
    "TownJudge",
    "UnsoundJudge",
    "Verdict",
    "agreement",
    "answer_rows",
    "choice_rows",
    "judge_answers",
    "likelihood_rows",
    "question_sets",
    "questions",
    "read_answers",
    "read_prices",
    "read_questions",
    "read_rows",
    "recognition_rows",
    "sampled_rows",
    "table",
    "token_likelihood",
    "town_questions",
    "write_rows",
]
