"""`python -m satukota.rules.ready`: compile what is compiled now, rather than while somebody waits for a first answer.

About a minute on a fresh machine, a second or two afterwards: compiled code is kept on disk.
"""

from shapely import box

from satukota.rules import coverage, siting


def make_ready() -> None:
    scene = coverage.Scene([box(5, -2, 8, 2), box(5, 4, 8, 6)], [3.0, None])
    eyes = [coverage.Viewpoint(0, 0, 90, 90, 60, height_m=height) for height in (2.5, 6.0)]
    coverage.areas_m2(scene, eyes)
    coverage.views(scene, eyes)
    coverage.sees(scene, eyes, [(3.0, 0.0)])
    coverage.inside(scene, eyes)
    siting.make_ready()


if __name__ == "__main__":
    make_ready()
