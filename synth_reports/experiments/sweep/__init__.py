"""The design space, point by point, into a store; and what to build."""
