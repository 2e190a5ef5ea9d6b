"""Tasks of inspect-ai, one file each: ``inspect eval eudaimon/NAME --model eudaimon/PATH``."""
