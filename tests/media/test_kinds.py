"""Every accepted format, whole and spoilt: what it is, how it hangs, where it was taken, what is left of it."""

from contextlib import suppress
from io import BytesIO

import pytest
from PIL import Image, ImageCms

from media import bmff, heif
from media.cleaning import clean, inspect
from media.refusals import PhotoRefused
from media.webp import webp_chunks
from tests import photo_kinds, photos
from tests.photo_kinds import FOREIGN, KINDS, Foreign, contradicting, encoded

ORIENTATIONS = range(1, 9)
OF_BOXES = ("AVIF", "HEIC")


def code_of(data: bytes) -> str:
    """The code with which both doors refuse these bytes."""
    with pytest.raises(PhotoRefused) as inspected:
        inspect(data)
    with pytest.raises(PhotoRefused) as cleaned:
        clean(data)
    assert cleaned.value.code == inspected.value.code
    return inspected.value.code


def is_upright(data: bytes) -> bool:
    cleaned = clean(data)
    return (cleaned.width, cleaned.height) == (160, 120) and photos.alike(photos.corners(cleaned.large), photos.UPRIGHT)


def saved(image: Image.Image, name: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, name, **options)
    return out.getvalue()


# What it is ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_each_format_is_told_from_its_content(kind: str) -> None:
    found = inspect(encoded(kind))
    assert (found.format, found.width, found.height, found.position) == (kind, 160, 120, None)


@pytest.mark.parametrize("foreign", FOREIGN, ids=[foreign.name for foreign in FOREIGN])
def test_what_is_no_photo_of_ours_is_refused_by_name(foreign: Foreign) -> None:
    assert code_of(foreign.data) == foreign.code
    with pytest.raises(PhotoRefused) as refused:
        inspect(foreign.data)
    assert refused.value.kind == foreign.kind
    assert "JPEG, PNG, WebP, AVIF, HEIC" in refused.value.message


def test_a_raw_file_in_the_clothes_of_a_tiff_is_refused() -> None:
    tags = Image.Exif()
    tags[50706] = b"\1\4\0\0"  # DNGVersion
    assert code_of(saved(photos.picture(), "TIFF", exif=tags)) == "unsupported"


@pytest.mark.parametrize("codec", OF_BOXES)
def test_the_brand_that_counts_may_stand_among_the_others(codec: str) -> None:
    data = encoded(codec)
    brand = data[8:12]
    assert inspect(data[:8] + b"mif1" + data[12:16] + brand + data[20:]).format == codec


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_after_the_end_do_no_harm(kind: str) -> None:
    assert is_upright(encoded(kind) + (bytes(64) if kind not in OF_BOXES else b"\0\0\0\x08free"))


# Spoilt --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_a_part_of_a_photo_is_refused_as_a_part(kind: str) -> None:
    assert code_of(photo_kinds.truncated(kind)) == "truncated"


@pytest.mark.parametrize("kind", KINDS)
def test_nonsense_behind_a_good_beginning_is_refused(kind: str) -> None:
    assert code_of(photo_kinds.broken(kind)) in {"broken", "truncated"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_is_refused_before_a_pixel_is_decoded(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = photo_kinds.bomb(kind)
    monkeypatch.setattr(Image.Image, "load", lambda image: pytest.fail("it was decoded"))
    assert code_of(data) == "too_many_pixels"


@pytest.mark.parametrize("kind", KINDS)
def test_no_cut_of_a_photo_takes_the_program_down(kind: str) -> None:
    data = photo_kinds.full_of_notes(kind)
    for length in range(1, len(data), max(1, len(data) // 60)):
        for door in (inspect, clean):
            with suppress(PhotoRefused):
                door(data[:length])


@pytest.mark.parametrize("codec", OF_BOXES)
def test_many_tiles_of_a_small_picture_are_refused_by_what_they_cost(
    codec: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = encoded(codec)
    assert bmff.layout_of(data).pixels == 160 * 120
    monkeypatch.setattr(heif, "MOST_PIXELS_IN_ALL", 160 * 120 - 1)
    assert code_of(data) == "too_many_pixels"


def test_a_part_that_is_used_often_counts_often() -> None:
    layout = bmff.Layout(areas={1: 100, 2: 10}, parts=[2] * 50)
    assert layout.pixels == 110 + 500


# How it hangs --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_photo_is_upright_however_the_camera_was_held(kind: str, orientation: int) -> None:
    assert is_upright(encoded(kind, orientation=orientation))


@pytest.mark.parametrize(("turned", "noted"), [(1, 6), (6, 6), (6, 1), (8, 6), (2, 5), (5, 2)])
@pytest.mark.parametrize("codec", OF_BOXES)
def test_the_turn_of_the_container_counts_once_and_the_note_never(codec: str, turned: int, noted: int) -> None:
    data = contradicting(codec, turned=turned, noted=noted)
    assert any(note in data for note in photo_kinds.notes_of(noted))
    assert is_upright(data)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "JPEG"])
def test_of_several_pictures_the_first_is_the_photo(kind: str) -> None:
    assert is_upright(photo_kinds.of_two_pictures(kind))


# Where it was taken --------------------------------------------------------------------------------------------
PLACES = [(28.4682, 49.2331), (-58.3816, -34.6037), (174.7633, -36.8485), (-122.4194, 37.7749)]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_place_is_read_to_a_metre_on_every_side_of_the_globe(kind: str, place: photos.Place) -> None:
    found = inspect(encoded(kind, orientation=6, place=place)).position
    assert found == pytest.approx(place, abs=1e-5)


@pytest.mark.parametrize(
    "place", [(0.0, 0.0), (28.0, 95.0), (200.0, 49.0)], ids=["nowhere", "past the pole", "past 180"]
)
@pytest.mark.parametrize("kind", KINDS)
def test_a_place_that_cannot_be_is_not_believed_and_the_photo_is_good(kind: str, place: photos.Place) -> None:
    data = encoded(kind, orientation=1, place=place)
    assert inspect(data).position is None
    assert is_upright(data)


# What is left --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_pixels_is_left(kind: str) -> None:
    data = photo_kinds.full_of_notes(kind)
    assert inspect(data).position is not None
    cleaned = clean(data)
    for content in (cleaned.large, cleaned.small):
        assert webp_chunks(content) == [b"VP8 "]


@pytest.mark.parametrize("kind", ["PNG", "WebP", "AVIF", "HEIC", "TIFF"])
def test_what_is_see_through_lies_on_white(kind: str) -> None:
    image = photos.picture(mode="RGBA")
    image.paste((0, 0, 0, 0), (80, 60, 160, 120))
    assert is_upright(encoded(kind, image=image))


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"])
@pytest.mark.parametrize("orientation", [1, 6])
def test_tiff_of_every_usual_packing(compression: str | None, orientation: int) -> None:
    assert is_upright(encoded("TIFF", orientation=orientation, compression=compression))


def test_tiff_in_inks_is_shown_in_the_colours_of_a_screen() -> None:
    assert is_upright(saved(photos.picture(mode="CMYK"), "TIFF"))


def test_tiff_in_lab_is_shown_in_the_colours_of_a_screen() -> None:
    srgb, wide = (ImageCms.ImageCmsProfile(ImageCms.createProfile(name)) for name in ("sRGB", "LAB"))
    lab = ImageCms.profileToProfile(photos.picture(), srgb, wide, outputMode="LAB")
    assert lab is not None
    shown = clean(saved(lab, "TIFF"))
    assert photos.alike(photos.corners(shown.large), photos.UPRIGHT, tolerance=40)


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_grey_of_many_bits_keeps_its_shades(mode: str) -> None:
    grey = Image.new("L", (160, 120))
    for number, corner in enumerate([(0, 0), (80, 0), (0, 60), (80, 60)]):
        grey.paste(number * 85, (*corner, corner[0] + 80, corner[1] + 60))
    deep = grey.convert("I").point(lambda shade: shade * 257).convert(mode) if mode != "F" else grey.convert("F")
    shades = [(shade, shade, shade) for shade in (0, 85, 170, 255)]
    assert photos.alike(photos.corners(clean(saved(deep, "TIFF")).large), shades)


@pytest.mark.parametrize("kind", KINDS)
def test_colours_of_another_profile_are_converted(kind: str) -> None:
    plain = photos.corners(clean(encoded(kind)).large)
    wide = photos.corners(clean(encoded(kind, icc_profile=photo_kinds.wide_profile())).large)
    assert photos.alike([wide[3]], [plain[3]], tolerance=4), "white stays white"
    assert not photos.alike(wide, plain), "the same numbers mean other colours"
