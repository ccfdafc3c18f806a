"""The files in deploy/ are well-formed, and name settings, commands and files that exist."""

import importlib.util
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import kubernetes_validate
import pytest
import yaml

from syndicate.settings import Settings, load
from tests.project_documents import ROOT, find_program, is_command

DEPLOY: Final = ROOT / "deploy"
UNITS: Final = sorted((DEPLOY / "systemd").glob("*.service"))
MAX_EXPOSURE: Final = 20
"""Tenths of the scale on which systemd rates a service that nothing is kept from 96."""


class YamlNode:
    """A node of a YAML document, accessed by key or index; a missing key fails the test."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __getitem__(self, key: str | int) -> "YamlNode":
        if isinstance(key, str):
            assert isinstance(self.value, dict)
        else:
            assert isinstance(self.value, list)
        return YamlNode(self.value[key])  # type: ignore[index]

    def __iter__(self) -> Iterator["YamlNode"]:
        assert isinstance(self.value, list)
        return (YamlNode(child) for child in self.value)

    def __contains__(self, key: str) -> bool:
        assert isinstance(self.value, dict)
        return key in self.value

    @property
    def texts(self) -> list[str]:
        """The values of a list, as strings."""
        return [str(child.value) for child in self]

    @property
    def table(self) -> dict[str, str]:
        """A mapping of strings."""
        assert isinstance(self.value, dict)
        return {str(key): str(value) for key, value in self.value.items()}


def read_yaml(name: str) -> YamlNode:
    """Return the one document of a YAML file in deploy/."""
    return YamlNode(yaml.safe_load((DEPLOY / name).read_text()))


def settings_from(environ: Mapping[str, str], folder: Path) -> Settings:
    """Return deploy/syndicate.toml with ``environ``; secrets are files in ``folder``."""

    def in_folder(match: re.Match[str]) -> str:
        file = folder / Path(match[1]).name
        file.write_text(f"secret-of-{file.name}\n" if "url" not in file.name else DATABASE)
        return f"${{file:{file}}}"

    variables = {
        name: re.sub(r"\$\{file:(.*?)\}", in_folder, text) for name, text in environ.items()
    }
    return load(DEPLOY / "syndicate.toml", variables)


DATABASE: Final = "postgresql://syndicate:secret@db.example.gov/syndicate"


def dockerfile() -> list[str]:
    """Return the instructions of the Dockerfile, each on one line."""
    return (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ").splitlines()


def image_environment() -> dict[str, str]:
    """Return the environment variables that the image sets."""
    (line,) = [line for line in dockerfile() if line.startswith("ENV ")]
    return dict(word.split("=", 1) for word in line.split()[1:])


def copied_paths() -> set[str]:
    """Return the paths of the project that are copied into the image."""
    copies = [line.split() for line in dockerfile() if line.startswith("COPY ")]
    return {
        source for _, *sources, _ in copies for source in sources if "--from=build" not in sources
    }


def test_container_copies_all_it_needs(tmp_path: Path) -> None:
    """A wheel built from them has every file of the service."""
    ignore_rules = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert copied_paths() == {line[1:] for line in ignore_rules if line.startswith("!")}
    for source in copied_paths():
        (tmp_path / source).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, tmp_path / source)
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    subprocess.run(build, cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").iterdir()
    source_root = ROOT / "src"
    files = {
        file.relative_to(source_root).as_posix()
        for file in source_root.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    with zipfile.ZipFile(wheel) as wheel_file:
        assert files - {*wheel_file.namelist()} == set()


def test_container_runs_unprivileged() -> None:
    """The last USER is a number; the health check and the command exist."""
    lines = dockerfile()
    users = [line.split()[1] for line in lines if line.startswith("USER ")]
    assert users == ["10001:10001"]
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    (entry,) = [json.loads(line.split(maxsplit=1)[1]) for line in lines if "ENTRYPOINT" in line]
    (command,) = [json.loads(line[4:]) for line in lines if line.startswith("CMD ")]
    assert entry == [*scripts]
    assert is_command(command)
    assert any(line.startswith("HEALTHCHECK ") and "/healthz" in line for line in lines)


def test_compose_runs_two_of_each_on_one_database(tmp_path: Path) -> None:
    """Commands, settings and mounted files exist, and file systems are read-only."""
    services = read_yaml("compose.yaml")["services"]
    for name in ("upgrade", "serve", "deliver"):
        service = services[name]
        assert is_command(service["command"].texts)
        assert service["read_only"].value is True
        assert service["cap_drop"].texts == ["ALL"]
        environ = {k: v.replace("$$", "$") for k, v in service["environment"].table.items()}
        settings = settings_from({**image_environment(), **environ}, tmp_path)
        assert settings.database_url == (
            "postgresql://syndicate:secret-of-database_password@database/syndicate"
        )
        assert settings.service.secret_key == "secret-of-secret_key"  # noqa: S105
        assert settings.service.proxies == 1
    assert "ports" not in services["serve"]
    assert [services[name]["deploy"]["replicas"].value for name in ("serve", "deliver")] == [2, 2]
    mounted = [
        volume.partition(":")[0]
        for name in ("serve", "cache")
        for volume in services[name]["volumes"].texts
        if volume.startswith("./")
    ]
    assert mounted == ["./syndicate.toml", "./nginx.compose.conf"]
    assert all((DEPLOY / name).is_file() for name in mounted)


def kubernetes_objects() -> dict[tuple[str, str], YamlNode]:
    """Return the objects of the file for Kubernetes, by kind and name."""
    return {
        (str(item["kind"].value), str(item["metadata"]["name"].value)): item
        for item in read_yaml("kubernetes/syndicate.yaml")["items"]
    }


PODS: Final = {
    ("Deployment", "syndicate-serve"): [["db", "check"], ["serve"]],
    ("Deployment", "syndicate-deliver"): [
        ["db", "check"],
        ["deliver", "--metrics-port", "9100"],
    ],
    ("Job", "syndicate-upgrade"): [["db", "upgrade"]],
}
"""The commands of the containers of each pod."""


@pytest.mark.parametrize("key", PODS)
def test_kubernetes_runs_commands_unprivileged(key: tuple[str, str], tmp_path: Path) -> None:
    """As the restricted profile requires; volumes, commands and settings exist."""
    spec = kubernetes_objects()[key]["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"].value is False
    assert spec["securityContext"]["runAsNonRoot"].value is True
    assert spec["securityContext"]["seccompProfile"]["type"].value == "RuntimeDefault"
    volumes = {volume["name"].value for volume in spec["volumes"]}
    containers = [*spec["initContainers"], *spec["containers"]]
    assert [container["args"].texts for container in containers] == PODS[key]
    for container in containers:
        assert is_command(container["args"].texts)
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"].value is False
        assert context["readOnlyRootFilesystem"].value is True
        assert context["capabilities"]["drop"].texts == ["ALL"]
        assert {mount["name"].value for mount in container["volumeMounts"]} == volumes
        environ = {str(v["name"].value): str(v["value"].value) for v in container["env"]}
        settings = settings_from({**image_environment(), **environ}, tmp_path)
        assert settings.database_url == DATABASE


def test_kubernetes_runs_two_of_each() -> None:
    """Selectors match the pods, and each container that runs on has probes."""
    objects = kubernetes_objects()
    for name in ("syndicate-serve", "syndicate-deliver"):
        spec = objects["Deployment", name]["spec"]
        labels = spec["template"]["metadata"]["labels"].table
        assert spec["selector"]["matchLabels"].table == labels
        assert spec["replicas"].value == 2
        (container,) = spec["template"]["spec"]["containers"]
        assert "startupProbe" in container
        assert "livenessProbe" in container
    serve = objects["Deployment", "syndicate-serve"]["spec"]["selector"]["matchLabels"].table
    assert objects["Service", "syndicate"]["spec"]["selector"].table == serve
    budget = objects["PodDisruptionBudget", "syndicate-serve"]
    assert budget["spec"]["selector"]["matchLabels"].table == serve


def test_kubernetes_limits_the_network_and_the_privileges() -> None:
    """Every pod is selected by the policy, and the namespace enforces the restricted profile."""
    objects = kubernetes_objects()
    labels = objects["Namespace", "syndicate"]["metadata"]["labels"].table
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    policy = objects["NetworkPolicy", "syndicate"]["spec"]
    assert policy["policyTypes"].texts == ["Ingress", "Egress"]
    selected = policy["podSelector"]["matchLabels"].table.items()
    for key in PODS:
        pod = objects[key]["spec"]["template"]["metadata"]["labels"].table
        assert selected <= pod.items()


@pytest.mark.parametrize("version", ["1.30", kubernetes_validate.latest_version()])
def test_kubernetes_accepts_every_object(version: str) -> None:
    """By its own schemas, without unknown fields."""
    for item in kubernetes_objects().values():
        assert isinstance(item.value, dict)
        kubernetes_validate.validate(item.value, version, strict=True)


def start_py() -> dict[str, object]:
    """Return the names that deploy/cloud.gov/start.py defines."""
    spec = importlib.util.spec_from_file_location("start", DEPLOY / "cloud.gov" / "start.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


VCAP: Final = json.dumps(
    {
        "aws-rds": [{"name": "syndicate-database", "credentials": {"uri": DATABASE, "port": 5432}}],
        "s3": [{"name": "other", "credentials": {"uri": "s3://key@bucket"}}],
        "user-provided": [{"name": "syndicate-secrets", "credentials": {"secret_key": "hidden"}}],
    }
)


def test_cloud_foundry_provides_port_database_and_secrets() -> None:
    """The command gets the platform's environment variables."""
    manifest = read_yaml("cloud.gov/manifest.yml")["applications"][0]
    assert (DEPLOY / "cloud.gov" / str(manifest["path"].value)).resolve() == ROOT
    types = {}
    for process in manifest["processes"]:
        python, script, *command = shlex.split(str(process["command"].value))
        assert (python, (ROOT / script).is_file()) == ("python", True)
        assert is_command(command)
        types[process["type"].value] = (*command, process["instances"].value)
    assert types == {"web": ("serve", 2), "worker": ("deliver", 2)}
    completed = subprocess.run(
        [sys.executable, "deploy/cloud.gov/start.py", "config", "show", "--json"],
        cwd=ROOT,
        env={**manifest["env"].table, "PORT": "8123", "VCAP_SERVICES": VCAP, "PATH": ""},
        check=True,
        capture_output=True,
    )
    values = {
        setting["name"]: (setting["value"], setting["origin"])
        for setting in json.loads(completed.stdout)
    }
    assert values["service.host"][0] == "0.0.0.0"  # noqa: S104
    assert int(values["service.port"][0]) == 8123
    assert values["service.secret_key"][1] == "SYNDICATE_SERVICE__SECRET_KEY"
    assert values["database.url"][0] == DATABASE.replace("secret", "********")


def cf_commands() -> list[list[str]]:
    """Return the `cf` commands at the top of the manifest, as words."""
    head = (DEPLOY / "cloud.gov" / "manifest.yml").read_text().partition("---\n")[0]
    return [shlex.split(line) for line in re.findall(r"^#   cf (.*)$", head, re.MULTILINE)]


def test_cloud_foundry_stages_an_application_before_its_task() -> None:
    """`--task` makes the droplet for `run-task`; the upgrade runs before serving."""
    commands = [words for words in cf_commands() if words[0] in ("push", "run-task")]
    assert [words[:2] for words in commands] == [
        ["push", "syndicate-upgrade"],
        ["run-task", "syndicate-upgrade"],
        ["push", "syndicate"],
    ]
    staged, task, start_command = commands
    assert "--task" in staged
    assert "--wait" in task
    assert "--task" not in start_command
    assert not any("--no-start" in words for words in commands)
    python, script, *command = shlex.split(task[task.index("--command") + 1])
    assert (python, (ROOT / script).is_file()) == ("python", True)
    assert is_command(command)
    for words in (staged, start_command):
        assert (ROOT / words[words.index("--manifest") + 1]).is_file()


def test_cloud_foundry_upgrades_with_the_serving_application() -> None:
    """Both applications have the same code, settings and services."""
    serving_app, upgrading_app = read_yaml("cloud.gov/manifest.yml")["applications"]
    assert [app["name"].value for app in (serving_app, upgrading_app)] == [
        "syndicate",
        "syndicate-upgrade",
    ]
    for key in ("path", "buildpacks", "services", "env"):
        assert serving_app[key].value == upgrading_app[key].value
    assert upgrading_app["no-route"].value is True
    created = [words for words in cf_commands() if words[0].startswith("create-")]
    assert len(created) == len(serving_app["services"].texts)
    for words, name in zip(created, serving_app["services"].texts, strict=True):
        assert name in words


def test_environment_overrides_cloud_foundry_bindings() -> None:
    """Without bindings and port, only the host is set."""
    settings = start_py()["settings"]
    assert callable(settings)
    assert settings({}) == {"SYNDICATE_SERVICE__HOST": "0.0.0.0"}  # noqa: S104


def read_unit(path: Path) -> dict[str, list[str]]:
    """Return the settings of a unit, each with all its values."""
    values: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", path.read_text(), re.MULTILINE):
        values.setdefault(name, []).append(value)
    return values


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_unit_runs_a_command_with_valid_settings(path: Path, tmp_path: Path) -> None:
    """The systemd credential is the secret of the settings."""
    settings = read_unit(path)
    executable, *command = shlex.split(settings["ExecStart"][0])
    assert Path(executable).name == "syndicate"
    assert is_command(command)
    environ = dict(line.split("=", 1) for line in settings["Environment"])
    settings_of_unit = settings_from(environ, tmp_path)
    assert settings_of_unit.service.secret_key == "secret-of-secret_key"  # noqa: S105
    assert settings_of_unit.database_url == "sqlite:////var/lib/syndicate/syndicate.db"
    assert settings_of_unit.data_folder == Path("/var/lib/syndicate")


def test_systemd_analyze_accepts_the_units(tmp_path: Path) -> None:
    """No setting is unknown, and the exposure is low."""
    analyze = find_program("systemd-analyze")
    units = []
    for path in UNITS:
        text = path.read_text().replace("/opt/syndicate/bin/syndicate", sys.executable)
        units.append(tmp_path / path.name)
        units[-1].write_text(text)
    environ = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    verified = subprocess.run(
        [analyze, "verify", "--man=no", "--recursive-errors=no", *units],
        env=environ,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    rated = subprocess.run(
        [analyze, "security", "--offline=yes", f"--threshold={MAX_EXPOSURE}", *units],
        env=environ,
        check=False,
        capture_output=True,
        text=True,
    )
    assert (rated.returncode, rated.stderr) == (0, ""), rated.stdout[-200:]
