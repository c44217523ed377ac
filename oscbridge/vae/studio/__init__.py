"""The `studio` preset: music and pose VAEs of beat-patch mixers, and the bridge between them."""
