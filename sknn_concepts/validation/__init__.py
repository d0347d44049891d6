"""Checks of what users pass, and of fitted state that they may have replaced."""
