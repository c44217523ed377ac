"""The report of an evaluation: tables with intervals, pictures, one page. `paper` fills it in."""
