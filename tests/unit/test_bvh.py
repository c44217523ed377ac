import re
from pathlib import Path

import numpy as np
import pytest
from dancers import dance
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from oscbridge.domain import figure, skeleton
from oscbridge.domain.pose import INDEX
from oscbridge.domain.rig import JOINTS
from oscbridge.errors import FileError
from oscbridge.io import bvh
from oscbridge.io.bvh import parse_bvh
from oscbridge.io.bvh_figure import CENTIMETRES, FLIP, motion_of, unwound
from oscbridge.io.bvh_kinematics import place
from oscbridge.io.bvh_write import format_bvh

ARM = """HIERARCHY
ROOT Base
{
  OFFSET 0 0 0
  CHANNELS 6 Xposition Yposition Zposition Zrotation Yrotation Xrotation
  JOINT Upper
  {
    OFFSET 0 10 0
    CHANNELS 3 Yrotation Xrotation Zrotation
    JOINT Lower
    {
      OFFSET 0 5 0
      CHANNELS 3 Zrotation Xrotation Yrotation
      End Site
      {
        OFFSET 0 2 0
      }
    }
  }
}
MOTION
Frames: 2
Frame Time: 0.0333333
1 2 3 0 0 0 0 0 0 0 0 0
0 0 0 90 0 0 0 0 0 0 -90 0
"""


def parse(text):
    return parse_bvh(text.encode(), Path("take.bvh"))


def failure(text):
    with pytest.raises(FileError) as caught:
        parse(text)
    return str(caught.value)


def test_joints_channels_and_frames_are_read():
    motion = parse(ARM)
    assert [joint.name for joint in motion.joints] == ["Base", "Upper", "Lower", ""]
    assert [joint.parent for joint in motion.joints] == [-1, 0, 1, 2]
    assert motion.joints[1].channels == ("Yrotation", "Xrotation", "Zrotation")
    assert [joint.first for joint in motion.joints[:3]] == [0, 6, 9]
    assert motion.values.shape == (2, 12)
    assert motion.frame_time == pytest.approx(1 / 30, abs=1e-6)


def test_joints_are_where_their_channels_put_them():
    placed = place(parse(ARM)).positions
    assert placed[0] == pytest.approx(np.array([[1, 2, 3], [1, 12, 3], [1, 17, 3], [1, 19, 3]]))
    # 90 degrees about z lays y along -x; then -90 about the turned x lifts it to -z.
    assert placed[1] == pytest.approx(
        np.array([[0, 0, 0], [-10, 0, 0], [-15, 0, 0], [-15, 0, -2]]), abs=1e-9
    )


def test_rotations_turn_in_the_order_of_the_channels():
    turned = ARM.replace("0 0 0 90 0 0 0 0 0 0 -90 0", "0 0 0 30 40 50 10 20 70 0 0 0")
    rotations = place(parse(turned)).rotations
    base = Rotation.from_euler("ZYX", [30, 40, 50], degrees=True)
    upper = base * Rotation.from_euler("YXZ", [10, 20, 70], degrees=True)
    assert (rotations[0][1].inv() * base).magnitude() < 1e-9
    assert (rotations[1][1].inv() * upper).magnitude() < 1e-9


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("\n", "\r\n"),
        lambda t: t.replace("\n", "\r"),
        lambda t: t.replace("  ", "\t"),
        lambda t: re.sub(r"[A-Za-z]+rotation|[A-Za-z]+position", lambda m: m[0].upper(), t),
        lambda t: t.replace("HIERARCHY", "hierarchy").replace("MOTION", "Motion"),
        lambda t: t.replace("Frames: 2", "Frames:\t2").replace("Frame Time:", "Frame Time:\t"),
        lambda t: t.replace("Frames: 2", "FRAMES 2"),
        lambda t: t.replace("0.0333333", "3.33333e-2"),
        lambda t: t.replace("\n{", " {"),
        lambda t: t.replace("End Site", "END SITE").replace("ROOT", "root"),
        lambda t: "\ufeff" + t,
        lambda t: t.rstrip("\n"),
        lambda t: t + "\n\n",
        lambda t: t.replace("\n1 2 3", "\n\n1 2 3"),
        lambda t: t + "9 9 9 9 9 9 9 9 9 9 9 9\n",
        lambda t: t + "what a program adds after its frames\n",
    ],
)
def test_the_ways_programs_write_it_all_read_alike(change):
    motion, plain = parse(change(ARM)), parse(ARM)
    assert motion.joints == plain.joints
    assert np.array_equal(motion.values, plain.values)
    assert motion.frame_time == pytest.approx(plain.frame_time)


def test_names_with_spaces_and_several_roots_are_read():
    two = ARM.replace("Upper", "Bip01 L UpperArm").replace(
        "MOTION", "ROOT Other\n{\nOFFSET 1 1 1\nCHANNELS 1 Xposition\n}\nMOTION"
    )
    motion = parse(re.sub(r"(?m)^(\d.* .*)$", r"\1 7", two))
    assert motion.joints[1].name == "Bip01 L UpperArm"
    assert motion.joints[4].parent == -1
    assert place(motion).positions[:, 4] == pytest.approx(np.array([[7, 1, 1], [7, 1, 1]]))


def test_position_channels_stand_for_the_offset_or_add_to_it():
    channels = "CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation"
    moving = ARM.replace("CHANNELS 3 Zrotation Xrotation Yrotation", channels)
    absolute = re.sub(r"(?m)^(\d+ .*) (\S+ \S+ \S+)$", r"\1 0 6 0 \2", moving)
    added = re.sub(r"(?m)^(\d+ .*) (\S+ \S+ \S+)$", r"\1 0 1 0 \2", moving)
    for text in (absolute, added):
        assert place(parse(text)).positions[0, 2] == pytest.approx([1, 18, 3])


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("", 0, "ends where HIERARCHY"),
        ("MThd\x00\x00", 1, "not a BVH file"),
        (ARM.replace("OFFSET 0 10 0", "OFFSET 0 ten 0"), 8, "'ten'"),
        (ARM.replace("OFFSET 0 10 0", "OFFSET 0 nan 0"), 8, "nan"),
        (ARM.replace("OFFSET 0 10 0", "OFFSET 0 10"), 9, "CHANNELS"),
        (ARM.replace("CHANNELS 3 Y", "CHANNELS 9 Y"), 9, "9 channels"),
        (ARM.replace("3 Yrotation X", "3 Yrotation Y"), 9, "Yrotation"),
        (ARM.replace("Yrotation Xrotation Z", "Wrotation Xrotation Z"), 9, "Wrotation"),
        (ARM.replace("Frames: 2", "Frames: 3"), 25, "truncated at frame 3 of 3"),
        (ARM.replace(" 0 0 0 -90 0", ""), 25, "truncated at frame 2 of 2"),
        (ARM.replace("1 2 3 0", "1 2 3"), 24, "frame 1 has 11 numbers"),
        (ARM.replace("-90", "nan"), 25, "number 11 is nan"),
        (ARM.replace("-90", "inf"), 25, "number 11 is inf"),
        (ARM.replace("-90", "-9O"), 25, "-9O"),
        (ARM.replace("Frames: 2", "Frames: 0"), 22, "no motion"),
        (ARM.replace("Frames: 2", "Frames: -4"), 22, "-4 frames"),
        (ARM.replace("Frames: 2", "Frames: 99999999"), 22, "99999999"),
        (ARM.replace("Frames: 2", "Frames: many"), 22, "many"),
        (ARM.replace("Frame Time: 0.0333333", "1 2 3"), 23, "Frame Time"),
        (ARM.replace("Frame Time: 0.0333333", "Frame Time: -1"), 23, "-1"),
        (ARM.split("MOTION")[0], 20, "MOTION"),
        (ARM.split("JOINT Lower")[0], 10, "ends where"),
        (ARM.replace("JOINT Lower", "BONE Lower"), 10, "bone"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text, line, said):
    message = failure(text)
    assert said in message
    found = int(re.match(r"take\.bvh:(\d+):", message)[1])
    assert abs(found - line) <= 1


def test_a_hierarchy_without_end_is_refused():
    deep = "HIERARCHY\nROOT a\n{\nOFFSET 0 0 0\n" + "JOINT b\n{\nOFFSET 0 0 0\n" * 100_000
    assert "more than 1024 joints" in failure(deep)


def test_a_file_that_claims_more_than_it_holds_takes_no_memory():
    wide = ARM.replace("Frames: 2", "Frames: 200000")
    assert "truncated at frame 3 of 200000" in failure(wide)
    assert "longer than" in failure(ARM.replace("1 2 3", "1 " * 100_000))


def test_a_file_of_empty_lines_is_given_up_soon():
    assert "empty lines" in failure("\n" * 3_000_000)
    assert "empty lines" in failure(ARM.split("1 2 3")[0] + "\n" * 3_000_000)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused(data):
    content = bytearray(ARM.encode())
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, len(content) - 1))
        end = at + data.draw(st.integers(0, 40))
        patch = data.draw(
            st.one_of(
                st.binary(max_size=8),
                st.sampled_from([b"{", b"}", b"JOINT x", b"1e999", b"-", b"\n", b"CHANNELS 3"]),
            )
        )
        content[at:end] = patch
        content = content or bytearray(b" ")
    try:
        motion = parse_bvh(bytes(content))
    except FileError:
        return
    assert np.isfinite(motion.values).all()
    assert np.isfinite(place(motion).positions).all()


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(content):
    with pytest.raises(FileError):
        parse_bvh(content)


def test_written_and_read_a_motion_is_the_same():
    motion = parse(ARM)
    again = parse_bvh(format_bvh(motion))
    assert again.joints == motion.joints
    assert np.abs(again.values - motion.values).max() < 1e-5


def test_limits_hold_for_the_largest_file(tmp_path, monkeypatch):
    monkeypatch.setattr(bvh, "LARGEST", 100)
    path = tmp_path / "big.bvh"
    path.write_text(ARM)
    with pytest.raises(FileError):
        bvh.read_bvh(path)


def test_the_written_rotations_put_every_joint_where_the_dance_has_it():
    walk, _ = dance(seconds=4)
    motion = parse_bvh(format_bvh(motion_of(walk, 30)))
    placed = place(motion).positions * FLIP / CENTIMETRES
    names = [joint.name for joint in motion.joints]
    for rig in JOINTS:
        if rig.landmark:
            there = walk.world[:, INDEX[rig.landmark]]
            error = np.linalg.norm(placed[:, names.index(rig.name)] - there, axis=-1)
            assert error.max() < 1e-4, rig.name
    assert placed[:, 0] == pytest.approx(walk.root, abs=1e-5)


def test_the_rest_pose_is_a_t_pose_in_centimetres_with_y_up():
    walk, _ = dance(seconds=1)
    motion = motion_of(walk, 30)
    flat = place(bvh.Motion(motion.joints, motion.values[:1] * 0, 1 / 30)).positions[0]
    names = [joint.name for joint in motion.joints]
    rest = figure.rest()
    for rig in JOINTS:
        if rig.landmark:
            assert flat[names.index(rig.name)] == pytest.approx(
                rest[INDEX[rig.landmark]] * FLIP * 100, abs=1e-4
            )
    assert flat[names.index("Head"), 1] > 50
    assert flat[names.index("LeftHand"), 0] > 50
    assert flat[names.index("LeftToeBase"), 2] > 10


def test_bones_are_constant_and_only_the_hips_move():
    motion = motion_of(dance(seconds=1)[0], 30)
    with_positions = [j.name for j in motion.joints if any("position" in c for c in j.channels)]
    assert with_positions == ["Hips"]


def test_angles_go_on_instead_of_jumping():
    turning = np.linspace(0, 1080, 200)
    angles = np.radians(np.stack([turning, 20 + 0 * turning, 5 * np.sin(turning / 50)], -1))
    folded = Rotation.from_euler("ZXY", angles).as_euler("ZXY")
    again = unwound(folded)
    assert np.abs(np.diff(again, axis=0)).max() < 6
    assert again[-1, 0] == pytest.approx(1080)
    same = Rotation.from_euler("ZXY", again, degrees=True).inv() * Rotation.from_euler(
        "ZXY", angles
    )
    assert same.magnitude().max() < 1e-9


def test_a_straight_arm_does_not_spin_about_itself():
    points = np.repeat(figure.rest()[None].astype(float), 60, axis=0)
    points[:, INDEX["left_elbow"]] += np.random.default_rng(0).normal(0, 0.002, (60, 3))
    walk, _ = dance(seconds=2)
    still = type(walk)(skeleton.project(points), walk.root[:60], walk.time[:60], walk.beat[:60])
    motion = motion_of(still, 30)
    arm = next(joint for joint in motion.joints if joint.name == "LeftArm")
    assert np.abs(np.diff(motion.values[:, arm.first : arm.first + 3], axis=0)).max() < 10
