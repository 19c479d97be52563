"""Readers that bring published data sets into the data contract, each file verified first."""
