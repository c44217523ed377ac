"""What the studio's pose VAE makes of held-out dances, and how the feet of it stand."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from oscbridge.domain import skeleton
from oscbridge.domain.floor import stand
from oscbridge.domain.footwork import walk
from oscbridge.training import metrics
from oscbridge.training.studio_dance import DanceWindows
from oscbridge.training.studio_dance_measure import feet, likeness, ratio
from oscbridge.vae.studio.pose_vae import PoseVae

_BATCH = 64
Table = dict[str, dict[str, float]]
Poses = NDArray[np.float32]


@torch.no_grad()
def latents(vae: PoseVae, poses: Poses) -> NDArray[np.float32]:
    """Posterior means (N, latent) of windows (N, 128, 33, 3)."""
    vae.eval()
    rows = range(0, len(poses), _BATCH)
    parts = [vae.encode(torch.from_numpy(poses[i : i + _BATCH]))[0].numpy() for i in rows]
    return np.concatenate(parts)


@torch.no_grad()
def danced(
    vae: PoseVae, z: NDArray[np.float32], seconds: NDArray[np.float64]
) -> tuple[Poses, Poses, Poses]:
    """Latents (N, latent) as windows of the figure (N, 128, 33, 3) whose frames are at `seconds`
    (N, 128): as decoded, with feet that hold the floor, and those in the room.
    """
    plain, held, room = [], [], []
    for latent, time in zip(torch.from_numpy(z), seconds, strict=True):
        poses, way, contact = (out[0] for out in vae.decode(latent[None]))
        landmarks = skeleton.project(poses.numpy())
        beat = (time[1] - time[0]) * vae.config.frames_per_step * 4
        speed, height = way[:, :2].numpy() / beat, way[:, 2].numpy()
        walked = walk(landmarks, speed, torch.sigmoid(contact).numpy(), time, height)
        plain.append(landmarks)
        held.append(walked.landmarks)
        room.append(walked.landmarks + walked.root[:, None])
    return np.stack(plain), np.stack(held), np.stack(room)


def measure(vae: PoseVae, windows: DanceWindows, mean_pose: NDArray[np.float32]) -> Table:
    """Likeness of the reconstructions of held-out windows, before and after footwork, and the feet
    of the true dance, of decoded ones that merely stand (`floor.stand`), and of those that walk.
    """
    seconds = windows.seconds()
    plain, held, room = danced(vae, latents(vae, windows.poses), seconds)
    stood = np.stack([p + stand(p, t)[:, None] for p, t in zip(plain, seconds, strict=True)])
    true = windows.poses + windows.roots()[:, :, None]
    return {
        "decoded": likeness(windows.poses, plain, mean_pose),
        "with footwork": likeness(windows.poses, held, mean_pose),
        "feet, true": feet(true, seconds)._asdict(),
        "feet, standing": feet(stood, seconds)._asdict(),
        "feet, with footwork": feet(room, seconds)._asdict(),
    }


def measure_drawn(
    vae: PoseVae, z: NDArray[np.float32], windows: DanceWindows, rng: np.random.Generator
) -> dict[str, float]:
    """Dances of latents drawn (N, latent) beside the true `windows`, at 120 BPM."""
    seconds = np.broadcast_to(np.arange(windows.poses.shape[1]) / 32, (len(z), 128))
    made, _, room = danced(vae, z, np.asarray(seconds))
    return {
        "range of motion": ratio(metrics.motion_range(made), metrics.motion_range(windows.poses)),
        "velocity": ratio(metrics.speed(made), metrics.speed(windows.poses)),
        "diversity": _apart(made, rng) / _apart(windows.poses, rng),
        "skating": feet(room, np.asarray(seconds)).skating,
    }


def _apart(poses: Poses, rng: np.random.Generator) -> float:
    """Mean distance of two windows drawn at random."""
    flat = poses[:, ::4].reshape(len(poses), -1)
    pairs = flat[rng.permutation(len(flat))] - flat[rng.permutation(len(flat))]
    return float(np.linalg.norm(pairs, axis=1).mean())
