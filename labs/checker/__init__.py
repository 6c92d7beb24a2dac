"""Builds a student's file, runs it in the lab and judges it from outside the guest."""
