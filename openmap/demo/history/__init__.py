"""Three years of Яворин: what was reported, who answered how, written in bulk and drawn by several processes."""
