"""The `studio` preset: beat-patch VAEs of music and pose, and the bridge between them."""
