"""What FP8 costs against INT8 in the literature, knob by knob."""
