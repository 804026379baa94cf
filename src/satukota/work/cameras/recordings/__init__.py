"""What recorders hold: who keeps them, what they lack, and older footage asked of them."""
