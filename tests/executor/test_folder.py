"""What a worker leaves in its folder is gone with it, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from conformance.executor.folder import remove_folder

# As a user who is not root, who may always open everything.
AS_NOBODY = """
import os, sys
sys.path.insert(0, sys.argv[1])
from conformance.executor.folder import remove_folder
os.umask(0)
os.chmod(sys.argv[2], 0o777)
if os.getuid() == 0:
    os.setuid(65534)
own = os.path.join(sys.argv[2], "own")
os.makedirs(os.path.join(own, "a", "b", "c"))
open(os.path.join(own, "a", "b", "c", "file"), "w").close()
for name in ("a/b/c", "a/b", "a"):
    os.chmod(os.path.join(own, *name.split("/")), 0)
remove_folder(own)
print(os.path.exists(own))
"""


def test_deeper_than_any_recursion_goes(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    here = os.open(".", os.O_RDONLY)
    try:
        os.chdir(own)
        for depth in range(2 * sys.getrecursionlimit()):
            os.mkdir("moved-0" if depth % 2 else "d")
            os.chdir("moved-0" if depth % 2 else "d")
            Path("file").touch()
    finally:
        os.chdir(here)
        os.close(here)
    remove_folder(str(own))
    assert list(tmp_path.iterdir()) == []


def test_no_link_is_followed(tmp_path: Path) -> None:
    own, kept = tmp_path / "own", tmp_path / "kept"
    (own / "inner").mkdir(parents=True)
    kept.mkdir()
    (kept / "file").write_text("mine")
    (own / "folder").symlink_to(kept)
    (own / "inner" / "file").symlink_to(kept / "file")
    (own / "inner" / "moved-0").symlink_to(kept)
    remove_folder(str(own))
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (kept / "file").read_text() == "mine"


def test_a_folder_that_is_a_link_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "own").symlink_to(tmp_path / "kept")
    remove_folder(str(tmp_path / "own"))
    remove_folder(str(tmp_path / "nothing"))
    assert (tmp_path / "kept" / "file").exists()


@pytest.mark.skipif(not hasattr(os, "O_PATH"), reason="only Linux opens a folder that is closed to its owner")
def test_folders_that_are_closed_to_their_owner(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[2])
    # Below pytest's folders is no way for another user.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        argv = [sys.executable, "-c", AS_NOBODY, root, place]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
        assert done.stdout == "False\n", done.stderr
