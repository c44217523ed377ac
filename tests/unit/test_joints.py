import numpy as np
import pytest
from dancers import walker

from oscbridge.domain import figure
from oscbridge.domain.joints import (
    _COCO,
    COCO,
    SYNTHETIC,
    landmarks_of_coco17,
    landmarks_of_joints,
)
from oscbridge.domain.pose import INDEX
from oscbridge.domain.skeleton import retarget

WALK, _ = walker(2, 30)
KINECT = [f"{s.name}_{n}" for s in figure.SIDES
          for n in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")]  # fmt: skip


def joints(pose, names=(*KINECT, "head")):
    ears = (pose[INDEX["left_ear"]] + pose[INDEX["right_ear"]]) / 2
    return {name: ears if name == "head" else pose[INDEX[name]] for name in names}


@pytest.mark.parametrize("size", [1.0, 1.4, 1000.0])
def test_fifteen_joints_make_a_whole_body(size):
    for pose in WALK[::7]:
        landmarks, confidence = landmarks_of_joints(joints(pose * size + 5))
        assert np.abs(landmarks / size - pose).max() < 0.12
        assert landmarks[[INDEX[n] for n in KINECT]] / size == pytest.approx(
            pose[[INDEX[n] for n in KINECT]], abs=1e-4
        )
        synthetic = confidence == np.float32(SYNTHETIC)
        assert synthetic.sum() == 33 - len(KINECT) - 2
        assert (confidence[~synthetic] == 1).all()


def test_coco_in_space_keeps_its_keypoints():
    landmarks, confidence = landmarks_of_coco17(WALK[3][_COCO], np.full(17, 0.8))
    assert landmarks[_COCO] == pytest.approx(WALK[3][_COCO], abs=1e-6)
    assert np.abs(landmarks - WALK[3]).max() < 0.12
    assert confidence[INDEX["left_heel"]] == np.float32(SYNTHETIC)


def test_a_keypoint_that_is_missing_hangs_at_ease_unbelieved():
    score = np.ones(17)
    score[COCO.index("left_wrist")] = 0
    keypoints = WALK[3][_COCO].copy()
    keypoints[COCO.index("left_wrist")] = 0
    landmarks, confidence = landmarks_of_coco17(keypoints, score)
    wrist, elbow = landmarks[INDEX["left_wrist"]], landmarks[INDEX["left_elbow"]]
    assert confidence[INDEX["left_wrist"]] == 0 == confidence[INDEX["left_index"]]
    assert np.linalg.norm(wrist - elbow) == pytest.approx(figure.FOREARM, rel=0.15)


@pytest.mark.parametrize("keep", [(), ("left_knee",), ("left_shoulder", "right_shoulder")])
def test_however_little_is_told_the_rest_is_finite(keep):
    landmarks, confidence = landmarks_of_joints(joints(WALK[0], keep))
    assert np.isfinite(landmarks).all()
    assert confidence.max(initial=0) <= 1


def test_a_flat_body_is_lifted_towards_its_front():
    pixels = WALK[:, _COCO, :2] * 300 + 320
    deep = np.stack([landmarks_of_coco17(p, np.ones(17))[0] for p in pixels])
    found = retarget(deep)
    arms = [INDEX["left_wrist"], INDEX["right_wrist"]]
    flat = deep.copy()
    flat[..., 2] = 0
    error = [np.linalg.norm((f - WALK)[:, arms], axis=-1).mean() for f in (found, retarget(flat))]
    assert error[0] < 0.1
    assert error[0] < 0.7 * error[1], "better than left flat"
