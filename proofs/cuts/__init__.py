"""Proofs of circuits that no solver proves in one piece: in parts, each for all of its inputs."""
