from .agreement import cohen_kappa as cohen_kappa
from .agreement import krippendorff as krippendorff
from .agreement import pearson as pearson
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
from .multiplicity import EffectiveN as EffectiveN
from .multiplicity import effective_n as effective_n
from .multiplicity import holm as holm
from .panel import Panel as Panel
from .ranking import METRICS as METRICS
from .ranking import auprc as auprc
from .ranking import auroc as auroc
from .ranking import pair_auroc as pair_auroc
from .ranking import roc as roc
from .ranking import separation as separation
from .ranking import tpr_at_fpr as tpr_at_fpr
from .stratified import Stratified as Stratified
from .stratified import stratified_mean as stratified_mean
from .stratified import stratified_ratio as stratified_ratio
from .stratified import stratified_share as stratified_share
from .variance import VarianceShares as VarianceShares
from .variance import variance_shares as variance_shares

__all__ = [
    "BASELINES",
    "METRICS",
    "Contrast",
    "EffectiveN",
    "Equivalence",
    "Panel",
    "SeededScore",
    "Stratified",
    "TextBaseline",
    "TextScorer",
    "Threshold",
    "VarianceShares",
    "auprc",
    "auroc",
    "bootstrap",
    "bootstrap_difference",
    "cohen_kappa",
    "conformal_threshold",
    "contrast",
    "contrasts",
    "effective_n",
    "equivalent",
    "equivalent_by_seed",
    "equivalent_metric",
    "equivalent_proportions",
    "hierarchical",
    "holm",
    "items_needed",
    "krippendorff",
    "length",
    "ngram_nb",
    "pair_auroc",
    "pearson",
    "roc",
    "separation",
    "stratified_mean",
    "stratified_ratio",
    "stratified_share",
    "text_baselines",
    "tfidf_lr",
    "tfidf_word_lr",
    "tpr_at_fpr",
    "variance_shares",
    "wilson",
    "worst_source_threshold",
]
