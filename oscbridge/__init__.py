"""oscbridge: a bridge between music and dance, spoken over OSC."""

__version__ = "0.1.0"
