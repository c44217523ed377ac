"""What other programs send, as they send it: packets built, parsed and taken."""

import json
import math

import numpy as np
import pytest
from dancers import walker
from hypothesis import given, settings
from hypothesis import strategies as st
from visitors import NOW

from oscbridge.domain import figure
from oscbridge.domain.identity import FORGET
from oscbridge.domain.joints import _COCO, COCO, SYNTHETIC
from oscbridge.domain.live import PersonLost, PoseFrame
from oscbridge.domain.pose import INDEX
from oscbridge.domain.skeleton import retarget
from oscbridge.domain.track import Track
from oscbridge.io.osc import Message, build, bundle, parse
from oscbridge.io.pose_wires import WIRES
from oscbridge.io.pose_wires.osceleton import JOINTS, Osceleton
from oscbridge.io.pose_wires.poseosc import PoseOsc
from oscbridge.io.pose_wires.wekinator import Wekinator
from oscbridge.io.pose_wires.wire import PoseError

WALK, TIME = walker(2, 30)


def heard(wire, *packets, now=NOW):
    return [told for packet in packets for message in parse(packet)
            for told in wire.take(message, now)]  # fmt: skip


def refused(wire, address, *args):
    with pytest.raises(PoseError) as error:
        wire.take(Message(address, args), NOW)
    return str(error.value)


# OSCeleton

ORDER = ("head", "neck", *(f"{s}_{j}" for s in "lr" for j in ("shoulder", "elbow", "hand")),
         "torso", *(f"{s}_{j}" for s in "lr" for j in ("hip", "knee", "foot")))  # fmt: skip


def kinect(pose, mirrored=False):
    """NITE's joints in millimetres, X, Y up and Z away from a camera 2.5 m in front."""
    world = pose * [-1 if mirrored else 1, -1, 1] * 1000 + [300, 200, 2500]
    place = {name: world[INDEX[at]] for name, at in JOINTS.items() if name != "head"}
    place |= {f"{s}_foot": place[f"{s}_ankle"] for s in "lr"}
    middle = (world[INDEX["left_shoulder"]] + world[INDEX["right_shoulder"]]) / 2
    ears = (world[INDEX["left_ear"]] + world[INDEX["right_ear"]]) / 2
    return place | {"head": ears, "neck": middle, "torso": middle - [0, 250, 0]}


def osceleton(pose, user=1, form="plain", leave=(), mirrored=False):
    """The bundle that OSCeleton sends for one user."""
    packets = []
    for name in ORDER:
        if name in leave:
            continue
        X, Y, Z = (float(v) for v in kinect(pose, mirrored)[name])
        if form == "raw":
            packets.append(build("/joint", name, user, X, Y, Z))
            continue
        x, y, z = (1280 - X) / 2560, (960 - Y) / 1920, Z * 7.8125 / 10000
        if form == "quartz":
            packets.append(build(f"/joint/{name}/{user}", x, y, z))
        else:
            packets.append(build("/joint", name, user, x, y, z))
    return bundle(packets)


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("form", ["plain", "raw", "quartz"])
def test_osceleton_bundles_become_bodies_of_the_figure(form, mirrored):
    wire = Osceleton()
    found = []
    for i, pose in enumerate(WALK[:20]):
        found += heard(wire, osceleton(pose, 4, form, mirrored=mirrored), now=NOW + i / 30)
    assert len(found) == 20
    assert {frame.person for frame in found} == {4}
    assert np.diff([frame.time for frame in found])[1:] == pytest.approx(1 / 30)
    back = retarget(np.stack([frame.landmarks for frame in found]))
    main = [INDEX[name] for name in ("left_wrist", "right_wrist", "left_knee", "right_ankle")]
    assert np.abs(back - WALK[:20])[:, main].max() < 0.05
    assert found[-1].confidence[INDEX["left_heel"]] == np.float32(SYNTHETIC)


def test_a_joint_that_is_not_seen_has_no_confidence():
    wire = Osceleton()
    for i, leave in enumerate([(), ("r_hand",), ("r_hand", "r_foot"), ()]):
        told = heard(wire, osceleton(WALK[i], leave=leave), now=NOW + i / 30)
    sets = [frame.confidence[[INDEX["right_wrist"], INDEX["right_ankle"]]].tolist()
            for frame in told]  # fmt: skip
    assert sets == [[0, 0], [1, 1]], "the set without its last joint ends as the next begins"


def test_several_users_do_not_mix_and_leave():
    wire = Osceleton()
    for i in range(3):
        told = heard(wire, osceleton(WALK[i], 1), osceleton(WALK[i + 20], 2), now=NOW + i / 30)
    assert [frame.person for frame in told] == [1, 2]
    knee = INDEX["left_knee"]
    for frame, pose in zip(told, (WALK[2], WALK[22]), strict=True):
        assert frame.landmarks[knee] == pytest.approx(pose[knee], abs=1e-4)
    assert heard(wire, build("/new_user", 3), build("/new_skel", 3)) == []
    assert heard(wire, build("/lost_user", 1)) == [PersonLost(1)]
    assert heard(wire, build("/user/3", 0.5, 0.5, 1.0)) == []


@pytest.mark.parametrize(
    ("address", "args", "said"),
    [
        ("/joint", ("l_hand0", 0.5, 0.5), "without -k"),
        ("/joint", ("l_hand", 1, 0.5, 0.5), "expected name, user, x, y, z"),
        ("/joint", ("tail", 1, 0.5, 0.5, 1.0), "'tail' is no joint"),
        ("/joint", ("l_hand", 1, 0.5, math.nan, 1.0), "argument 2 is nan"),
        ("/joint", ("l_hand", "me", 0.5, 0.5, 1.0), "no user's number"),
        ("/lost_user", (), "no user's number"),
        ("/poses/arr", (), "expected /joint"),
    ],
)
def test_what_is_not_osceletons_is_named(address, args, said):
    assert said in refused(Osceleton(), address, *args)


def test_a_flood_of_users_is_refused():
    wire = Osceleton()
    for user in range(16):
        wire.take(Message("/joint", ("head", user, 0.5, 0.5, 1.0)), NOW)
    assert "16" in refused(wire, "/joint", "head", 99, 0.5, 0.5, 1.0)


# PoseOSC


def keypoints(pose, x=320.0, size=200.0):
    """PoseNet's (17, 3): pixels and score."""
    flat = pose[_COCO, :2] * size + [x, 240]
    return np.concatenate([flat, np.full((17, 1), 0.9)], axis=1)


PARTS = [
    "".join(w.capitalize() if i else w for i, w in enumerate(name.split("_"))) for name in COCO
]


def as_arr(bodies):
    flat = [v for body in bodies for v in (0.8, *body.ravel().tolist())]
    # osc-js sends a whole number as an integer
    return build("/poses/arr", 640, 480, len(bodies), *flat)


def as_json(bodies):
    told = [
        {
            "score": 0.8,
            "keypoints": [
                {"part": part, "score": s, "position": {"x": x, "y": y}}
                for part, (x, y, s) in zip(PARTS, body.tolist(), strict=True)
            ],
        }
        for body in bodies
    ]
    return build("/poses/json", json.dumps(told))


def as_xml(bodies):
    told = "".join('<pose score="0.8">' + "".join(
        f'<keypoint part="{part}" x="{x}" y="{y}" score="{s}"/>'
        for part, (x, y, s) in zip(PARTS, body.tolist(), strict=True)) + "</pose>"
        for body in bodies)  # fmt: skip
    return build(
        "/poses/xml", f'<poses videoWidth="640" videoHeight="480" nPoses="1">{told}</poses>'
    )


@pytest.mark.parametrize("form", [as_arr, as_json, as_xml])
def test_poseosc_bodies_keep_their_numbers_in_any_order(form):
    wire = PoseOsc()
    for i in range(30):
        bodies = [keypoints(WALK[i], 150), keypoints(WALK[i], 500)]
        told = heard(wire, form(bodies[:: 1 if i % 2 else -1]), now=NOW + i / 30)
        by_person = {frame.person: frame for frame in told}
        assert sorted(by_person) == [1, 2]
    assert heard(wire, form([]), now=NOW + 2) == []
    late = heard(wire, form([]), now=NOW + 1 + FORGET)
    assert late == [PersonLost(1), PersonLost(2)] or late == [PersonLost(2), PersonLost(1)]


def test_poseosc_poses_are_near_what_was_danced():
    wire, track = PoseOsc(), Track()
    for i, pose in enumerate(WALK):
        (frame,) = heard(wire, as_arr([keypoints(pose)]), now=NOW + TIME[i])
        assert track.take(frame, NOW + TIME[i]) is None
    found = track.poses(NOW + TIME[20:50])[0]
    assert np.linalg.norm(found - WALK[20:50], axis=-1).mean() < 0.1
    assert found[:, INDEX["nose"], 1].max() < -0.4


TAIL = '<a><pose score="1"><keypoint part="tail" x="1" y="1" score="1"/></pose></a>'


@pytest.mark.parametrize(
    ("address", "args", "said"),
    [
        ("/poses/0/score", (0.8,), "choose ARR, XML or JSON"),
        ("/poses/arr", (640, 480), "expected width, height, number of bodies"),
        ("/poses/arr", (640, 480, 2, *[0.5] * 52), "expected 107"),
        ("/poses/arr", (640, 480, 1, *[math.nan] * 52), "argument 4 is nan"),
        ("/poses/arr", (640, 480, 1, *[7.0] * 52), "expected 0 to 1"),
        ("/poses/json", ("[{",), "not JSON"),
        ("/poses/json", ("[1]",), "not PoseNet's output"),
        ("/poses/json", ('[{"score": true, "keypoints": []}]',), "expected a number"),
        ("/poses/json", ("x" * 70_000,), "are the most"),
        ("/poses/json", (5,), "expected one text"),
        ("/poses/xml", ("<poses>",), "not XML"),
        ("/poses/xml", ("<poses><pose/></poses>",), "no 'score'"),
        ("/poses/xml", ('<!DOCTYPE a [<!ENTITY b "c">]><a/>',), "declarations"),
        ("/poses/xml", (TAIL,), "'tail' is no part"),
    ],
)
def test_what_is_not_poseoscs_is_named(address, args, said):
    assert said in refused(PoseOsc(), address, *args)


# Wekinator


def flat(pose, layout):
    coco = keypoints(pose)
    return {
        99: pose,
        132: np.concatenate([pose, np.full((33, 1), 0.7)], axis=1),
        66: pose[:, :2] * 200 + 300,
        51: coco,
        34: coco[:, :2],
    }[layout].ravel()


@pytest.mark.parametrize("layout", [99, 132, 66, 51, 34])
def test_flat_floats_are_bodies_by_how_many_there_are(layout):
    wire = Wekinator()
    found = [heard(wire, build("/wek/inputs", flat(pose, layout)))[0] for pose in WALK[:20]]
    back = retarget(np.stack([frame.landmarks for frame in found]))
    far = np.linalg.norm(back - WALK[:20], axis=-1).mean()
    assert far < (0.001 if layout in (99, 132) else 0.1)
    assert found[0].confidence.min() >= (0.5 if layout != 132 else 0.69)


def test_a_point_at_nought_is_missing_and_a_score_is_heeded():
    values = flat(WALK[0], 34).reshape(17, 2).copy()
    values[COCO.index("left_ankle")] = 0
    (frame,) = heard(Wekinator(), build("/wek/inputs", values.ravel()))
    assert frame.confidence[INDEX["left_ankle"]] == 0
    (frame,) = heard(Wekinator(), build("/wek/inputs", flat(WALK[0], 132)))
    assert frame.confidence == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("address", "args", "said"),
    [
        ("/wek/inputs", (0.0,) * 96, "96 numbers; expected 99 (33 x x y z)"),
        ("/wek/inputs", (0.0,) * 98 + (math.inf,), "argument 99 is inf"),
        ("/wek/inputs", ("a",) * 99, "argument 1 is 'a'"),
        ("/wek/inputs", (1.5,) * 51, "score of point 1 is 1.5"),
        ("/wek/outputs", (0.0,) * 99, "send /wek/inputs"),
    ],
)
def test_what_is_no_flat_body_is_named(address, args, said):
    assert said in refused(Wekinator(), address, *args)


# All of them

ATOM = (st.integers(-(2**63), 2**63 - 1) | st.floats(width=32) | st.text(max_size=6) | st.booleans()
        | st.binary(max_size=4))  # fmt: skip
NAMES = st.sampled_from([*ORDER, "x", ""])
BODY = st.tuples(NAMES, st.integers(0, 30) | ATOM, *[st.floats(-3, 30) | ATOM] * 3)
ADDRESS = st.sampled_from(
    ["/joint", "/joint/head/1", "/joint/l_hand/x", "/lost_user", "/new_user", "/poses/arr",
     "/poses/json", "/poses/xml", "/wek/inputs", "/", "/joint/"]
)  # fmt: skip
TEXTS = st.sampled_from(
    ["[]", "{}", "null", '[{"score":1,"keypoints":[]}]', "<a/>", '<a><pose score="x"/></a>',
     '[{"score":1e999,"keypoints":[]}]', '[{"score":' + "9" * 400 + ',"keypoints":[]}]', "[" * 9999]
)  # fmt: skip
COUNTED = st.sampled_from([34, 51, 66, 99, 132]).flatmap(
    lambda n: st.lists(st.floats(-2, 2, width=32), min_size=n, max_size=n)
)
ARR = st.integers(-1, 3).flatmap(
    lambda n: st.lists(st.floats(0, 1, width=32), min_size=max(n, 0) * 52, max_size=max(n, 0) * 52)
    .map(lambda values: (640, 480, n, *values))
)  # fmt: skip


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(sorted(WIRES)),
    st.lists(
        st.tuples(ADDRESS, BODY | COUNTED | ARR | TEXTS.map(lambda t: (t,)) | st.lists(ATOM)),
        max_size=12,
    ),
)
def test_whatever_is_sent_is_a_finite_body_or_a_pose_error(name, told):
    wire, track = WIRES[name](), Track()
    for i, (address, args) in enumerate(told):
        try:
            found = wire.take(Message(address, tuple(args)), NOW + i / 30)
        except PoseError as error:
            assert str(error)
            continue
        for each in found:
            if isinstance(each, PoseFrame):
                assert each.landmarks.shape == (33, 3) and each.landmarks.dtype == np.float32
                assert each.confidence.shape == (33,) and each.confidence.dtype == np.float32
                assert np.isfinite(each.landmarks).all()
                assert 0 <= each.confidence.min() <= each.confidence.max() <= 1
                track.take(each, NOW + i / 30)
    assert np.isfinite(track.poses(np.array([NOW]))[0]).all()


def test_ports_and_names_are_the_programs_own():
    assert {name: wire.PORT for name, wire in WIRES.items()} == {
        "osceleton": 7110, "poseosc": 9527, "vmc": 39540, "wekinator": 6448
    }  # fmt: skip


def test_a_still_figure_of_the_rest_pose_survives_each_wire():
    rest = figure.rest()
    (frame,) = heard(Wekinator(), build("/wek/inputs", rest.ravel()))
    assert frame.landmarks == pytest.approx(rest, abs=1e-6)
