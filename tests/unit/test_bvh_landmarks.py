import re
from dataclasses import replace

import numpy as np
import pytest
from dancers import dance

from oscbridge.domain import figure
from oscbridge.domain.floor import floor_of
from oscbridge.io.bvh import Joint, Motion, parse_bvh
from oscbridge.io.bvh_figure import motion_of
from oscbridge.io.bvh_landmarks import NoHumanoidError, find_body, landmarks_of
from oscbridge.io.bvh_names import part_of
from oscbridge.io.bvh_write import format_bvh

WALK, _ = dance(seconds=4)
MOTION = motion_of(WALK, 30)


def renamed(names):
    """The walk under the joint names of another program; joints it has no name for keep theirs."""
    return replace(MOTION, joints=tuple(
        replace(joint, name=names(joint.name) if joint.name else "") for joint in MOTION.joints
    ))  # fmt: skip


def table(**names):
    """Renames `Arm` as `names["Arm"]` says, with l and L for the side; others become `other`."""

    def rename(name):
        side = "Left" if name.startswith("Left") else "Right" if name.startswith("Right") else ""
        form = names.get(name.removeprefix(side), f"x{sum(name.encode())}")
        short = side[:1]
        return form.format(side=side, s=short.lower(), S=short, low=side.lower())

    return rename


FAMILIES = {
    "mixamo": lambda name: f"mixamorig:{name}",
    "character": lambda name: f"Character1_{name}",
    "cmu daz": table(Head="head", Shoulder="{s}Collar", Arm="{s}Shldr", ForeArm="{s}ForeArm",
                     Hand="{s}Hand", UpLeg="{s}Thigh", Leg="{s}Shin", Foot="{s}Foot"),
    "cmu asf": table(Head="head", Shoulder="{s}clavicle", Arm="{s}humerus", ForeArm="{s}radius",
                     Hand="{s}wrist", UpLeg="{s}femur", Leg="{s}tibia", Foot="{s}foot",
                     ToeBase="{s}toes"),
    "biovision": table(Head="Head", Shoulder="{side}Collar", Arm="{side}Shoulder",
                       ForeArm="{side}Elbow", Hand="{side}Wrist", UpLeg="{side}Hip",
                       Leg="{side}Knee", Foot="{side}Ankle", ToeBase="{side}Toe"),
    "rigify": table(Head="head", Shoulder="shoulder.{S}", Arm="upper_arm.{S}",
                    ForeArm="forearm.{S}", Hand="hand.{S}", UpLeg="thigh.{S}", Leg="shin.{S}",
                    Foot="foot.{S}", ToeBase="toe.{S}"),
    "rigify deform": table(Head="DEF-head", Shoulder="DEF-shoulder.{S}", Arm="DEF-upper_arm.{S}",
                           ForeArm="DEF-forearm.{S}", Hand="DEF-hand.{S}", UpLeg="DEF-thigh.{S}",
                           Leg="DEF-shin.{S}", Foot="DEF-foot.{S}"),
    "vrm": table(Head="head", Shoulder="{low}Shoulder", Arm="{low}UpperArm",
                 ForeArm="{low}LowerArm", Hand="{low}Hand", UpLeg="{low}UpperLeg",
                 Leg="{low}LowerLeg", Foot="{low}Foot", ToeBase="{low}Toes"),
    "vroid": table(Head="J_Bip_C_Head", Shoulder="J_Bip_{S}_Shoulder", Arm="J_Bip_{S}_UpperArm",
                   ForeArm="J_Bip_{S}_LowerArm", Hand="J_Bip_{S}_Hand", UpLeg="J_Bip_{S}_UpperLeg",
                   Leg="J_Bip_{S}_LowerLeg", Foot="J_Bip_{S}_Foot", ToeBase="J_Bip_{S}_ToeBase"),
    "biped": table(Head="Bip01 Head", Shoulder="Bip01 {S} Clavicle", Arm="Bip01 {S} UpperArm",
                   ForeArm="Bip01 {S} Forearm", Hand="Bip01 {S} Hand", UpLeg="Bip01 {S} Thigh",
                   Leg="Bip01 {S} Calf", Foot="Bip01 {S} Foot", ToeBase="Bip01 {S} Toe0"),
    "unreal": table(Head="head", Shoulder="clavicle_{s}", Arm="upperarm_{s}",
                    ForeArm="lowerarm_{s}", Hand="hand_{s}", UpLeg="thigh_{s}", Leg="calf_{s}",
                    Foot="foot_{s}", ToeBase="ball_{s}"),
    "rokoko": table(Head="Head", Shoulder="{side}Shoulder", Arm="{side}Arm",
                    ForeArm="{side}ForeArm", Hand="{side}Hand", UpLeg="{side}Thigh",
                    Leg="{side}Shin", Foot="{side}Foot", ToeBase="{side}Toe"),
    "smpl": table(Head="head", Shoulder="{low}_collar", Arm="{low}_shoulder",
                  ForeArm="{low}_elbow", Hand="{low}_wrist", UpLeg="{low}_hip", Leg="{low}_knee",
                  Foot="{low}_ankle", ToeBase="{low}_foot"),
    "smpl short": table(Head="Head", Shoulder="{S}_Collar", Arm="{S}_Shoulder", ForeArm="{S}_Elbow",
                        Hand="{S}_Wrist", UpLeg="{S}_Hip", Leg="{S}_Knee", Foot="{S}_Ankle",
                        ToeBase="{S}_Foot"),
    "no names at all": lambda name: f"n{sum(name.encode()) * 7919 % 9973}",
    "japanese": lambda name: "".join(chr(0x3042 + ord(c) % 60) for c in name),
}  # fmt: skip


def assert_same_walk(found, tolerance=0.005):
    assert found.landmarks.shape == WALK.landmarks.shape
    error = np.linalg.norm(found.landmarks - WALK.landmarks, axis=-1)
    assert error.max() < tolerance


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_walk_is_read_under_every_programs_names(family):
    assert_same_walk(landmarks_of(renamed(FAMILIES[family])))


def test_our_own_file_reads_back_to_the_same_dance():
    found = landmarks_of(parse_bvh(format_bvh(MOTION)))
    assert_same_walk(found, 0.001)
    floor = WALK.root - [0, floor_of(WALK.world), 0]
    assert found.root == pytest.approx(floor, abs=1e-3)
    assert found.dropped == 0


@pytest.mark.parametrize("unit", [0.01, 0.1, 1 / 2.54, 10])
def test_any_unit_is_read(unit):
    values = MOTION.values.copy()
    values[:, :3] *= unit
    joints = tuple(
        replace(joint, offset=tuple(np.array(joint.offset) * unit)) for joint in MOTION.joints
    )
    found = landmarks_of(Motion(joints, values, 1 / 30))
    assert_same_walk(found)
    assert np.ptp(found.root, axis=0) == pytest.approx(np.ptp(WALK.root, axis=0), abs=1e-3)


def with_root(turn, channels=("Xposition", "Yposition", "Zposition")):
    """The walk below one more joint that turns it all."""
    joints = [Joint("World", -1, (0.0, 0.0, 0.0), ("Zrotation", "Xrotation", "Yrotation"), 0)]
    joints += [replace(j, parent=j.parent + 1, first=j.first + 3) for j in MOTION.joints]
    values = np.concatenate([np.tile(turn, (MOTION.frames, 1)), MOTION.values], axis=1)
    return Motion(tuple(joints), values, 1 / 30)


def test_a_file_with_z_up_stands_upright():
    """Turned by 90 degrees about x, y up and +z front become z up and -y front."""
    assert_same_walk(landmarks_of(with_root([0, 90, 0])))


def test_a_file_with_y_down_stands_upright():
    found = landmarks_of(with_root([180, 0, 0])).landmarks
    assert (found[:, 0, 1] < found[:, 27, 1]).all()
    assert np.linalg.norm(found[:, 15] - found[:, 16], axis=-1) == pytest.approx(
        np.linalg.norm(WALK.landmarks[:, 15] - WALK.landmarks[:, 16], axis=-1), abs=1e-3
    )


def test_an_inserted_t_pose_is_dropped():
    values = np.concatenate([MOTION.values[:1], MOTION.values])
    values[0, 3:] = 0
    found = landmarks_of(Motion(MOTION.joints, values, 1 / 30))
    assert found.dropped == 1
    assert_same_walk(found)


def test_a_t_pose_blurred_into_the_take_is_dropped_with_its_blur():
    """As CMU's files have it: some four frames lead from the T-pose into the take."""
    blur = np.array([0.0, 0.25, 0.5, 0.75, 0.95])[:, None]
    opening = MOTION.values[:1] * blur
    still = np.repeat(MOTION.values[:1], 60, axis=0)
    still[:, 3:] += np.linspace(0, 0.3, 60)[:, None]
    values = np.concatenate([opening, still])
    assert landmarks_of(Motion(MOTION.joints, values, 1 / 120)).dropped == 5


def test_a_dance_that_begins_in_a_t_pose_and_stays_there_is_kept():
    values = np.zeros((90, MOTION.values.shape[1]))
    values[:, 3:] = np.linspace(0, 20, 90)[:, None]
    assert landmarks_of(Motion(MOTION.joints, values, 1 / 30)).dropped == 0


def test_bodies_of_other_proportions_become_the_figure():
    def stretched(joint):
        factor = 1.6 if re.search("ForeArm|Hand$", joint.name) else 1.0
        return replace(joint, offset=tuple(np.array(joint.offset) * factor))

    assert_same_walk(
        landmarks_of(Motion(tuple(map(stretched, MOTION.joints)), MOTION.values, 1 / 30))
    )


def test_toes_point_forward_and_the_nose_is_in_front():
    found = landmarks_of(MOTION).landmarks
    rest = figure.rest()
    assert rest[0, 2] < 0
    front = found[:, [31, 32]] - found[:, [29, 30]]
    across = found[:, 23] - found[:, 24]
    ahead = np.stack([across[:, 2], 0 * across[:, 0], -across[:, 0]], -1)
    assert (np.einsum("fpi,fi->fp", front, ahead) > 0).all()


def test_without_a_body_the_missing_parts_are_named():
    joints = tuple(
        replace(joint, name=joint.name.replace("LeftForeArm", "Wing"))
        for joint in MOTION.joints[:1] + MOTION.joints[-5:]
    )
    joints = tuple(replace(j, parent=i - 1) for i, j in enumerate(joints))
    with pytest.raises(NoHumanoidError, match=r"missing left shoulder.* head"):
        find_body(Motion(joints, MOTION.values, 1 / 30))


def test_a_body_without_size_is_refused():
    joints = tuple(replace(joint, offset=(0.0, 0.0, 0.0)) for joint in MOTION.joints)
    with pytest.raises(NoHumanoidError, match="stands neither"):
        landmarks_of(Motion(joints, MOTION.values, 1 / 30))


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("mixamorig:LeftForeArm", ("left", "forearm")),
        ("forearm.R", ("right", "forearm")),
        ("Bip01 L Forearm", ("left", "forearm")),
        ("lForeArm", ("left", "forearm")),
        ("rhumerus", ("right", "humerus")),
        ("leftupleg", ("left", "upleg")),
        ("LeftToe0", ("left", "toe")),
        ("Head", ("", "head")),
        ("LowerBack", ("", "lowerback")),
        ("RThumb", ("right", "thumb")),
    ],
)
def test_side_and_part_are_told_from_a_name(name, part):
    assert part_of(name) == part
