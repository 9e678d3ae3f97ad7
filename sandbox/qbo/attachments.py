"""Attachments: notes and files beside documents, their upload as multipart and their download by a temporary address.

Files lie on the shelf beside the books. Law: an address works for fifteen minutes, and an upload is answered file by
file, so that one refused file leaves the others kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from email import message_from_bytes
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from sandbox.qbo.books import Books
from sandbox.qbo.codec import Body, decode, encode
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.refusals import Refusal, inactive, missing, unknown_property
from sandbox.qbo.writing import write

if TYPE_CHECKING:
    from sandbox.qbo.standin import QuickBooksStandin

LIFETIME = 900  # seconds that a temporary address works
_PART = re.compile(r"file_(metadata|content)_(\d+)$")


class File(NamedTuple):
    """One uploaded file: what was said about it, its name, type and bytes."""

    metadata: Any
    name: str
    kind: str
    content: bytes | None


def upload(standin: QuickBooksStandin, books: Books, body: bytes) -> str:
    """Keep every file of a multipart body; returns the content of the answer. Raises 2020 for a body without files."""
    files = _files(body)
    if not files:
        raise missing("file_content_0")
    answers = []
    for file in files:
        try:
            answers.append(f'{{"Attachable":{_keep(standin, books, file)}}}')
        except Refusal as refusal:
            answers.append(f'{{"Fault":{encode(refusal.fault())}}}')
    return f'"AttachableResponse":[{",".join(answers)}]'


def _files(body: bytes) -> list[File]:
    """Read the parts of a body by their numbers, whether its lines end in CRLF or in LF alone, as one library sends."""
    opening = body.lstrip().splitlines()[:1]
    if not opening or not opening[0].startswith(b"--"):
        return []
    boundary = opening[0].strip()[2:].decode("latin-1")
    head = f'Content-Type: multipart/form-data; boundary="{boundary}"\n\n'.encode("latin-1")
    message = message_from_bytes(head + body.lstrip())
    found: dict[str, dict[str, Any]] = {}
    for part in message.walk():
        name = _PART.match(str(part.get_param("name", "", "content-disposition")))
        if name is not None:
            found.setdefault(name[2], {})[name[1]] = part
    return [_file(parts) for _, parts in sorted(found.items(), key=lambda one: int(one[0]))]


def _file(parts: dict[str, Any]) -> File:
    metadata, content = parts.get("metadata"), parts.get("content")
    said: Any = {}
    if metadata is not None:
        try:
            said = decode(metadata.get_payload(decode=True))
        except ValueError:
            said = None
    if content is None:
        return File(said, "", "", None)
    data: bytes = content.get_payload(decode=True)
    return File(said, content.get_filename() or "", content.get_content_type(), data)


def _keep(standin: QuickBooksStandin, books: Books, file: File) -> str:
    if not isinstance(file.metadata, dict):
        raise unknown_property("file_metadata")
    if file.content is None:
        raise missing("file_content")
    said: Body = {name: value for name, value in file.metadata.items() if value is not None}
    sent = {**said, "FileName": said.get("FileName") or file.name, "ContentType": said.get("ContentType") or file.kind}
    if not sent["FileName"]:
        raise missing("FileName")
    verb = "update" if sent.get("Id") else "create"
    key, _ = write(books, ENTITIES["Attachable"], verb, sent)
    books.keep_file(key, base64.b64encode(file.content).decode(), str(sent["ContentType"]))
    return _addressed(standin, books, key, size=len(file.content))


def keep_by_hand(books: Books, said: Body, content: bytes) -> str:
    """Keep a file as a person attaches one; returns the attachment's id. Its address is made when it is asked for."""
    key, _ = write(books, ENTITIES["Attachable"], "create", said)
    books.keep_file(key, base64.b64encode(content).decode(), str(said["ContentType"]))
    body = books.docs.body("Attachable", key) or {}
    body |= {"FileAccessUri": f"/v3/company/{books.realm}/download/{key}", "Size": len(content)}
    books.docs.put("Attachable", key, body)
    return key


def _addressed(standin: QuickBooksStandin, books: Books, key: str, *, size: int) -> str:
    body = books.docs.body("Attachable", key) or {}
    body["FileAccessUri"] = f"/v3/company/{books.realm}/download/{key}"
    body["TempDownloadUri"] = address(standin, books, key)
    body["Size"] = size
    books.docs.put("Attachable", key, body)
    return books.docs.text("Attachable", key) or ""


def address(standin: QuickBooksStandin, books: Books, key: str) -> str:
    """Return a temporary address of a file. Raises 610 where the attachment or its file is not there."""
    body = books.docs.body("Attachable", key)
    if body is None or books.file(key) is None:
        raise inactive()
    until = int(books.now()) + LIFETIME
    name = quote(str(body.get("FileName") or key), safe="")
    return f"{standin.public_url}/_files/{books.realm}/{key}/{until}/{_mark(standin, books.realm, key, until)}/{name}"


def fetch(standin: QuickBooksStandin, realm: str, key: str, until: int, mark: str) -> tuple[bytes, str] | None:
    """Return a file's bytes and type for a temporary address; None for an address that is forged or has expired."""
    books = standin.books(realm)
    if books is None or books.now() > until:
        return None
    if not hmac.compare_digest(mark, _mark(standin, realm, key, until)):
        return None
    held = books.file(key)
    if held is None:
        return None
    return base64.b64decode(held["bytes"]), str(held["type"])


def _mark(standin: QuickBooksStandin, realm: str, key: str, until: int) -> str:
    secret = str(standin.oauth.app["client_secret"]).encode()
    return hmac.new(secret, f"file {realm} {key} {until}".encode(), hashlib.sha256).hexdigest()[:40]
