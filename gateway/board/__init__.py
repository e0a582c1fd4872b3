"""The board and the cases behind its numbers, for every door: of this moment from kept sums, as of a past one from the events."""
