"""The VAEs in torch: one file a model, grouped by preset; training only, never in the daemon."""
