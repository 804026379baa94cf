"""The ledger of contracts: what vendors promised, what was measured, what it costs. See docs/vendor-ledger.md."""
