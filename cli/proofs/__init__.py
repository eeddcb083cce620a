"""What `fp8mac prove` does beside units alone: streams, and blocks of rows."""
