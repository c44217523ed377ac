"""Files and wires: one format or protocol a module; nothing here knows of jobs or models in use."""
