"""Tables, pictures and labels for people."""
