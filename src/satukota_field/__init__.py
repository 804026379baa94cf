"""The world outside the product: cameras, links, power and streets, simulated so that it can be tested against.

Nothing in here is imported by `satukota`, and nothing of `satukota` is imported here: the two meet only over sockets.
"""
