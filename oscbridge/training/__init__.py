"""From folders of songs and dances to a model version with its card; never loaded by the daemon."""
