"""Virtual Motion Capture: what is sent, what is understood, and that the two agree."""

import math
import struct

import numpy as np
import pytest
from dancers import dance, walker
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from oscbridge.domain import figure, skeleton
from oscbridge.domain.live import PersonLost, PoseFrame
from oscbridge.domain.pose import INDEX
from oscbridge.domain.rig import rotations
from oscbridge.domain.rig_live import LiveRig
from oscbridge.errors import PoseError
from oscbridge.io.osc import Message, parse
from oscbridge.io.vmc_bones import NAMES, OFFSETS, PARENTS
from oscbridge.io.vmc_in import VmcReceiver
from oscbridge.io.vmc_out import VmcSender

LEFT, RIGHT = figure.SIDES
HEIGHT = np.array([0.0, -0.79, 0.0])
"""Of the hips of the figure at rest."""


def sender():
    return VmcSender(lambda packet, to: None)


def heard(packets, receiver=None):
    receiver = receiver or VmcReceiver()
    return [said for p in packets for m in parse(p) for said in receiver.take(m, 0.0)]


def bones(packets):
    """Position and quaternion (7,) of each bone that is sent."""
    messages = [m for p in packets for m in parse(p) if m.address == "/VMC/Ext/Bone/Pos"]
    return {m.args[0]: np.array(m.args[1:]) for m in messages}


def arm(points, side, direction):
    """Stretch an arm of the figure in a direction, hand and all."""
    along = np.array(direction, float)
    start = points[side("shoulder")].copy()
    points[side("elbow")] = start + figure.UPPER_ARM * along
    wrist = start + (figure.UPPER_ARM + figure.FOREARM) * along
    shift = wrist - points[side("wrist")]
    for name in ("wrist", *figure.HAND):
        points[side(name)] += shift
    return points


def unity(quaternion, vector):
    """A vector turned as Unity's `Quaternion * Vector3` does: the formula of its documentation, on
    its left-handed axes.
    """
    x, y, z, w = quaternion
    q = np.array([x, y, z])
    t = 2 * np.cross(q, vector)
    return vector + w * t + np.cross(q, t)


def random_poses(seed, count):
    """Poses of the figure of any kind: each joint thrown about, put back onto its bones."""
    rng = np.random.default_rng(seed)
    turns = Rotation.random(count, rng).as_matrix()
    points = figure.rest() + rng.normal(0, 0.25, (count, 33, 3))
    return np.einsum("fij,fkj->fki", turns, skeleton.project(points))


def test_a_dancer_at_rest_is_unitys_t_pose():
    sent = bones(sender().packets(figure.rest(), HEIGHT, 0.0))
    assert tuple(sent) == NAMES
    for name, value in sent.items():
        assert value[3:] == pytest.approx([0, 0, 0, 1], abs=1e-6), name
    assert sent["Hips"][:3] == pytest.approx([0, 0.79, 0])
    # +x is the subject's right, y up, +z the front
    assert sent["LeftUpperArm"][0] == pytest.approx(-figure.SHOULDERS / 2)
    assert sent["RightUpperLeg"][0] == pytest.approx(figure.HIPS / 2)
    assert sent["LeftToes"][1:3] == pytest.approx([-0.06, 0.12])


def test_the_left_arm_raised_raises_unitys_left_arm():
    # Unity's left upper arm points to -x at rest; 90 degrees about z carry it down, as avatars'
    # programs have it, so -90 raise it.
    for direction, degrees in (((0, -1, 0), -90), ((0, 1, 0), 90)):
        pose = arm(figure.rest().astype(float), LEFT, direction)
        sent = bones(sender().packets(pose, HEIGHT, 0.0))
        turned = sent["LeftUpperArm"][3:]
        assert unity(turned, np.array([-1.0, 0, 0])) == pytest.approx(
            -np.array(direction), abs=1e-6
        )
        half = math.radians(degrees) / 2
        assert turned == pytest.approx([0, 0, math.sin(half), math.cos(half)], abs=1e-6)
        assert sent["RightUpperArm"][3:] == pytest.approx([0, 0, 0, 1], abs=1e-6)


def test_an_arm_stretched_forward_points_to_unitys_front():
    pose = arm(figure.rest().astype(float), RIGHT, (0, 0, -1))
    turned = bones(sender().packets(pose, HEIGHT, 0.0))["RightUpperArm"][3:]
    assert unity(turned, np.array([1.0, 0, 0])) == pytest.approx([0, 0, 1], abs=1e-6)


def test_a_turn_to_the_left_is_one_in_unity():
    pose = Rotation.from_euler("y", -90, degrees=True).apply(figure.rest())
    assert pose[INDEX["nose"], 0] > 0.1, "the body faces its old left"
    hips = bones(sender().packets(pose, HEIGHT, 0.0))["Hips"][3:]
    assert unity(hips, np.array([0, 0, 1.0])) == pytest.approx([-1, 0, 0], abs=1e-6)


def test_the_way_through_the_room_is_the_roots_and_the_height_the_hips():
    packets = sender().packets(figure.rest(), np.array([0.5, -0.9, -2.0]), 0.0)
    (root,) = [m for m in parse(packets[0]) if m.address == "/VMC/Ext/Root/Pos"]
    assert root.args == pytest.approx(("root", -0.5, 0, 2.0, 0, 0, 0, 1))
    assert bones(packets)["Hips"][:3] == pytest.approx([0, 0.9, 0])


def test_packets_are_bundles_of_less_than_1400_bytes_that_end_in_ok_and_t():
    vmc = sender()
    packets = vmc.packets(figure.rest(), HEIGHT, 1000.0)
    assert all(p.startswith(b"#bundle\0" + bytes(7) + b"\1") for p in packets)
    assert max(map(len, packets)) <= 1400
    for packet in packets:
        assert sum(m.address == "/VMC/Ext/Bone/Pos" for m in parse(packet)) <= 17
    last = [m for p in vmc.packets(figure.rest(), HEIGHT, 1000.5) for m in parse(p)][-2:]
    assert [(m.address, m.args) for m in last] == [
        ("/VMC/Ext/OK", (1, 3, 0, 1)), ("/VMC/Ext/T", (0.5,)),
    ]  # fmt: skip


def test_golden_bytes_of_the_specification():
    # /VMC/Ext/Root/Pos (string)name (float)p.xyz (float)q.xyzw
    # /VMC/Ext/OK (int)loaded (int)calibration state (int)mode (int)tracking; /VMC/Ext/T (float)
    first, second = sender().packets(figure.rest(), np.array([0.25, -0.75, 1.0]), 5.0)
    root = b"/VMC/Ext/Root/Pos\0\0\0,sfffffff\0\0\0root\0\0\0\0" + struct.pack(
        ">7f", -0.25, 0, -1, 0, 0, 0, 1
    )
    hips = b"/VMC/Ext/Bone/Pos\0\0\0,sfffffff\0\0\0Hips\0\0\0\0" + struct.pack(
        ">7f", 0, 0.75, 0, 0, 0, 0, 1
    )
    opening = b"#bundle\0" + struct.pack(">Q", 1)
    for message in (root, hips):
        opening += struct.pack(">i", len(message)) + message
    # The rest pose is a float32's rounding away from no rotation at all.
    assert first[: len(opening) - 16] == opening[:-16]
    assert np.frombuffer(first[len(opening) - 16 : len(opening)], ">f4") == pytest.approx(
        [0, 0, 0, 1], abs=1e-6
    )
    ok = b"/VMC/Ext/OK\0,iiii\0\0\0" + struct.pack(">4i", 1, 3, 0, 1)
    t = b"/VMC/Ext/T\0\0,f\0\0" + struct.pack(">f", 0)
    closing = struct.pack(">i", len(ok)) + ok + struct.pack(">i", len(t)) + t
    assert second.endswith(closing)


@pytest.mark.parametrize("seed", range(4))
def test_poses_come_back_as_they_were_sent(seed):
    poses = random_poses(seed, 60)
    roots = np.random.default_rng(seed).normal(0, 1, (60, 3)).astype(np.float32)
    vmc, receiver = sender(), VmcReceiver()
    for pose, root in zip(poses, roots, strict=True):
        (frame,) = heard(vmc.packets(pose, root, 3.0), receiver)
        assert np.abs(frame.landmarks - pose).max() < 1e-3
        assert np.abs(frame.root - root).max() < 1e-5
        assert frame.confidence.min() == 1 and frame.person == 0


def test_a_dance_comes_back_with_its_times():
    danced, _ = dance()
    vmc, receiver = sender(), VmcReceiver()
    frames = [
        frame
        for pose, root, time in zip(danced.landmarks, danced.root, danced.time, strict=True)
        for frame in heard(vmc.packets(pose, root, 100 + time), receiver)
    ]
    assert np.abs(np.stack([f.landmarks for f in frames]) - danced.landmarks).max() < 1e-5
    assert [f.time for f in frames][1:] == pytest.approx(danced.time[:-1].tolist(), abs=1e-5)


def test_without_positions_the_body_has_our_proportions():
    poses, _ = walker(1.0)
    receiver = VmcReceiver()
    for pose in poses[::10]:
        said = bones(sender().packets(pose, HEIGHT, 0.0))
        frame = speak(receiver, {name: [0, 0, 0, *value[3:]] for name, value in said.items()})
        assert np.abs(frame.landmarks - pose).max() < 1e-5
        assert frame.root is None


def speak(receiver, said):
    """One frame, ended by T."""
    for name, value in said.items():
        receiver.take(Message("/VMC/Ext/Bone/Pos", (name, *map(float, value))), 0.0)
    (frame,) = receiver.take(Message("/VMC/Ext/T", (1.0,)), 0.0)
    return frame


def test_an_avatar_of_another_size_without_chest_shoulders_and_toes():
    size, absent = 1.7, {"Chest", "UpperChest", "LeftShoulder", "RightShoulder", "LeftToes"}
    rest = np.zeros_like(OFFSETS)
    for i, parent in enumerate(PARENTS):
        rest[i] = OFFSETS[i] * size + (rest[parent] if i else 0)
    place = dict(zip(NAMES, rest, strict=True))
    hung = {name: NAMES[parent] if i else "" for i, (name, parent) in
            enumerate(zip(NAMES, PARENTS, strict=True))}  # fmt: skip
    said = {}
    for name in NAMES:
        above = hung[name]
        while above in absent:
            above = hung[above]
        if name not in absent:
            offset = place[name] - place[above] if above else np.array([0.1, 1.4, 0.2])
            said[name] = [*offset, 0, 0, 0, 1]
    frame = speak(VmcReceiver(), said)
    assert frame.landmarks == pytest.approx(figure.rest() * size, abs=1e-5)
    assert frame.root == pytest.approx([-0.1, -1.4, -0.2])
    assert frame.confidence.min() == 1


def test_the_root_turns_and_moves_the_whole_body():
    receiver = VmcReceiver()
    half_turn = (0.0, 1.0, 0.0, 0.0)
    receiver.take(Message("/VMC/Ext/Root/Pos", ("root", 1.0, 0.0, 2.0, *half_turn)), 0.0)
    said = bones(sender().packets(figure.rest(), HEIGHT, 0.0))
    frame = speak(receiver, said)
    turned = figure.rest() * np.array([-1, 1, -1])
    assert frame.landmarks == pytest.approx(turned, abs=1e-5)
    assert frame.root == pytest.approx([-1, -0.79, -2])


def test_a_frame_ends_when_a_bone_comes_again_and_lost_bones_stay():
    pose = arm(figure.rest().astype(float), LEFT, (0, -1, 0))
    said = bones(sender().packets(pose, HEIGHT, 0.0))
    messages = [Message("/VMC/Ext/Bone/Pos", (n, *v.tolist())) for n, v in said.items()]
    receiver = VmcReceiver()
    lossy = [m for m in messages if m.args[0] not in ("Spine", "LeftUpperArm")]
    frames = [f for m in (*messages, *lossy, *messages) for f in receiver.take(m, 0.0)]
    assert len(frames) == 2
    for frame in frames:
        assert frame.landmarks == pytest.approx(pose, abs=1e-5)
        assert math.isnan(frame.time)


def test_what_was_never_heard_of_is_not_seen():
    frame = speak(VmcReceiver(), {"Head": [0, 0, 0, 0, 0, 0, 1]})
    seen = {name for name, i in INDEX.items() if frame.confidence[i]}
    assert seen == set(figure.HEAD)


def test_nobody_there_is_told_once_and_ends_with_the_next_ok():
    vmc, receiver = sender(), VmcReceiver()
    packets = vmc.packets(figure.rest(), HEIGHT, 0.0)
    sent = []
    lost = VmcSender(lambda packet, to: sent.append((packet, to)), "10.0.0.9", 39541)
    lost.lost(1.0)
    ((away, to),) = sent
    assert to == ("10.0.0.9", 39541)
    assert [type(said) for said in heard([*packets, away, away], receiver)] == [
        PoseFrame, PersonLost,
    ]  # fmt: skip
    unloaded = Message("/VMC/Ext/OK", (0,))
    assert receiver.take(unloaded, 0.0) == []
    assert receiver.take(Message("/VMC/Ext/Bone/Pos", ("Hips", *[0.0] * 6, 1.0)), 0.0) == []
    receiver.take(Message("/VMC/Ext/OK", (1,)), 0.0)
    assert len(heard(packets, receiver)) == 1


def test_a_time_too_coarse_to_tell_frames_apart_is_not_told():
    receiver = VmcReceiver()
    receiver.take(Message("/VMC/Ext/Bone/Pos", ("Hips", *[0.0] * 6, 1.0)), 0.0)
    (frame,) = receiver.take(Message("/VMC/Ext/T", (1_000_000.0,)), 0.0)
    assert math.isnan(frame.time)


ANY = ("Hips", 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize(
    ("address", "args", "told"),
    [
        ("Bone/Pos", (), "name is None"),
        ("Bone/Pos", (3, *ANY[1:]), "name is 3"),
        ("Bone/Pos", ANY[:6], "6 arguments; expected 8"),
        ("Bone/Pos", (*ANY[:2], math.nan, *ANY[3:]), "argument 3 is nan"),
        ("Bone/Pos", (*ANY[:2], "x", *ANY[3:]), "argument 3 is 'x'"),
        ("Bone/Pos", (*ANY[:2], True, *ANY[3:]), "argument 3 is True"),
        ("Bone/Pos", (*ANY[:7], 0.0), "quaternion of length 0"),
        ("Bone/Pos", (*ANY[:2], 1e9, *ANY[3:]), "expected metres"),
        ("Root/Pos", ("root", 1.0), "2 arguments; expected 8"),
        ("T", ("now",), "argument 1 is 'now'"),
        ("T", (math.inf,), "finite"),
        ("OK", (), "argument 1 is None"),
        ("OK", (1, 3, 0, "yes"), "argument 4 is 'yes'"),
    ],
)
def test_what_is_wrong_is_named_and_changes_nothing(address, args, told):
    receiver = VmcReceiver()
    with pytest.raises(PoseError, match=told):
        receiver.take(Message(f"/VMC/Ext/{address}", args), 0.0)
    packets = sender().packets(figure.rest(), HEIGHT, 0.0)
    (frame,) = heard(packets, receiver)
    assert frame.landmarks == pytest.approx(figure.rest(), abs=1e-5)


def test_strange_addresses_bones_and_surplus_arguments_are_passed_over():
    receiver = VmcReceiver()
    for message in (
        Message("/VMC/Ext/Blend/Val", ("Joy", 0.5)),
        Message("/VMC/Ext/Hmd/Pos", ("HMD", *ANY[1:])),
        Message("/elsewhere"),
        Message("/VMC/Ext/Bone/Pos", ("LeftIndexProximal", *ANY[1:])),
        Message("/VMC/Ext/Bone/Pos", (*ANY, 1.0, "more")),
        Message("/VMC/Ext/Root/Pos", ("root", *ANY[1:], 1.0, 1.0, 1.0, 0.0, 0.0, 0.0)),
    ):
        assert receiver.take(message, 0.0) == []
    (frame,) = receiver.take(Message("/VMC/Ext/T", (0.0, "more")), 0.0)
    assert frame.root == pytest.approx([0, -2, 0], abs=1e-6)


ARGUMENT = st.one_of(
    st.floats(width=32), st.integers(-(2**31), 2**31 - 1), st.text(max_size=5), st.booleans(),
    st.binary(max_size=4), st.sampled_from(NAMES), st.none(),
)  # fmt: skip
ADDRESS = st.sampled_from(("Bone/Pos", "Root/Pos", "OK", "T", "Blend/Val", ""))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(ADDRESS, st.lists(ARGUMENT, max_size=9)), max_size=12))
def test_whatever_is_said_gives_finite_poses_or_a_named_error(messages):
    receiver = VmcReceiver()
    for address, args in messages:
        try:
            said = receiver.take(Message(f"/VMC/Ext/{address}", tuple(args)), 0.0)
        except PoseError as error:
            assert str(error)
            continue
        for one in said:
            assert isinstance(one, PersonLost) or np.isfinite(one.landmarks).all()


def test_the_twist_of_a_straight_arm_is_held_however_long_it_stays_straight():
    bent = arm(figure.rest().astype(float), LEFT, (0, 1, 0))
    bent[LEFT("elbow")] = bent[LEFT("shoulder")] + [0, figure.UPPER_ARM, 0]
    for name in ("wrist", *figure.HAND):
        bent[LEFT(name)] += [-0.1, -0.1, 0.1]
    bent = skeleton.project(bent[None])[0]
    straight = skeleton.project(arm(figure.rest().astype(float), LEFT, (0, 1, 0))[None])[0]
    live = LiveRig()
    shown = live.turned(bent[None])["LeftArm"][0]
    held = [live.turned(straight[None])["LeftArm"][0] for _ in range(50)]
    whole = rotations(np.stack([bent, *[straight] * 50]))["LeftArm"]
    assert np.abs(held[0] - held[-1]).max() < 1e-9
    assert held[-1] == pytest.approx(whole[-1], abs=1e-9)
    apart = LiveRig().turned(straight[None])["LeftArm"][0]
    assert np.abs(held[-1] - apart).max() > 0.3, "else the test shows nothing"
    assert shown == pytest.approx(whole[0])


@pytest.mark.parametrize("size", [1, 7, 120])
def test_live_rotations_are_those_of_the_whole_movement_where_limbs_are_bent(size):
    poses, _ = walker(2.0)
    live = LiveRig()
    some = [live.turned(poses[i : i + size]) for i in range(0, len(poses), size)]
    whole = rotations(poses)
    for name in whole:
        found = np.concatenate([frames[name] for frames in some])
        assert np.abs(found - whole[name]).max() < 0.02, name
