"""One posable dog, drawn from numbers: bones and outlines, the things around it, and the scenes of the pose files."""
