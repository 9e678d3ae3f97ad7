"""Notes and files beside documents: multipart in both line ends, several files, temporary addresses, refusals."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import requests

from sandbox.qbo.attachments import LIFETIME
from tests.sandbox.client import Company
from tests.xsd import judge

EVERY_BYTE = bytes(range(256)) + b"\r\n--not-a-boundary\r\n\n"


def multipart(*files: tuple[str, dict[str, Any] | None, bytes], end: bytes = b"\r\n", encode: bool = False) -> bytes:
    """Return a multipart body as HTTP clients write it; `files` are (number, metadata, content)."""
    lines: list[bytes] = []
    for number, metadata, content in files:
        if metadata is not None:
            lines += [b"--frontier", f'Content-Disposition: form-data; name="file_metadata_{number}"'.encode()]
            lines += [b"Content-Type: application/json", b"", json.dumps(metadata).encode()]
        named = f'Content-Disposition: form-data; name="file_content_{number}"; filename="f{number}.bin"'
        lines += [b"--frontier", named.encode(), b"Content-Type: application/octet-stream"]
        lines += [b"Content-Transfer-Encoding: base64"] if encode else []
        lines += [b"", base64.b64encode(content) if encode else content]
    return end.join([*lines, b"--frontier--", b""])


def upload(company: Company, body: bytes) -> list[dict[str, Any]]:
    headers = {**company.headers, "Content-Type": "multipart/form-data; boundary=frontier"}
    answer = company.http.post(f"{company.base}/upload", data=body, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["AttachableResponse"]


@pytest.mark.parametrize(("end", "encode"), [(b"\r\n", False), (b"\r\n", True), (b"\n", True)])
def test_a_file_comes_back_byte_for_byte(company: Company, end: bytes, encode: bool) -> None:
    invoice = company.invoice(company.customer()["Id"])
    told = {"EntityRef": {"type": "Invoice", "value": invoice["Id"]}, "IncludeOnSend": False}
    metadata = {"FileName": "plan.pdf", "ContentType": "application/pdf", "AttachableRef": [told]}
    (made,) = upload(company, multipart(("01", metadata, EVERY_BYTE), end=end, encode=encode))
    kept = made["Attachable"]
    assert judge("Attachable", kept) == []
    assert (kept["FileName"], kept["Size"], kept["AttachableRef"]) == ("plan.pdf", len(EVERY_BYTE), [told])
    assert company.read("Attachable", kept["Id"]) == kept
    fetched = requests.get(kept["TempDownloadUri"], timeout=10)
    assert (fetched.content, fetched.headers["Content-Type"]) == (EVERY_BYTE, "application/pdf")
    fresh = company.get(f"download/{kept['Id']}").text
    assert requests.get(fresh, timeout=10).content == EVERY_BYTE
    where = f"AttachableRef.EntityRef.Type = 'Invoice' AND AttachableRef.EntityRef.value = '{invoice['Id']}'"
    assert company.query(f"SELECT * FROM Attachable WHERE {where}")["Attachable"] == [kept]


def test_several_files_are_answered_one_by_one(company: Company) -> None:
    lost = {"AttachableRef": [{"EntityRef": {"type": "Invoice", "value": "999"}}]}
    answers = upload(company, multipart(("0", None, b"a"), ("1", lost, b"b"), ("2", {"Note": "third"}, b"c")))
    assert [next(iter(one)) for one in answers] == ["Attachable", "Fault", "Attachable"]
    assert answers[0]["Attachable"]["FileName"] == "f0.bin"
    assert answers[1]["Fault"]["Error"][0]["code"] == "2500"
    assert answers[2]["Attachable"]["Note"] == "third"


def test_an_address_expires_and_cannot_be_forged(company: Company) -> None:
    (made,) = upload(company, multipart(("0", None, b"secret")))
    uri = made["Attachable"]["TempDownloadUri"]
    *front, until, mark, name = uri.split("/")
    forged = "/".join([*front, str(int(until) + 9999), mark, name])
    assert requests.get(forged, timeout=10).status_code == 403
    company.steer("clock/advance", {"seconds": LIFETIME + 1})
    assert requests.get(uri, timeout=10).status_code == 403
    company.refresh()
    assert requests.get(company.get("download/1").text, timeout=10).content == b"secret"


def test_notes_need_words_and_deleted_files_are_gone(company: Company) -> None:
    note = company.create("Attachable", Note="Call first")
    assert company.get(f"download/{note['Id']}").status_code == 400
    code, detail = company.refused("attachable", {"AttachableRef": []})
    assert code == "6000"
    assert "at least a note string or file attachment" in detail
    (made,) = upload(company, multipart(("0", None, b"x")))
    kept = made["Attachable"]
    uri = kept["TempDownloadUri"]
    company.post("attachable", {"Id": kept["Id"], "SyncToken": kept["SyncToken"]}, operation="delete")
    assert requests.get(uri, timeout=10).status_code == 403
    assert company.refused("upload", "no files at all")[0] == "2020"


def test_an_upload_with_a_requestid_is_kept_once(company: Company) -> None:
    headers = {**company.headers, "Content-Type": "multipart/form-data; boundary=frontier"}
    url = f"{company.base}/upload?requestid=one"
    twice = [company.http.post(url, data=multipart(("0", None, b"x")), headers=headers).text for _ in range(2)]
    assert twice[0] == twice[1]
    assert company.query("SELECT count(*) FROM Attachable") == {"totalCount": 1}
