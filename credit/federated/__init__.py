"""Training across lenders: sums leave a party, rows do not."""
