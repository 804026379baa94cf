"""What is hidden cannot be brought back, follows what moves, and says what it was."""

import io

import av
import cv2
import numpy as np
import pytest

from satukota.base.errors import UserError
from satukota.base.evidence import redaction
from satukota.base.evidence.redaction import Area

PLATE = "KT 1234 XX"  # invented


def street(x: int = 300, width: int = 640, height: int = 352) -> np.ndarray:
    picture = np.full((height, width, 3), 90, np.uint8)
    cv2.rectangle(picture, (x, 200), (x + 110, 236), (20, 20, 20), -1)
    cv2.putText(picture, PLATE, (x + 6, 225), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (240, 240, 240), 2)
    return picture


def jpeg(picture: np.ndarray) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def clip(frames: list[np.ndarray], rate: int = 10) -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as film:
        stream = film.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0], "yuv420p"
        for frame in frames:
            film.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="bgr24")))
        film.mux(stream.encode(None))
    return out.getvalue()


def detail(picture: np.ndarray, x: int) -> float:
    """How much lettering is left on the plate: contrast between neighbours."""
    return float(cv2.Laplacian(cv2.cvtColor(picture[202:234, x + 4 : x + 106], cv2.COLOR_BGR2GRAY), cv2.CV_64F).var())


needs_networks = pytest.mark.skipif("plate" not in redaction.looks_for(), reason="needs rapidocr-onnxruntime")


@needs_networks
def test_a_plate_is_found_and_nothing_of_it_is_left():
    before = street()
    content, areas = redaction.redact_picture(jpeg(before))
    after = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert [area.kind for area in areas] == ["plate"]
    assert detail(after, 300) < detail(before, 300) / 10
    assert np.array_equal(after[:100] // 8, before[:100] // 8)  # the rest is untouched but for the JPEG


@needs_networks
def test_a_plate_that_moves_stays_hidden_in_every_frame():
    places = [200 + 6 * k for k in range(12)]
    content, areas = redaction.redact_clip(clip([street(x) for x in places]))
    assert {area.kind for area in areas} == {"plate"}
    with av.open(io.BytesIO(content)) as film:
        after = [frame.to_ndarray(format="bgr24") for frame in film.decode(video=0)]
    assert len(after) == len(places)
    plain = detail(street(200), 200)
    assert max(detail(frame, x) for frame, x in zip(after, places, strict=True)) < plain / 10


def test_an_area_drawn_by_hand_is_hidden_for_its_moments_alone():
    frames = [street() for _ in range(10)]
    drawn = Area("hand", (300, 200, 110, 36), from_s=0.3, to_s=0.6)
    content, areas = redaction.redact_clip(clip(frames), [drawn], search=False)
    assert areas == [drawn]
    with av.open(io.BytesIO(content)) as film:
        left = [detail(frame.to_ndarray(format="bgr24"), 300) for frame in film.decode(video=0)]
    plain = detail(street(), 300)
    assert [value < plain / 10 for value in left] == [False] * 3 + [True] * 4 + [False] * 3


@pytest.mark.parametrize("box", [(-50, -50, 20, 20), (600, 330, 500, 500), (0, 0, 0, 0), (10_000, 5, 3, 3)])
def test_a_box_beyond_the_picture_harms_nothing(box):
    assert redaction.hide(street(), [box]).shape == street().shape


@pytest.mark.parametrize("content", [b"", b"<html>", bytes(5000)])
def test_what_is_no_picture_and_no_film_is_refused_in_words(content):
    for hide in (redaction.redact_picture, redaction.redact_clip):
        with pytest.raises((UserError, cv2.error)) as refused:
            hide(content)
        assert refused.type is UserError
