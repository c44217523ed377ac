"""The `paper` preset: the three MLP VAEs of "A Fully-Unsupervised Generative Method for
Choreo-Musical Translation", its gaps filled as each file's docstring says.
"""
