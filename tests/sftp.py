"""A real SFTP server on this machine, over a folder: one user, a password and a public key, one host key."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import paramiko
from paramiko import SFTPAttributes, SFTPHandle, SFTPServer

USER, PASSWORD = "misto", "пароль до теки"


class _Door(paramiko.ServerInterface):
    def __init__(self, server: "SftpServer") -> None:
        self.server = server

    def check_auth_password(self, username: str, password: str) -> int:
        good = (username, password) == (USER, PASSWORD)
        return paramiko.common.AUTH_SUCCESSFUL if good else paramiko.common.AUTH_FAILED

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        good = username == USER and key == self.server.user_key
        return paramiko.common.AUTH_SUCCESSFUL if good else paramiko.common.AUTH_FAILED

    def get_allowed_auths(self, username: str) -> str:
        return "password,publickey"

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.common.OPEN_SUCCEEDED


class _Files(paramiko.SFTPServerInterface):
    root: Path

    def _path(self, path: str) -> Path:
        return self.root / self.canonicalize(path).lstrip("/")

    def _try(self, do: Any) -> Any:
        try:
            return do()
        except OSError as error:
            return SFTPServer.convert_errno(error.errno or 0)

    def list_folder(self, path: str) -> Any:
        def listed() -> list[SFTPAttributes]:
            found = sorted(self._path(path).iterdir())
            return [SFTPAttributes.from_stat(file.lstat(), file.name) for file in found]

        return self._try(listed)

    def stat(self, path: str) -> Any:
        return self._try(lambda: SFTPAttributes.from_stat(self._path(path).stat()))

    lstat = stat

    def open(self, path: str, flags: int, attr: Any) -> Any:
        def opened() -> SFTPHandle:
            handle = SFTPHandle(flags)
            mode = "rb" if flags & (os.O_WRONLY | os.O_RDWR) == 0 else "wb"
            file = os.fdopen(os.open(self._path(path), flags, 0o600), mode)
            handle.readfile = handle.writefile = file  # type: ignore[attr-defined]
            return handle

        return self._try(opened)

    def remove(self, path: str) -> Any:
        return self._try(lambda: self._path(path).unlink()) or paramiko.sftp.SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> Any:
        """As old servers do: not onto a file that is there."""
        if self._path(newpath).exists():
            return paramiko.sftp.SFTP_FAILURE
        return self._try(lambda: self._path(oldpath).rename(self._path(newpath)) and None) or paramiko.sftp.SFTP_OK

    def posix_rename(self, oldpath: str, newpath: str) -> Any:
        if self.root.name == "old":  # has no such command
            return paramiko.sftp.SFTP_OP_UNSUPPORTED
        return self._try(lambda: self._path(oldpath).replace(self._path(newpath)) and None) or paramiko.sftp.SFTP_OK

    def mkdir(self, path: str, attr: Any) -> Any:
        return self._try(lambda: self._path(path).mkdir()) or paramiko.sftp.SFTP_OK


class SftpServer:
    """Where it listens, the key that it shows, and the key by which its user may come."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.host_key = paramiko.ECDSAKey.generate()
        self.user_key: paramiko.PKey = paramiko.ECDSAKey.generate()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.transports: list[paramiko.Transport] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def shown_key(self) -> str:
        """As ssh-keyscan prints it."""
        return f"127.0.0.1 {self.host_key.get_name()} {self.host_key.get_base64()}"

    def close(self) -> None:
        """Nobody is served any more."""
        with suppress(OSError):
            self.listening.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept
        self.listening.close()
        for transport in self.transports:
            transport.close()

    def _serve(self) -> None:
        files = type("_Here", (_Files,), {"root": self.root})
        while True:
            try:
                connection, _address = self.listening.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(self.host_key)
            transport.set_subsystem_handler("sftp", SFTPServer, files)
            self.transports.append(transport)
            with suppress(paramiko.SSHException, EOFError, OSError):
                transport.start_server(server=_Door(self))


@contextmanager
def serving(root: Path) -> Iterator[SftpServer]:
    """The server runs while the block does."""
    root.mkdir(parents=True, exist_ok=True)
    server = SftpServer(root)
    try:
        yield server
    finally:
        server.close()
