"""The auditor's replay: a case at every moment of its life, verified and proved at a click."""
