"""The commands of `skytriage`, one module each."""
