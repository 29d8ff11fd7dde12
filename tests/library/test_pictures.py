"""Every exercise shows what to do: drawn from a small file, in two poses, light and dark, moving and still."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from rehab.library import pictures, reading
from rehab.library.addresses import Picture, picture_of
from rehab.library.figure import above, ahead, side
from rehab.library.figure.drawn import between
from rehab.library.figure.geometry import Place, reach, smooth
from rehab.library.figure.scene import moment
from rehab.library.reading import EXERCISES, ContentError, read

SLUGS = sorted(pictures.slugs())
EXERCISE_SLUGS = sorted(row["slug"] for row in read(EXERCISES)["exercises"])
MOST_BYTES = 8 * 1024
SVG = "{http://www.w3.org/2000/svg}"
ANIMATION = {f"{SVG}animate", f"{SVG}animateTransform", f"{SVG}animateMotion", f"{SVG}set"}
SHAPES = {f"{SVG}path", f"{SVG}use", f"{SVG}rect", f"{SVG}circle"}
ALLOWED = {f"{SVG}svg", f"{SVG}style", f"{SVG}g", f"{SVG}text"} | SHAPES | ANIMATION
KINDS = [pytest.param(True, id="moving"), pytest.param(False, id="still")]

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a pose file of its own folder."""

    def wrote(text: str) -> Path:
        (tmp_path / "made-up.yaml").write_text(text)
        return tmp_path

    return wrote


def address(slug: str, *, version: str | None = None, kind: str = "moving") -> str:
    return reverse("library:picture", kwargs={"slug": slug, "version": version or pictures.version(slug), "kind": kind})


def tags(svg: str) -> set[str]:
    return {element.tag for element in ET.fromstring(svg).iter()}  # noqa: S314 - our own drawing


def test_every_exercise_has_a_pose_file_and_every_pose_file_an_exercise() -> None:
    assert SLUGS == EXERCISE_SLUGS
    assert len(SLUGS) == 45


@pytest.mark.parametrize("slug", SLUGS)
def test_picture_has_two_poses_that_differ(slug: str) -> None:
    scene = pictures.scene(slug)
    assert len(scene.shots) >= 2
    moments = [moment(scene, float(place)) for place in range(len(scene.shots))]
    seen = {repr((now.dog.body, now.behind, now.front)) for now in moments}
    assert len(seen) == len(moments)


def test_words_say_what_to_do_and_differ_from_picture_to_picture() -> None:
    words = {slug: pictures.alternative(slug) for slug in SLUGS}
    assert len(set(words.values())) == len(SLUGS)
    assert {slug: text for slug, text in words.items() if len(text) < 60 or not text.endswith(".")} == {}


@pytest.mark.parametrize("moving", KINDS)
def test_picture_is_light_enough_for_a_phone(*, moving: bool) -> None:
    sizes = {slug: len(gzip.compress(pictures.render(slug, moving=moving).encode())) for slug in SLUGS}
    assert {slug: size for slug, size in sizes.items() if size >= MOST_BYTES} == {}


@pytest.mark.parametrize("moving", KINDS)
@pytest.mark.parametrize("slug", SLUGS)
def test_picture_is_a_drawing_that_runs_and_fetches_nothing(slug: str, *, moving: bool) -> None:
    svg = pictures.render(slug, moving=moving)
    root = ET.fromstring(svg)  # noqa: S314 - our own drawing
    assert root.get("viewBox") == "0 0 240 180"
    assert tags(svg) <= ALLOWED
    names = {element.get("id") for element in root.iter()} - {None}
    for element in root.iter():
        assert not [name for name in element.attrib if name.lower().startswith("on") or name == "style"]
        assert element.get("href", "#").startswith("#")
        if element.tag == f"{SVG}use":
            assert element.get("href", "").removeprefix("#") in names
    assert re.findall(r"url\(|@import|https?:(?!//www\.w3\.org/2000/svg)", svg) == []
    assert "nan" not in svg


@pytest.mark.parametrize("slug", SLUGS)
def test_picture_moves_only_where_motion_is_the_point(slug: str) -> None:
    moves = bool(tags(pictures.render(slug, moving=True)) & ANIMATION)
    assert moves == pictures.scene(slug).motion


@pytest.mark.parametrize("slug", SLUGS)
def test_still_picture_shows_both_poses_and_does_not_move(slug: str) -> None:
    svg = pictures.render(slug, moving=False)
    assert not tags(svg) & ANIMATION
    scene = pictures.scene(slug)
    if scene.panels:
        assert svg.count("<svg") == 1 + len(scene.shots)
        return
    groups = list(ET.fromstring(svg).iter(f"{SVG}g"))  # noqa: S314 - our own drawing
    (ghost,) = [group for group in groups if group.get("class") == "ghost"]
    pale = {path.get("d") for path in ghost.iter(f"{SVG}path")}
    full = {path.get("d") for path in ET.fromstring(svg).iter(f"{SVG}path")} - pale  # noqa: S314 - our own drawing
    every = [path.get("d") for path in ET.fromstring(svg).iter(f"{SVG}path")]  # noqa: S314 - our own drawing
    # Something pale stands where nothing of the full picture does.
    assert {path for path in pale if every.count(path) == 1}
    assert full


def test_most_exercises_move_and_care_without_motion_does_not() -> None:
    still = {slug for slug in SLUGS if not pictures.scene(slug).motion}
    assert {"crate-rest", "medication-given", "nonslip-floors", "weight-control"} <= still
    assert len(still) < len(SLUGS) / 2


@pytest.mark.parametrize("slug", SLUGS)
def test_moving_paths_keep_their_commands(slug: str) -> None:
    """A browser interpolates two paths only when they are written with the same commands."""
    root = ET.fromstring(pictures.render(slug, moving=True))  # noqa: S314 - our own drawing
    for animate in root.iter(f"{SVG}animate"):
        values = animate.get("values", "").split(";")
        times = [float(time) for time in animate.get("keyTimes", "").split(";")]
        commands = {
            (re.sub(r"[^a-zA-Z]", "", value), len(re.findall(r"-?(?:\d+\.\d+|\d+|\.\d+)", value))) for value in values
        }
        assert len(commands) == 1
        assert len(times) == len(values)
        assert (times[0], times[-1]) == (0, 1)
        assert times == sorted(times)
        assert values[0] == values[-1]


@pytest.mark.parametrize("slug", SLUGS)
def test_picture_names_every_colour_for_light_and_dark(slug: str) -> None:
    svg = pictures.render(slug, moving=True)
    light, dark = re.findall(r"svg\{([^}]*--[^}]*)\}", svg)
    assert "prefers-color-scheme:dark" in svg

    def names(rule: str) -> set[str]:
        return set(re.findall(r"--\w+(?=:)", rule))

    assert names(light) == names(dark) != set()
    assert set(re.findall(r"var\((--\w+)\)", svg)) == names(light)
    painted = {name for names in re.findall(r'class="([^"]*)"', svg) for name in names.split()}
    ruled = set(re.findall(r"\.([A-Za-z]\w*)(?=[,{])", svg[: svg.index("</style>")]))
    assert painted <= ruled


@pytest.mark.parametrize("base", sorted(side.BASES))
def test_knees_point_forward_and_elbows_back(base: str) -> None:
    dog = side.draw(side.BASES[base], Place())
    for leg in ("near_hind", "far_hind"):
        hip, paw = dog.anchors["hip"], dog.anchors[f"{leg}_paw"]
        way = (dog.anchors[f"{leg}_hock"] - hip) / abs(dog.anchors[f"{leg}_hock"] - hip)
        knee = (dog.anchors[f"{leg}_knee"] - hip) / way
        # Hanging down, the picture's y grows and forward is on the left hand of the way down.
        assert knee.imag < 0, leg
        assert abs(paw - hip) < side.THIGH + side.SHIN + side.HOCK + 5
    shoulder = dog.anchors["shoulder"]
    way = dog.anchors["near_fore_wrist"] - shoulder
    assert ((dog.anchors["near_fore_elbow"] - shoulder) / way).imag > 0


def test_planted_paws_stay_while_the_body_moves() -> None:
    high = side.draw(side.STAND, Place())
    low = side.draw(between(side.STAND, side.BASES["stand"], 0.5), Place())
    assert high.anchors["near_hind_paw"] == low.anchors["near_hind_paw"] == complex(-7, 0)


@pytest.mark.parametrize("phase", [0, 0.25, 0.5, 0.75])
def test_walking_dog_has_at_least_two_feet_on_the_ground(phase: float) -> None:
    pose = side.stride(phase)
    feet = (pose.near_hind, pose.far_hind - 3j, pose.near_fore, pose.far_fore - 3j)
    assert sum(abs(foot.imag) < 0.01 for foot in feet) >= 2


def test_limb_that_cannot_reach_is_almost_straight() -> None:
    joint, end = reach(0j, complex(0, -100), 10, 10, forward=True)
    assert abs(end) == pytest.approx(19.9)
    assert joint.real > 0


def test_smooth_path_has_one_curve_for_each_point() -> None:
    assert smooth([0j, 10 + 0j, 10 + 10j]).count("z") == 1
    assert re.sub(r"[^a-zA-Z]", "", smooth([0j, 10 + 0j, 10 + 10j], closed=False)) == "Mcs"


@pytest.mark.parametrize("module", [side, above, ahead])
def test_every_view_draws_its_base_poses(module: object) -> None:
    for name, pose in module.BASES.items():  # type: ignore[attr-defined]
        dog = module.draw(pose, Place(x=100, y=100))  # type: ignore[attr-defined]
        assert dog.body, name
        assert set(module.PARTS) <= dog.parts.keys()  # type: ignore[attr-defined]


GOOD = "alt: The dog stands and then sits.\nposes:\n  - {base: stand}\n  - {base: sit}\n"


def test_smallest_pose_file_can_be_drawn(write: Write) -> None:
    scene = pictures.scene("made-up", folder=write(GOOD))
    assert scene.alt == "The dog stands and then sits."
    assert tags(pictures.drawn(scene, moving=True)) & ANIMATION


@pytest.mark.parametrize(
    ("text", "field", "what"),
    [
        (GOOD.replace("alt: The dog stands and then sits.", "alt: ''"), "alt", "must say in words what one sees"),
        (GOOD.replace("  - {base: sit}\n", ""), "poses", "must be a list of two or more"),
        (GOOD.replace("base: sit", "base: fly"), "poses[1].base", "must be one of stand, sit, down, bow, lie"),
        (GOOD.replace("base: sit", "neck: up"), "poses[1].neck", "must be a number"),
        (GOOD.replace("base: sit", "hip: [1]"), "poses[1].hip", "must be two numbers, [x, y]"),
        (GOOD.replace("base: sit", "elbow: 3"), "poses[1].elbow", "is not a known key"),
        (GOOD.replace("base: sit", "crop: 3"), "poses[1].crop", "must be two numbers, [x, y]"),
        (GOOD.replace("base: sit", "place: {z: 1}"), "poses[1].place.z", "is not a known key"),
        (GOOD + "colour: red\n", "colour", "is not a known key"),
        (GOOD + "view: below\n", "view", "must be one of side, above, ahead"),
        (GOOD + "still: film\n", "still", "must be one of ghost, panels"),
        (GOOD + "motion: 'yes'\n", "motion", "must be true or false"),
        (GOOD + "seconds: true\n", "seconds", "must be a number"),
        (GOOD + "seconds: 0\n", "seconds", "must be more than 0"),
        (GOOD + "held: 3\n", "held", "must be a mapping"),
        (GOOD + "held: {wings: 2}\n", "held.wings", "is not a known key"),
        (GOOD + "things: 3\n", "things", "must be a list"),
        (GOOD + "things: [3]\n", "things[0]", "must be a mapping"),
        (GOOD + "things: [{draw: ball}]\n", "things[0].at", "is missing"),
        (GOOD + "things: [{draw: ball, at: [1, 2], r: 3}]\n", "things[0].r", "is not a known key"),
        (GOOD + "things: [{draw: ball, at: [1, x]}]\n", "things[0].at", "must be a number"),
        (
            GOOD + "things: [{draw: hand, at: [1, 2], like: paw}]\n",
            "things[0].like",
            "must be one of flat, grip, pinch",
        ),
        (
            GOOD + "things: [{draw: ball, at: [1, 2], w: {each: [1]}}]\n",
            "things[0].w",
            "'each' must list one value for each of the 2 poses",
        ),
        (GOOD + "arrows: [{at: [1, 2], to: [3, 4], bend: far}]\n", "arrows[0].bend", "must be a number"),
    ],
)
def test_bad_pose_file_names_file_slug_and_field(write: Write, text: str, field: str, what: str) -> None:
    with pytest.raises(ContentError) as refused:
        pictures.scene("made-up", folder=write(text))
    (problem,) = refused.value.problems
    assert (problem.file, problem.slug, problem.field, problem.what) == ("poses/made-up.yaml", "made-up", field, what)


def test_unknown_thing_point_or_part_is_refused_with_the_known_ones(write: Write) -> None:
    for text, known in (
        ("things: [{draw: spoon, at: [1, 2]}]", "brush"),
        ("things: [{draw: ball, at: elbow}]", "nose"),
        ("mark: [wing]", "near_hind"),
    ):
        with pytest.raises(ContentError, match=known):
            pictures.scene("made-up", folder=write(f"{GOOD}{text}\n"))
        pictures.scene.cache_clear()
        read.cache_clear()


def test_version_changes_with_the_pose_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sit-stand.yaml").write_text(GOOD)
    usual = pictures.version("sit-stand")
    assert re.fullmatch(r"[0-9a-f]{10}", usual)
    monkeypatch.setattr(pictures, "FOLDER", tmp_path)
    assert pictures.version.__wrapped__("sit-stand") != usual


def test_only_built_in_exercises_have_a_picture() -> None:
    assert pictures.has_picture("sit-stand")
    assert not pictures.has_picture("../reading")
    assert picture_of("a-clinic-s-own") is None


@pytest.mark.parametrize("kind", ["moving", "still"])
def test_picture_is_given_to_anybody_and_kept_for_ever(client: Client, kind: str) -> None:
    answer = client.get(address("sit-stand", kind=kind))
    assert answer.status_code == 200
    assert answer.content.decode() == pictures.render("sit-stand", moving=kind == "moving")
    assert answer.headers["Content-Type"] == "image/svg+xml"
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    )
    assert "Cookie" not in answer.headers.get("Vary", "")
    assert not answer.cookies


def test_picture_travels_compressed(client: Client) -> None:
    heaviest = max(SLUGS, key=lambda slug: len(gzip.compress(pictures.render(slug, moving=True).encode())))
    assert len(client.get(address(heaviest), headers={"Accept-Encoding": "gzip"}).content) < MOST_BYTES
    answer = client.get(address("sit-stand"), headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert gzip.decompress(answer.content).decode() == pictures.render("sit-stand", moving=True)


def test_old_address_shows_the_present_picture_for_a_while(client: Client) -> None:
    answer = client.get(address("sit-stand", version="0123456789"))
    assert answer.content.decode() == pictures.render("sit-stand", moving=True)
    assert answer.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize(("slug", "kind"), [("sit-stand", "film"), ("no-such-exercise", "still")])
def test_unknown_picture_is_not_found(client: Client, slug: str, kind: str) -> None:
    answer = client.get(address(slug, version="0123456789", kind=kind))
    assert answer.status_code == 404
    assert "immutable" not in answer.headers["Cache-Control"]


def test_picture_is_only_read(client: Client) -> None:
    assert client.head(address("sit-stand")).status_code == 200
    assert client.post(address("sit-stand")).status_code == 405


def test_page_part_offers_the_still_picture_to_who_wants_no_motion() -> None:
    picture = picture_of("sit-stand")
    assert picture == Picture(
        src=address("sit-stand"), still_src=address("sit-stand", kind="still"), alt=pictures.alternative("sit-stand")
    )
    html = render_to_string("library/_picture.html", {"picture": picture})
    assert f'<source media="(prefers-reduced-motion: reduce)" srcset="{address("sit-stand", kind="still")}">' in html
    assert f'src="{address("sit-stand")}"' in html
    assert f'alt="{pictures.alternative("sit-stand")}"' in html


def test_pose_files_belong_to_the_reviewed_folder() -> None:
    assert pictures.FOLDER.parent == reading.FOLDER.parent
