"""Other programs' ways of sending poses over OSC, one file a convention."""
