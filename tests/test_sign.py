"""Signed artifacts: whoever changes a byte of one, or signs it with another key, is found out."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from golden_artifacts import FOLDER
from test_cli import credit

from credit import artifact, runtime
from credit.artifact.sign import make_keys, sign
from credit.errors import ArtifactError
from credit.runtime.signature import PrivateKey, PublicKey, make_pair

GOLDEN = FOLDER / "1-scorecard" / "artifact"
ROW = {"income": 0.5, "night": 2, "share": 0.1, "segment": "sme"}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_keys(tmp_path_factory.mktemp("pair") / "keys")


@pytest.fixture
def signed(tmp_path: Path, keys: tuple[Path, Path]) -> Path:
    return sign(shutil.copytree(GOLDEN, tmp_path / "a"), PrivateKey.read(keys[0]))


def test_a_pair_is_secret_where_it_must_be_and_never_overwritten(tmp_path: Path) -> None:
    private, public = make_keys(tmp_path / "keys")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    before = private.read_bytes(), public.read_bytes()
    with pytest.raises(ArtifactError, match=r"is not empty, and a key is never overwritten"):
        make_keys(tmp_path / "keys")
    assert (private.read_bytes(), public.read_bytes()) == before
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactError, match=r"no keys can be written there"):
        make_keys(tmp_path / "file")
    assert make_pair()[0] != make_pair()[0]


def test_a_signed_artifact_is_what_it_was(signed: Path, keys: tuple[Path, Path]) -> None:
    expected = runtime.load(GOLDEN).score_one(ROW, reasons=4)
    for key in (None, keys[1], str(keys[1]), keys[1].read_bytes(), PublicKey.read(keys[1])):
        assert runtime.load(signed, key=key).score_one(ROW, reasons=4) == expected
    assert {path.name for path in signed.iterdir()} == {
        *(path.name for path in GOLDEN.iterdir()), "manifest.ed25519",
    }  # fmt: skip
    assert all((signed / p.name).read_bytes() == p.read_bytes() for p in GOLDEN.iterdir())


def test_a_zip_is_signed_too(tmp_path: Path, signed: Path, keys: tuple[Path, Path]) -> None:
    packed = artifact.pack(signed, tmp_path / "a.zip")
    alone = sign(artifact.pack(GOLDEN, tmp_path / "b.zip"), PrivateKey.read(keys[0]))
    assert packed.read_bytes() == alone.read_bytes()
    assert runtime.load(alone, key=keys[1]).kind == "scorecard"
    assert runtime.load(alone.read_bytes(), key=keys[1]).kind == "scorecard"


def test_what_is_not_signed_by_the_key_is_refused(signed: Path, keys: tuple[Path, Path]) -> None:
    with pytest.raises(ArtifactError, match=r"not signed, and a key was given. Sign it with"):
        runtime.load(GOLDEN, key=keys[1])
    other = PrivateKey.read(make_pair()[0])
    with pytest.raises(ArtifactError, match=r"the key given did not sign this manifest.json"):
        runtime.load(signed, key=other.public)
    with pytest.raises(ArtifactError, match=r"another key has signed it. Pass replace=True"):
        sign(signed, other)
    runtime.load(sign(signed, PrivateKey.read(keys[0])), key=keys[1])  # the same key: no change
    runtime.load(sign(signed, other, replace=True), key=other.public)


def test_a_signature_of_something_else_is_none(signed: Path, keys: tuple[Path, Path]) -> None:
    """What is signed bears the name of what it is."""
    manifest = (signed / "manifest.json").read_bytes()
    bare = PrivateKey.read(keys[0]).sign(manifest)
    (signed / "manifest.ed25519").write_bytes(bare.hex().encode() + b"\n")
    with pytest.raises(ArtifactError, match=r"did not sign"):
        runtime.load(signed, key=keys[1])


@pytest.mark.parametrize(
    "content", [b"", b"00", b"AB" * 64 + b"\n", b"ab" * 64, b"g" * 128 + b"\n"]
)
def test_a_signature_is_one_line_of_digits(signed: Path, content: bytes) -> None:
    (signed / "manifest.ed25519").write_bytes(content)
    with pytest.raises(ArtifactError, match=r"one line of 128 lower-case hexadecimal digits"):
        runtime.load(signed)


def test_a_change_of_any_byte_is_refused(signed: Path, keys: tuple[Path, Path]) -> None:
    key = PublicKey.read(keys[1])
    for path in sorted(signed.iterdir()):
        content = path.read_bytes()
        for at in {*range(0, len(content), 37), len(content) - 1}:
            changed = bytearray(content)
            changed[at] ^= 1 << at % 8
            path.write_bytes(changed)
            with pytest.raises(ArtifactError):
                runtime.load(signed, key=key)
        path.write_bytes(content)
    runtime.load(signed, key=key)


def test_what_is_not_a_key_is_refused(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    with pytest.raises(ArtifactError, match=r"absent.pem: the key cannot be read \(No such file"):
        PublicKey.read(tmp_path / "absent.pem")
    with pytest.raises(ArtifactError, match=r"holds no public Ed25519 key in PEM"):
        PublicKey.read(keys[0])
    with pytest.raises(ArtifactError, match=r"holds no private Ed25519 key in PEM"):
        PrivateKey.read(keys[1])
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    with pytest.raises(ArtifactError, match=r"the key given: holds no private Ed25519 key"):
        PrivateKey.read(pem)


def test_a_damaged_artifact_is_not_signed(tmp_path: Path, keys: tuple[Path, Path]) -> None:
    folder = shutil.copytree(GOLDEN, tmp_path / "a")
    (folder / "reasons.json").write_bytes(b"{}")
    with pytest.raises(ArtifactError, match=r"reasons.json: 2 bytes"):
        sign(folder, PrivateKey.read(keys[0]))
    assert not (folder / "manifest.ed25519").exists()


def test_where_cryptography_is_absent_a_key_is_refused_and_no_key_is_not(
    signed: Path, keys: tuple[Path, Path]
) -> None:
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from credit import runtime\n"
        "print(runtime.load(sys.argv[1]).kind)\n"
        "try: runtime.load(sys.argv[1], key=sys.argv[2])\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, signed, keys[1]],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    kind, refusal = done.stdout.splitlines()
    assert kind == "scorecard"
    assert refusal.startswith("ArtifactError a key was given, but signatures need the package")
    assert "pip install 'credit[sign]'" in refusal


def test_the_commands(tmp_path: Path) -> None:
    shutil.copytree(GOLDEN, tmp_path / "a")
    artifact.pack(GOLDEN, tmp_path / "b.zip")
    made = credit("keys", "keys", cwd=tmp_path)
    assert made.returncode == 0
    assert "keys/private.pem: signs" in made.stdout
    assert credit("keys", "keys", cwd=tmp_path).returncode == 1
    for name in ("a", "b.zip"):
        done = credit("verify", name, "--key", "keys/public.pem", cwd=tmp_path)
        assert done.returncode == 1
        assert "so the artifact is not signed" in done.stderr
        assert credit("sign", name, "--key", "keys/private.pem", cwd=tmp_path).returncode == 0
        done = credit("verify", name, "--key", "keys/public.pem", cwd=tmp_path)
        assert done.stdout.strip() == (
            f"{name}: signed by keys/public.pem, whole and sound; scorecard of 4 features"
        )
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert "manifest.ed25519" in archive.namelist()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b.zip", "keys"]
