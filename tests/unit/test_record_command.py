"""`oscbridge record` without a daemon; tests/peer/test_record.py has one."""

import pytest
from click.testing import CliRunner
from takes import TUNE, Stage, dancer, in_seconds

from oscbridge.cli.record import record


def test_what_a_kill_left_is_recovered(tmp_path):
    stage = Stage(tmp_path)
    stage.perform(in_seconds(TUNE), [dancer()])
    live = CliRunner().invoke(record, ["--recover", str(tmp_path)])
    assert live.exit_code == 1 and "is being recorded; stop that first" in live.stderr
    stage.writer._journal.close()
    done = CliRunner().invoke(record, ["--recover", str(tmp_path)])
    assert done.stdout == f"{tmp_path / 'take1.journal'}: take1.mid, take1.npz\n"
    again = CliRunner().invoke(record, ["--recover", str(tmp_path)])
    assert again.exit_code == 0 and "nothing to recover" in again.stdout


@pytest.mark.parametrize(
    "options", [[], ["x", "--recover", "."], ["x", "--bars", "1", "--seconds", "1"],
                ["--recover", ".", "--bars", "1"]],
)  # fmt: skip
def test_what_makes_no_sense_together_is_refused(options):
    done = CliRunner().invoke(record, options)
    assert done.exit_code == 2
