"""Subjects as models of inspect-ai: ``--model eudaimon/PATH``, with adapters, interventions and a monitor."""
