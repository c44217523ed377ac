"""Plain values of music, pose, time and latents, and numpy on them: no files, sockets or nets."""
