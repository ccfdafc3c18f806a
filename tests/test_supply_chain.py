"""The parts list, the licenses and the audit of what is installed (`make audit`)."""

import json
import os
import pathlib
import re
import subprocess

import pytest

from tests.project_documents import ROOT
from tests.test_code_rules import pins

FOLDER = ROOT / "var" / "audit"


def read_result(name: str) -> str:
    """Return what `make audit` wrote into the file ``name``; skip the test if it was not run."""
    if not (FOLDER / name).exists():
        pytest.skip("nothing in var/audit: type `make audit`")
    return (FOLDER / name).read_text()


def pinned_names() -> set[str]:
    """Return the names of the packages in run.txt, as package indexes normalize them."""
    names = (re.split(r"\[|==", pin)[0] for pin in pins("run.txt"))
    return {normalized(name) for name in names}


def normalized(name: str) -> str:
    """Return a name as package indexes normalize it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def test_parts_list_names_every_pinned_package() -> None:
    """With its version and hashes, in CycloneDX 1.6; the project itself is what it describes."""
    document = json.loads(read_result("sbom.cdx.json"))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["name"] == "syndicate-feeds"
    parts = {normalized(part["name"]): part for part in document["components"]}
    assert set(parts) == pinned_names()
    for part in parts.values():
        assert part["version"]
        assert part["externalReferences"][0]["hashes"]


def test_every_package_has_a_license() -> None:
    """The list of licenses has those of the packages that are installed on this platform."""
    text = read_result("licenses.md")
    rows = re.findall(r"^\| (\S+) +\| (\S+) +\| (.+?) +\|", text, re.MULTILINE)
    licenses = {normalized(name): license_text for name, _, license_text in rows[1:]}
    assert set(licenses) <= pinned_names()
    assert len(licenses) >= 40
    assert [name for name, found in licenses.items() if found == "UNKNOWN"] == []


@pytest.mark.slow
@pytest.mark.parametrize(("options", "exit_code"), [((), 1), (("--allow-unchecked",), 0)])
def test_audit_without_the_index_of_vulnerabilities_fails(
    tmp_path: pathlib.Path, options: tuple[str, ...], exit_code: int
) -> None:
    """Unless an option allows it; the output says so in both cases."""
    read_result("sbom.cdx.json")
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1"}
    run = subprocess.run(
        ["sh", str(ROOT / "deploy" / "audit" / "build.sh"), *options, str(tmp_path)],
        env={**os.environ, **nowhere, "NO_PROXY": "", "no_proxy": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == exit_code
    assert "\nNOT CHECKED for known vulnerabilities: " in run.stdout
    assert "No known vulnerabilities" not in run.stdout
    assert (tmp_path / "sbom.cdx.json").exists()


def test_audit_is_a_part_of_continuous_integration() -> None:
    """Known vulnerabilities fail the run; that none were looked up does not."""
    assert (
        "make --no-print-directory audit AUDIT_OPTIONS=--allow-unchecked"
        in (ROOT / ".ci" / "run").read_text()
    )
