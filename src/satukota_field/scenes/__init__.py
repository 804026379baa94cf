"""Street scenes with known truth: what a camera in a tropical coastal town would see, rendered, never filmed.

scene = Scene(seed=7, name="MB-007", size=(640, 360))
picture = scene.frame(3.2, light="dusk")                    # (360, 640, 3) uint8, BGR
covered = scene.frame(3.2, light="dusk", fault="covered")   # the same moment through a covered lens
boxes = scene.truth(3.2)                                    # what stands and moves in it, in pixels
"""

from satukota_field.scenes.lens import FAULTS
from satukota_field.scenes.light import LIGHTS
from satukota_field.scenes.scene import Box, Scene, Weather

__all__ = ["FAULTS", "LIGHTS", "Box", "Scene", "Weather"]
