"""Commands about matrix units."""
