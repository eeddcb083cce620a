"""Published designs beside ours, in one flow."""
