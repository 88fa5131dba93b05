"""Remembers: settings, rooms, stories, votes, what came in from outside, and who did what.

It has never heard of a model or of a chat platform: places and persons are names, generated text is text.
"""
