"""From RTLIL to netlists that are counted, by flows of scripts."""
