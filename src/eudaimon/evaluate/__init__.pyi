from .answer_axis import AnswerAxis as AnswerAxis
from .answer_axis import answer_activations as answer_activations
from .answer_axis import own_answers as own_answers
from .attack.attack import Attack as Attack
from .attack.attack import Target as Target
from .attack.case import Case as Case
from .attack.registry import attack_named as attack_named
from .attack.registry import attacks as attacks
from .attack.run import attack_rows as attack_rows
from .census.attribution import Attribution as Attribution
from .census.attribution import attribute as attribute
from .census.cast import Cast as Cast
from .census.cast import role_cast as role_cast
from .census.cast import town_cast as town_cast
from .census.census import Census as Census
from .census.census import census as census
from .census.census import persona_direction as persona_direction
from .class_bits import Bits as Bits
from .class_bits import class_bits as class_bits
from .class_bits import text_bits as text_bits
from .cost.open import OpenCosts as OpenCosts
from .cost.registry import costs as costs
from .cost.run import cost_rows as cost_rows
from .drift import DriftBound as DriftBound
from .drift import drift_rows as drift_rows
from .drift import turn_projections as turn_projections
from .judge_free.choice import matched_rows as matched_rows
from .judge_free.matched import Matched as Matched
from .judge_free.matched import read_matched as read_matched
from .judge_free.separability import LayerSeparability as LayerSeparability
from .judge_free.separability import separability as separability
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
from .open.ground import OpenGround as OpenGround
from .questions.question import Question as Question
from .questions.read import question_sets as question_sets
from .questions.read import questions as questions
from .questions.read import read_questions as read_questions
from .response_loss import loss_rows as loss_rows
from .response_loss import response_loss as response_loss
from .rows import Label as Label
from .rows import Row as Row
from .rows import Rows as Rows
from .rows import read_rows as read_rows
from .rows import write_rows as write_rows
from .table import table as table
from .town.answers import answer_rows as answer_rows
from .town.choice import choice_rows as choice_rows
from .town.ground import TownGround as TownGround
from .town.likelihood import likelihood_rows as likelihood_rows
from .town.matched import town_matched as town_matched
from .town.recognition import recognition_rows as recognition_rows
from .town.samples import sampled_rows as sampled_rows
from .town.situation import Situation as Situation

__all__ = [
    "Agreement",
    "Answer",
    "AnswerAxis",
    "AnswerJudge",
    "Attack",
    "Attribution",
    "Bits",
    "Calibration",
    "Case",
    "Cast",
    "Census",
    "Cost",
    "DriftBound",
    "Judged",
    "Label",
    "LayerSeparability",
    "LocalJudge",
    "Matched",
    "OpenCosts",
    "OpenGround",
    "Price",
    "PromptedJudge",
    "Question",
    "RoleJudge",
    "Row",
    "Rows",
    "Situation",
    "Target",
    "TokenLikelihood",
    "TownGround",
    "TownJudge",
    "UnsoundJudge",
    "Verdict",
    "agreement",
    "answer_activations",
    "answer_rows",
    "attack_named",
    "attack_rows",
    "attacks",
    "attribute",
    "census",
    "choice_rows",
    "class_bits",
    "cost_rows",
    "costs",
    "drift_rows",
    "judge_answers",
    "likelihood_rows",
    "loss_rows",
    "matched_rows",
    "own_answers",
    "persona_direction",
    "question_sets",
    "questions",
    "read_answers",
    "read_matched",
    "read_prices",
    "read_questions",
    "read_rows",
    "recognition_rows",
    "response_loss",
    "role_cast",
    "sampled_rows",
    "separability",
    "table",
    "text_bits",
    "token_likelihood",
    "town_cast",
    "town_matched",
    "town_questions",
    "turn_projections",
    "write_rows",
]
