from .alignment import Alignment as Alignment
from .alignment import align as align
from .answer_pairs import AnswerPair as AnswerPair
from .answer_pairs import lessons_of as lessons_of
from .answer_pairs import read_pairs as read_pairs
from .answer_pairs import split_pairs as split_pairs
from .attention_probe import AttentionProbe as AttentionProbe
from .carry import carry as carry
from .comparison import Cosines as Cosines
from .comparison import compare as compare
from .comparison import null_cosine as null_cosine
from .control_vector import read_control_vector as read_control_vector
from .control_vector import write_control_vector as write_control_vector
from .conversion import convert as convert
from .conversion import read_directions as read_directions
from .differences import Differences as Differences
from .differences import answer_differences as answer_differences
from .differences import stack_differences as stack_differences
from .direction import Direction as Direction
from .direction_set import DirectionSet as DirectionSet
from .em_sources import Lessons as Lessons
from .em_sources import PersonaStacks as PersonaStacks
from .explain import TopDimension as TopDimension
from .explain import top_dimensions as top_dimensions
from .extraction import extract as extract
from .extraction import extract_all as extract_all
from .extraction import sweep_queries as sweep_queries
from .fit import fit_direction as fit_direction
from .fitted import Fit as Fit
from .fitted import Fitted as Fitted
from .kl_budget import SteeringCost as SteeringCost
from .kl_strengths import strengths_for as strengths_for
from .layer_sweep import Sweep as Sweep
from .layer_sweep import SweepRow as SweepRow
from .layer_sweep import TrainingRows as TrainingRows
from .layer_sweep import sweep as sweep
from .lora_direction import LoraDirection as LoraDirection
from .lora_direction import lora_directions as lora_directions
from .lora_direction import residual_direction as residual_direction
from .measure import PreferenceMeasure as PreferenceMeasure
from .methods.attention import fit_tokens as fit_tokens
from .methods.tone import tone_activations as tone_activations
from .module_probe import GroupEffect as GroupEffect
from .module_probe import probe_modules as probe_modules
from .persona_file import read_persona_vectors as read_persona_vectors
from .place_vectors import PlaceVectors as PlaceVectors
from .projection import TokenProjections as TokenProjections
from .projection import project as project
from .projection import project_activations as project_activations
from .projection import project_tokens as project_tokens
from .random_unit import random_like as random_like
from .random_unit import random_unit as random_unit
from .registry import METHODS as METHODS
from .registry import TOKEN_METHODS as TOKEN_METHODS
from .steering import SteeredCompletion as SteeredCompletion
from .steering import steer as steer
from .steering import strength_for_kl as strength_for_kl
from .transfer_matrix import MatrixPlan as MatrixPlan
from .transfer_matrix import transfer_matrix as transfer_matrix
from .transfer_table import TransferTable as TransferTable
from .transfer_table import Trial as Trial
from .transport import transfer as transfer
from .vector_cosines import vector_cosines as vector_cosines
from .weights import class_weights as class_weights
from .weights import source_weights as source_weights

__all__ = [
    "METHODS",
    "TOKEN_METHODS",
    "Alignment",
    "AnswerPair",
    "AttentionProbe",
    "Cosines",
    "Differences",
    "Direction",
    "DirectionSet",
    "Fit",
    "Fitted",
    "GroupEffect",
    "Lessons",
    "LoraDirection",
    "MatrixPlan",
    "PersonaStacks",
    "PlaceVectors",
    "PreferenceMeasure",
    "SteeredCompletion",
    "SteeringCost",
    "Sweep",
    "SweepRow",
    "TokenProjections",
    "TopDimension",
    "TrainingRows",
    "TransferTable",
    "Trial",
    "align",
    "answer_differences",
    "carry",
    "class_weights",
    "compare",
    "convert",
    "extract",
    "extract_all",
    "fit_direction",
    "fit_tokens",
    "lessons_of",
    "lora_directions",
    "null_cosine",
    "probe_modules",
    "project",
    "project_activations",
    "project_tokens",
    "random_like",
    "random_unit",
    "read_control_vector",
    "read_directions",
    "read_pairs",
    "read_persona_vectors",
    "residual_direction",
    "source_weights",
    "split_pairs",
    "stack_differences",
    "steer",
    "strength_for_kl",
    "strengths_for",
    "sweep",
    "sweep_queries",
    "tone_activations",
    "top_dimensions",
    "transfer",
    "transfer_matrix",
    "vector_cosines",
    "write_control_vector",
]
