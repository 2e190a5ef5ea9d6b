from .aft import Aft as Aft
from .aft import TimeRatio as TimeRatio
from .aft import aft as aft
from .agreement import cohen_kappa as cohen_kappa
from .agreement import krippendorff as krippendorff
from .agreement import pearson as pearson
from .balance import Balance as Balance
from .balance import balance as balance
from .balance import pooled_means as pooled_means
from .baselines import BASELINES as BASELINES
from .baselines import TextBaseline as TextBaseline
from .baselines import TextScorer as TextScorer
from .baselines import length as length
from .baselines import ngram_nb as ngram_nb
from .baselines import text_baselines as text_baselines
from .baselines import tfidf_lr as tfidf_lr
from .baselines import tfidf_word_lr as tfidf_word_lr
from .conformal import Threshold as Threshold
from .conformal import conformal_threshold as conformal_threshold
from .conformal import items_needed as items_needed
from .conformal import worst_source_threshold as worst_source_threshold
from .curve_panel import CurvePanel as CurvePanel
from .diversity import distinct_n as distinct_n
from .diversity import self_bleu as self_bleu
from .effects import EffectSizes as EffectSizes
from .effects import effect_sizes as effect_sizes
from .equivalence import Equivalence as Equivalence
from .equivalence import equivalent as equivalent
from .equivalence import equivalent_metric as equivalent_metric
from .equivalence import equivalent_proportions as equivalent_proportions
from .hierarchical import Contrast as Contrast
from .hierarchical import SeededScore as SeededScore
from .hierarchical import contrast as contrast
from .hierarchical import contrasts as contrasts
from .hierarchical import equivalent_by_seed as equivalent_by_seed
from .hierarchical import hierarchical as hierarchical
from .intervals import bootstrap as bootstrap
from .intervals import bootstrap_difference as bootstrap_difference
from .intervals import wilson as wilson
from .logrank import LogRank as LogRank
from .logrank import logrank as logrank
from .mixed import MixedLogit as MixedLogit
from .mixed import mixed_logit as mixed_logit
from .multiplicity import EffectiveN as EffectiveN
from .multiplicity import benjamini_hochberg as benjamini_hochberg
from .multiplicity import effective_n as effective_n
from .multiplicity import holm as holm
from .paired import equivalent_paired as equivalent_paired
from .panel import Panel as Panel
from .pareto import ParetoPoint as ParetoPoint
from .pareto import pareto as pareto
from .power import Components as Components
from .power import PowerPlan as PowerPlan
from .power import power as power
from .power import power_plan as power_plan
from .ranking import METRICS as METRICS
from .ranking import auprc as auprc
from .ranking import auroc as auroc
from .ranking import pair_auroc as pair_auroc
from .ranking import roc as roc
from .ranking import separation as separation
from .ranking import tpr_at_fpr as tpr_at_fpr
from .simulated import Grid as Grid
from .stratified import Stratified as Stratified
from .stratified import stratified_mean as stratified_mean
from .stratified import stratified_ratio as stratified_ratio
from .stratified import stratified_share as stratified_share
from .survival import SurvivalCurve as SurvivalCurve
from .survival import survival_curve as survival_curve
from .transition import Transition as Transition
from .transition import transition as transition
from .transition import transition_contrast as transition_contrast
from .turning import CosineDip as CosineDip
from .turning import cosine_dip as cosine_dip
from .turning import local_cosine as local_cosine
from .variance import VarianceShares as VarianceShares
from .variance import variance_shares as variance_shares
from .verdict import Hypothesis as Hypothesis
from .verdict import Verdict as Verdict
from .verdict import decide as decide
from .verdict import verdicts as verdicts
from .worst import WorstCase as WorstCase
from .worst import worst_case as worst_case

__all__ = [
    "BASELINES",
    "METRICS",
    "Aft",
    "Balance",
    "Components",
    "Contrast",
    "CosineDip",
    "CurvePanel",
    "EffectSizes",
    "EffectiveN",
    "Equivalence",
    "Grid",
    "Hypothesis",
    "LogRank",
    "MixedLogit",
    "Panel",
    "ParetoPoint",
    "PowerPlan",
    "SeededScore",
    "Stratified",
    "SurvivalCurve",
    "TextBaseline",
    "TextScorer",
    "Threshold",
    "TimeRatio",
    "Transition",
    "VarianceShares",
    "Verdict",
    "WorstCase",
    "aft",
    "auprc",
    "auroc",
    "balance",
    "benjamini_hochberg",
    "bootstrap",
    "bootstrap_difference",
    "cohen_kappa",
    "conformal_threshold",
    "contrast",
    "contrasts",
    "cosine_dip",
    "decide",
    "distinct_n",
    "effect_sizes",
    "effective_n",
    "equivalent",
    "equivalent_by_seed",
    "equivalent_metric",
    "equivalent_paired",
    "equivalent_proportions",
    "hierarchical",
    "holm",
    "items_needed",
    "krippendorff",
    "length",
    "local_cosine",
    "logrank",
    "mixed_logit",
    "ngram_nb",
    "pair_auroc",
    "pareto",
    "pearson",
    "pooled_means",
    "power",
    "power_plan",
    "roc",
    "self_bleu",
    "separation",
    "stratified_mean",
    "stratified_ratio",
    "stratified_share",
    "survival_curve",
    "text_baselines",
    "tfidf_lr",
    "tfidf_word_lr",
    "tpr_at_fpr",
    "transition",
    "transition_contrast",
    "variance_shares",
    "verdicts",
    "wilson",
    "worst_case",
    "worst_source_threshold",
]
