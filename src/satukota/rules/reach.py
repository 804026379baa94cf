"""How far anything fixed to a pole or a house is believed to see or send; beyond it the register is wrong."""

LONGEST_RANGE_M = 20_000.0
