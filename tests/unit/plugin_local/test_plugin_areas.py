"""What the areas find on a machine, real or made up."""

from __future__ import annotations

import socket
from email.message import Message
from importlib.metadata import Distribution
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from inventory.plugin_local.areas import host, network, software, storage


def test_the_host_tells_its_cpu_memory_kernel_and_boot_time() -> None:
    (item,) = host.find()

    assert item.name == socket.gethostname()
    data = item.data
    assert isinstance(data["cpu"], dict)
    assert isinstance(data["memory"], dict)
    assert isinstance(data["os"], dict)
    assert data["cpu"]["logical"] == psutil.cpu_count()
    assert data["memory"]["total"] == psutil.virtual_memory().total
    assert data["os"]["kernel"]
    assert str(data["boot_time"]).endswith("+00:00")


def test_the_account_does_not_show_the_machine_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "machine-id"
    file.write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    monkeypatch.setattr(host, "MACHINE_ID_FILES", (tmp_path / "absent", file))

    first, second = host.account(), host.account()

    assert first == second
    assert first.startswith("machine-")
    assert "3d1219" not in first


@pytest.mark.parametrize("content", [None, ""], ids=["absent", "empty"])
def test_without_a_machine_id_the_account_is_the_hostname(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    file = tmp_path / "machine-id"
    if content is not None:
        file.write_text(content)
    monkeypatch.setattr(host, "MACHINE_ID_FILES", (file,))

    assert host.account() == f"machine-{socket.gethostname()}"


def block_device(root: Path, name: str, sectors: int, model: str = "") -> None:
    (root / name / "queue").mkdir(parents=True)
    (root / name / "device").mkdir()
    (root / name / "size").write_text(f"{sectors}\n")
    (root / name / "queue" / "rotational").write_text("1\n")
    (root / name / "device" / "model").write_text(f"{model}\n")


def test_disks_are_block_devices_with_a_size(tmp_path: Path) -> None:
    block_device(tmp_path, "sda", 4 * 1024**2, "Spinning Rust")
    block_device(tmp_path, "sdb", 0)
    block_device(tmp_path, "loop0", 100)

    (disk,) = storage.disks(tmp_path)

    assert (disk.resource_id, disk.instance_size) == ("disk/sda", 2.0)
    assert disk.data == {
        "device": "/dev/sda",
        "size": 2 * 1024**3,
        "model": "Spinning Rust",
        "rotational": True,
        "removable": False,
    }


def test_a_system_without_block_devices_has_no_disks(tmp_path: Path) -> None:
    assert list(storage.disks(tmp_path / "absent")) == []


def test_a_file_system_that_does_not_answer_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    mounted = SimpleNamespace(mountpoint="/stale", device="server:/x", fstype="nfs", opts="ro,soft")

    def refuse(path: str) -> None:
        raise OSError(116, "Stale file handle")

    monkeypatch.setattr(storage.psutil, "disk_partitions", lambda all: [mounted, mounted])
    monkeypatch.setattr(storage.psutil, "disk_usage", refuse)

    (item,) = storage.file_systems()

    assert item.resource_id == "file-system/stale"
    assert "size" not in item.data
    assert item.data["options"] == ["ro", "soft"]


def test_a_listening_port_is_told_with_its_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        (item,) = [item for item in network.listening_ports() if item.resource_id == f"port/tcp/127.0.0.1/{port}"]

    assert item.data["port"] == port
    assert item.data["process"] == psutil.Process().name()


def test_a_port_shared_by_two_sockets_is_told_once() -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as first:
        port = first.getsockname()[1]
        with socket.create_server(("127.0.0.1", port), reuse_port=True):
            found = [item for item in network.listening_ports() if item.data["port"] == port]

    assert len(found) == 1


def test_what_is_not_a_service_is_no_listening_port(monkeypatch: pytest.MonkeyPatch) -> None:
    def connection(kind: int, port: int, status: str, remote: object = ()) -> SimpleNamespace:
        return SimpleNamespace(
            type=kind, laddr=SimpleNamespace(ip="127.0.0.1", port=port), raddr=remote, status=status, pid=None
        )

    open_sockets = [
        connection(socket.SOCK_STREAM, 22, psutil.CONN_LISTEN),
        connection(socket.SOCK_STREAM, 40000, psutil.CONN_ESTABLISHED, ("192.0.2.1", 1)),
        connection(socket.SOCK_DGRAM, 53, psutil.CONN_NONE),
        connection(socket.SOCK_DGRAM, 54, psutil.CONN_NONE, ("192.0.2.1", 1)),
        connection(socket.SOCK_DGRAM, 50123, psutil.CONN_NONE),
    ]
    monkeypatch.setattr(network.psutil, "net_connections", lambda kind: open_sockets)

    assert [item.resource_id for item in network.listening_ports()] == [
        "port/tcp/127.0.0.1/22",
        "port/udp/127.0.0.1/53",
    ]


def test_loopback_is_an_interface_with_its_address() -> None:
    found = {item.resource_id: item for item in network.find()}

    loopback = next(
        item for item in found.values() if "127.0.0.1" in item.ip_addresses and item.type.name == "Interface"
    )
    assert f"address/{loopback.name}/127.0.0.1" in found


class Package(Distribution):
    """An installed distribution, made up."""

    def __init__(self, **headers: str) -> None:
        self._message = Message()
        for key, value in headers.items():
            self._message[key.replace("_", "-")] = value

    @property
    def metadata(self) -> Message:  # type: ignore[override]
        return self._message

    @property
    def requires(self) -> list[str] | None:
        return None

    def read_text(self, filename: str) -> str | None:
        return "pip\n" if filename == "INSTALLER" else None

    def locate_file(self, path: object) -> Path:  # type: ignore[override]
        return Path(str(path))


def test_a_package_is_told_once_and_broken_ones_are_passed_over() -> None:
    found = [
        Package(Name="Ruamel.yaml", Version="1.0", License="MIT\n\nPermission is hereby granted"),
        Package(Name="ruamel_yaml", Version="0.9"),
        Package(Version="3"),
    ]

    (item,) = software.packages(found, environment="/venv")

    assert item.resource_id == "python/venv/ruamel-yaml"
    assert item.data["version"] == "1.0"
    assert item.data["license"] == "MIT"
    assert item.data["installer"] == "pip"


def test_the_packages_of_this_interpreter_are_found() -> None:
    names = {software.normalized(item.name) for item in software.find()}

    assert {"grpcio", "psutil", "pytest"} <= names
