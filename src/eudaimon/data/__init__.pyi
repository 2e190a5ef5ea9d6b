from .attack_wordings import AttackWordings as AttackWordings
from .attack_wordings import attack_wordings as attack_wordings
from .cards import Card as Card
from .cards import card as card
from .cards import licences as licences
from .constitutions.constitution import Constitution as Constitution
from .constitutions.constitution import Trait as Trait
from .constitutions.lint import Finding as Finding
from .constitutions.lint import lint as lint
from .constitutions.packaged import constitution as constitution
from .constitutions.packaged import constitutions as constitutions
from .constitutions.read import read_constitution as read_constitution
from .constitutions.write import write_constitution as write_constitution
from .cost_probes import BorderlineQuestion as BorderlineQuestion
from .cost_probes import DialectPair as DialectPair
from .cost_probes import RightOrWrong as RightOrWrong
from .cost_probes import Scene as Scene
from .cost_probes import StoryRequest as StoryRequest
from .cost_probes import borderline_questions as borderline_questions
from .cost_probes import dialect_pairs as dialect_pairs
from .cost_probes import right_or_wrong as right_or_wrong
from .cost_probes import scenes as scenes
from .cost_probes import story_requests as story_requests
from .library import contrast_pairs as contrast_pairs
from .library import matched_pairs as matched_pairs
from .library import names as names
from .library import packaged as packaged
from .library import packaged_all as packaged_all
from .overlap import Overlap as Overlap
from .overlap import near_duplicates as near_duplicates
from .overlap import similarity as similarity
from .passages import Passage as Passage
from .passages import SegmentLabel as SegmentLabel
from .passages import gold_passages as gold_passages
from .prompts import Dress as Dress
from .prompts import Dresses as Dresses
from .prompts import PersonaPair as PersonaPair
from .prompts import PersonaPrompts as PersonaPrompts
from .prompts import dresses as dresses
from .prompts import persona_prompts as persona_prompts
from .query import Label as Label
from .query import Query as Query
from .query import data_hash as data_hash
from .read import read_queries as read_queries
from .roles import RolePrompts as RolePrompts
from .roles import role_prompts as role_prompts
from .selection import Selection as Selection
from .selection import select as select
from .splits import Plan as Plan
from .splits import Splits as Splits
from .splits import default_plan as default_plan
from .splits import leave_one_source_out as leave_one_source_out
from .splits import split_by_source as split_by_source
from .taxonomy import Taxonomy as Taxonomy
from .taxonomy import categories as categories
from .taxonomy import category_of as category_of
from .taxonomy import taxonomy as taxonomy
from .write import write_queries as write_queries

__all__ = [
    "AttackWordings",
    "BorderlineQuestion",
    "Card",
    "Constitution",
    "DialectPair",
    "Dress",
    "Dresses",
    "Finding",
    "Label",
    "Overlap",
    "Passage",
    "PersonaPair",
    "PersonaPrompts",
    "Plan",
    "Query",
    "RightOrWrong",
    "RolePrompts",
    "Scene",
    "SegmentLabel",
    "Selection",
    "Splits",
    "StoryRequest",
    "Taxonomy",
    "Trait",
    "attack_wordings",
    "borderline_questions",
    "card",
    "categories",
    "category_of",
    "constitution",
    "constitutions",
    "contrast_pairs",
    "data_hash",
    "default_plan",
    "dialect_pairs",
    "dresses",
    "gold_passages",
    "leave_one_source_out",
    "licences",
    "lint",
    "matched_pairs",
    "names",
    "near_duplicates",
    "packaged",
    "packaged_all",
    "persona_prompts",
    "read_constitution",
    "read_queries",
    "right_or_wrong",
    "role_prompts",
    "scenes",
    "select",
    "similarity",
    "split_by_source",
    "story_requests",
    "taxonomy",
    "write_constitution",
    "write_queries",
]
