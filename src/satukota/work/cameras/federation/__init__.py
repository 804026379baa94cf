"""Two installations that lend each other cameras, by signed requests."""

PEER_KIND = "peer_camera"  # of a target that another installation watches for us
EVERY_S = 15  # between two questions to a peer
