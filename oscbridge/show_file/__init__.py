"""A show's file: the TOML that says what a daemon opens, read and checked."""

from oscbridge.show_file.reading import read_show, show_of
from oscbridge.show_file.show import (
    BvhTarget,
    DaemonSetting,
    DancerSetting,
    MidiInPort,
    MidiOutPort,
    PosePort,
    RecordSetting,
    Show,
    TransportSetting,
    VmcTarget,
    VoiceSetting,
)

__all__ = [
    "BvhTarget", "DaemonSetting", "DancerSetting", "MidiInPort", "MidiOutPort", "PosePort",
    "RecordSetting", "Show", "TransportSetting", "VmcTarget", "VoiceSetting", "read_show",
    "show_of",
]  # fmt: skip
