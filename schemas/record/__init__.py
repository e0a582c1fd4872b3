"""The record: its tables and its chain."""
