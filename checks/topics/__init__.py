"""One module an exercise, named as its folder: its steps, and the words for what may be wrong."""
