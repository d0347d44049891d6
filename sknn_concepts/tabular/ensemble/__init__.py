"""Ensembles of networks with drawn settings: their members, how they are trained, chosen and calibrated."""
