"""Trainings that places ask for: shown before they begin, queued, followed, and handed on when they are over."""
