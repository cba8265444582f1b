"""Videos: what their containers say, what their streams are, and the frames to show of them."""
