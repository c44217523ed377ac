"""What happens live: people seen, voices and dancers, on one transport."""
