"""What is accepted, what is refused and how, and what comes out of the cleaning."""

from io import BytesIO

import pytest
from PIL import Image, ImageCms
from PIL.JpegImagePlugin import JpegImageFile

from media import cleaning, formats
from media.cleaning import Cleaned, clean, inspect, read_limited
from media.refusals import MAX_BYTES, PhotoRefused
from media.webp import webp_chunks
from tests import photo_kinds, photos

REFUSED = [
    ("empty", photos.empty),
    ("not_a_photo", photos.foreign),
    ("broken", photos.broken_jpeg),
    ("broken", photos.broken_png),
    ("broken", photos.jpeg_of_endless_scans),
    ("truncated", photos.truncated_jpeg),
    ("truncated", photos.truncated_png),
    ("too_many_pixels", photos.bomb),
    ("unsupported", photos.gif),
]
GOOD = [
    photos.jpeg,
    photos.png,
    photos.jpeg_full_of_notes,
    photos.png_full_of_notes,
    photos.png_see_through,
    photos.png_with_palette,
    photos.png_of_16_bits,
    photos.png_animated,
]


def code_of(data: bytes) -> str:
    """The code with which both doors refuse these bytes."""
    with pytest.raises(PhotoRefused) as inspected:
        inspect(data)
    with pytest.raises(PhotoRefused) as cleaned:
        clean(data)
    assert cleaned.value.code == inspected.value.code
    return inspected.value.code


def shown(data: bytes) -> Image.Image:
    with Image.open(BytesIO(data)) as image:
        image.load()
        return image


# What is refused ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("code", "make"), REFUSED, ids=[make.__name__ for _, make in REFUSED])
def test_a_bad_file_is_refused_with_its_own_word(code: str, make: photos.MakeBytes) -> None:
    assert code_of(make()) == code


def test_a_file_past_20_mb_is_refused_without_being_read_whole() -> None:
    class Endless:
        asked = 0

        def read(self, size: int, /) -> bytes:
            Endless.asked += size
            return bytes(size)

    with pytest.raises(PhotoRefused) as refused:
        read_limited(Endless())

    assert refused.value.code == "too_big"
    assert Endless.asked == MAX_BYTES + 1


def test_a_bomb_is_refused_before_a_pixel_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(image: Image.Image) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", explode)

    assert code_of(photos.bomb()) == "too_many_pixels"


def test_a_jpeg_of_many_scans_is_refused_before_a_pixel_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(JpegImageFile, "load", lambda image: pytest.fail("it was decoded"))
    assert code_of(photos.jpeg_of_scans(65)) == "broken"


def test_scans_of_a_preview_and_what_stands_after_the_end_do_not_count() -> None:
    preview = photos.jpeg(32, 24, progressive=True, comment=b"\xff\xda" * 100)
    data = photos.jpeg(exif=b"Exif\0\0" + photos.exif(orientation=1) + preview) + b"\xff\xda" * 100
    assert inspect(data).format == "JPEG"


def test_64_scans_of_a_small_photo_are_decoded() -> None:
    assert inspect(photos.jpeg_of_scans(64)).format == "JPEG"


def test_the_largest_photo_may_have_20_scans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "MAX_PIXELS", 160 * 120)
    monkeypatch.setattr(formats, "MAX_SCANNED_PIXELS", 20 * 160 * 120)
    assert inspect(photos.jpeg_of_scans(20)).format == "JPEG"
    assert code_of(photos.jpeg_of_scans(21)) == "broken"


def test_the_content_decides_and_not_the_name() -> None:
    assert inspect(photos.png()).format == "PNG"
    assert inspect(photos.jpeg()).format == "JPEG"


def test_a_png_whose_pixels_are_nonsense_passes_the_quick_look_and_fails_the_cleaning() -> None:
    data = photos.png_broken_inside()

    assert inspect(data).format == "PNG"
    with pytest.raises(PhotoRefused) as refused:
        clean(data)
    assert refused.value.code in {"broken", "truncated"}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_bad_exif_does_not_make_a_bad_photo() -> None:
    data = photos.jpeg_with_exif(b"II*\0\xff\xff\xff\xff rubbish")

    assert inspect(data).position is None
    assert photos.alike(photos.corners(clean(data).large), photos.UPRIGHT)


# What comes out ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_gives_the_same_upright_picture(orientation: int) -> None:
    cleaned = clean(photos.jpeg(orientation=orientation))

    assert photos.alike(photos.corners(cleaned.large), photos.UPRIGHT)
    assert photos.alike(photos.corners(cleaned.small), photos.UPRIGHT)
    assert (cleaned.width, cleaned.height) == (160, 120)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_taken_as_upright(orientation: int) -> None:
    data = photos.jpeg_with_exif(photos.exif(orientation=orientation))

    assert photos.alike(photos.corners(clean(data).large), photos.UPRIGHT)


@pytest.mark.parametrize("make", GOOD, ids=[make.__name__ for make in GOOD])
def test_nothing_but_pixels_comes_out(make: photos.MakeBytes) -> None:
    for result in (clean(make()).large, clean(make()).small):
        assert webp_chunks(result) == [b"VP8 "]
        image = shown(result)
        assert image.format == "WEBP"
        assert not image.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & image.info.keys()
        for word in (b"Exif", b"EXIF", b"XMP", b"xmp", b"ICCP", b"GPS", b"secret"):
            assert word not in result


def test_a_large_photo_becomes_1600_and_400_on_its_long_side() -> None:
    cleaned = clean(photos.jpeg(3200, 2133))

    assert shown(cleaned.large).size == (cleaned.width, cleaned.height) == (1600, 1066)
    assert shown(cleaned.small).size == (400, 266)


@pytest.mark.parametrize("size", [(3200, 2133), (2133, 3200), (4000, 3000)])
def test_a_large_jpeg_is_decoded_at_half_its_size(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    data = photos.jpeg(*size)
    decoded: list[tuple[int, int]] = []
    honest = JpegImageFile.load

    def watched(image: JpegImageFile) -> object:
        decoded.append(image.size)
        return honest(image)

    monkeypatch.setattr(JpegImageFile, "load", watched)
    clean(data)

    assert decoded[0] == ((size[0] + 1) // 2, (size[1] + 1) // 2)


def test_a_tall_photo_keeps_its_proportions_after_turning() -> None:
    cleaned = clean(photos.jpeg(1500, 3000, orientation=6))

    assert (cleaned.width, cleaned.height) == (800, 1600)
    assert photos.alike(photos.corners(cleaned.small), photos.UPRIGHT)


def test_a_small_photo_is_never_enlarged() -> None:
    cleaned = clean(photos.jpeg(90, 60))

    assert shown(cleaned.large).size == shown(cleaned.small).size == (90, 60)


def test_a_line_one_pixel_high_survives() -> None:
    assert clean(photos.png(4000, 1)).height == 1


@pytest.mark.parametrize("make", [photos.png_see_through, photos.png_with_palette])
def test_what_is_transparent_becomes_white(make: photos.MakeBytes) -> None:
    assert photos.alike(photos.corners(clean(make()).large), photos.UPRIGHT)


def test_16_bits_of_grey_keep_their_brightness() -> None:
    greys = [(0,) * 3, (85,) * 3, (170,) * 3, (255,) * 3]

    assert photos.alike(photos.corners(clean(photos.png_of_16_bits()).large), greys)


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA"])
def test_every_kind_of_png_becomes_rgb(mode: str) -> None:
    assert shown(clean(photos.png(mode=mode)).large).mode == "RGB"


def test_a_photo_for_print_is_shown_in_screen_colours() -> None:
    assert photos.alike(photos.corners(clean(photos.jpeg(mode="CMYK")).large), photos.UPRIGHT, tolerance=40)


def test_of_an_animation_the_first_frame_is_kept() -> None:
    assert photos.alike(photos.corners(clean(photos.png_animated()).large), photos.UPRIGHT)


def test_colours_of_another_profile_are_converted_before_the_profile_is_dropped() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    plain = photos.corners(clean(photos.jpeg()).large)

    ignored = photos.corners(clean(photos.jpeg(icc_profile=lab.tobytes())).large)
    broken = photos.corners(clean(photos.jpeg(icc_profile=b"no profile")).large)
    wide = photos.corners(clean(photos.jpeg(icc_profile=photo_kinds.wide_profile())).large)

    assert ignored == broken == plain, "a profile that does not fit is ignored"
    assert wide[3] == plain[3], "white stays white"
    assert wide != plain, "the same numbers mean other colours"


def test_a_result_with_metadata_is_not_let_out(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Image.Image.save

    def talkative(image: Image.Image, out: BytesIO, kind: str, **options: object) -> None:
        honest(image, out, kind, exif=photos.exif(gps=photos.gps(photos.SQUARE)), **options)

    data = photos.jpeg()
    monkeypatch.setattr(Image.Image, "save", talkative)

    with pytest.raises(PhotoRefused) as refused:
        clean(data)
    assert refused.value.code == "unclean"


def test_cleaning_twice_gives_the_same_bytes() -> None:
    data = photos.jpeg(orientation=6, place=photos.SQUARE)

    first, second = clean(data), clean(data)

    assert isinstance(first, Cleaned)
    assert first == second
    assert cleaning.LARGE == 1600


# Words -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "code", ["empty", "too_big", "too_many_pixels", "not_a_photo", "broken", "truncated", "storage"]
)
def test_every_refusal_has_words_for_a_person(code: str) -> None:
    assert len(PhotoRefused(code).message) > 20


def test_who_sends_a_gif_is_told_what_to_send_instead() -> None:
    with pytest.raises(PhotoRefused) as refused:
        inspect(photos.gif())

    assert "GIF" in refused.value.message
    assert "JPEG" in refused.value.message
