from .apply import Applied as Applied
from .apply import Inserted as Inserted
from .apply import Removed as Removed
from .apply import apply as apply
from .audit.draw import Sample as Sample
from .audit.draw import draw_sample as draw_sample
from .audit.estimate import estimate as estimate
from .audit.judged import by_judge as by_judge
from .audit.judged import rate_by as rate_by
from .audit.ratings import Labels as Labels
from .audit.ratings import Rating as Rating
from .audit.ratings import add_ratings as add_ratings
from .audit.ratings import read_ratings as read_ratings
from .audit.records import AuditRecord as AuditRecord
from .audit.texts import with_texts as with_texts
from .card.collect import CardOptions as CardOptions
from .card.collect import collect_card as collect_card
from .card.record import CardRecord as CardRecord
from .cascade import Cascade as Cascade
from .cascade_files import open_cascade as open_cascade
from .cascade_files import save_cascade as save_cascade
from .cascade_files import save_judged as save_judged
from .cascade_files import with_judge as with_judge
from .condition import Check as Check
from .condition import When as When
from .controls import backfill as backfill
from .controls import random_removal as random_removal
from .controls import tokens_by_stratum as tokens_by_stratum
from .decide import DecidedSpan as DecidedSpan
from .decide import Decision as Decision
from .decide import decide as decide
from .decided import score_files as score_files
from .decision_table import decide_table as decide_table
from .decision_table import decision_schema as decision_schema
from .diff import Change as Change
from .diff import Difference as Difference
from .diff import diff as diff
from .draw import Draw as Draw
from .draw import Unit as Unit
from .hard_cases import HardCase as HardCase
from .hard_cases import hard_cases as hard_cases
from .policy import DocumentRule as DocumentRule
from .policy import Policy as Policy
from .policy import SegmentRule as SegmentRule
from .policy import load_policy as load_policy
from .policy import policy_names as policy_names
from .redecide import decide_file as decide_file
from .restore import TextLost as TextLost
from .restore import restore as restore
from .rubric import rubric as rubric
from .rubric import rubric_hash as rubric_hash
from .run.apply_corpus import AppliedCorpus as AppliedCorpus
from .run.apply_corpus import apply_corpus as apply_corpus
from .run.controls_corpus import Controls as Controls
from .run.controls_corpus import controls_corpus as controls_corpus
from .run.decide_corpus import Decided as Decided
from .run.decide_corpus import decide_corpus as decide_corpus
from .run.filter_corpus import Filtered as Filtered
from .run.filter_corpus import filter_corpus as filter_corpus
from .run.lookup import find_documents as find_documents
from .run.lookup import scored_documents as scored_documents
from .run.restore_corpus import Restored as Restored
from .run.restore_corpus import restore_corpus as restore_corpus
from .run.score_corpus import Scored as Scored
from .run.score_corpus import score_corpus as score_corpus
from .score_attributes import read_attributes as read_attributes
from .score_attributes import read_foreign_attributes as read_foreign_attributes
from .score_attributes import write_attributes as write_attributes
from .score_table import read_scores as read_scores
from .score_table import score_schema as score_schema
from .score_table import write_scores as write_scores
from .scored_texts import scored_texts as scored_texts
from .scorer import Scorer as Scorer
from .scorer import StageCost as StageCost
from .scorer import open_scorer as open_scorer
from .scores import DocumentScores as DocumentScores
from .scores import SegmentScores as SegmentScores
from .scores import as_segment as as_segment
from .scores import labelled_scores as labelled_scores
from .sources.cut import split as split
from .sources.find import find_sources as find_sources
from .sources.read import read_shard as read_shard
from .sources.record import BadRecord as BadRecord
from .sources.record import Fields as Fields
from .sources.record import Reading as Reading
from .sources.shard import Shard as Shard
from .sources.source_file import SourceFile as SourceFile
from .sources.write import RecordWriter as RecordWriter
from .sources.write import document_record as document_record
from .stages.distil import Distilled as Distilled
from .stages.distil import distil as distil
from .stages.encoder import EncoderStage as EncoderStage
from .stages.encoder import fit_stage2 as fit_stage2
from .stages.escalation import Escalation as Escalation
from .stages.escalation import bound_for as bound_for
from .stages.judge import JudgeOptions as JudgeOptions
from .stages.judge import JudgeStage as JudgeStage
from .stages.lexicon import Lexicon as Lexicon
from .stages.linear_fit import LinearRecipe as LinearRecipe
from .stages.linear_fit import fit_stage1 as fit_stage1
from .stages.stage1 import open_stage1 as open_stage1
from .stages.stage1 import save_stage1 as save_stage1
from .stages.terms import read_terms as read_terms
from .taxonomy import VoiceTaxonomy as VoiceTaxonomy
from .taxonomy import voice_taxonomy as voice_taxonomy
from .voices.find import FORMS as FORMS
from .voices.find import Form as Form
from .voices.find import detect_form as detect_form
from .voices.find import segments as segments
from .voices.find import with_voices as with_voices
from .voices.sentences import sentence_spans as sentence_spans
from .voices.turn import MARKUP as MARKUP
from .voices.turn import NARRATOR as NARRATOR
from .voices.turn import QUOTED as QUOTED
from .why import Why as Why
from .why import why as why

__all__ = [
    "FORMS",
    "MARKUP",
    "NARRATOR",
    "QUOTED",
    "Applied",
    "AppliedCorpus",
    "AuditRecord",
    "BadRecord",
    "CardOptions",
    "CardRecord",
    "Cascade",
    "Change",
    "Check",
    "Controls",
    "Decided",
    "DecidedSpan",
    "Decision",
    "Difference",
    "Distilled",
    "DocumentRule",
    "DocumentScores",
    "Draw",
    "EncoderStage",
    "Escalation",
    "Fields",
    "Filtered",
    "Form",
    "HardCase",
    "Inserted",
    "JudgeOptions",
    "JudgeStage",
    "Labels",
    "Lexicon",
    "LinearRecipe",
    "Policy",
    "Rating",
    "Reading",
    "RecordWriter",
    "Removed",
    "Restored",
    "Sample",
    "Scored",
    "Scorer",
    "SegmentRule",
    "SegmentScores",
    "Shard",
    "SourceFile",
    "StageCost",
    "TextLost",
    "Unit",
    "VoiceTaxonomy",
    "When",
    "Why",
    "add_ratings",
    "apply",
    "apply_corpus",
    "as_segment",
    "backfill",
    "bound_for",
    "by_judge",
    "collect_card",
    "controls_corpus",
    "decide",
    "decide_corpus",
    "decide_file",
    "decide_table",
    "decision_schema",
    "detect_form",
    "diff",
    "distil",
    "document_record",
    "draw_sample",
    "estimate",
    "filter_corpus",
    "find_documents",
    "find_sources",
    "fit_stage1",
    "fit_stage2",
    "hard_cases",
    "labelled_scores",
    "load_policy",
    "open_cascade",
    "open_scorer",
    "open_stage1",
    "policy_names",
    "random_removal",
    "rate_by",
    "read_attributes",
    "read_foreign_attributes",
    "read_ratings",
    "read_scores",
    "read_shard",
    "read_terms",
    "restore",
    "restore_corpus",
    "rubric",
    "rubric_hash",
    "save_cascade",
    "save_judged",
    "save_stage1",
    "score_corpus",
    "score_files",
    "score_schema",
    "scored_documents",
    "scored_texts",
    "segments",
    "sentence_spans",
    "split",
    "tokens_by_stratum",
    "voice_taxonomy",
    "why",
    "with_judge",
    "with_texts",
    "with_voices",
    "write_attributes",
    "write_scores",
]
