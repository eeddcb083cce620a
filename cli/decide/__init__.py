"""Commands that decide: sweep the space, recommend a unit, hand out the points."""
