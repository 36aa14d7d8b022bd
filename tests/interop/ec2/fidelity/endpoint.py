"""One server with its clients: boto3 for real calls, signed raw requests for those that boto3 cannot make."""

import contextlib
import datetime
import http.client
import urllib.parse
from dataclasses import dataclass
from unittest import mock

import boto3
import botocore.config
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

VERSION = "2016-11-15"
CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
SECONDS = 60


@dataclass
class Endpoint:
    """A server that speaks EC2's protocol, and credentials that it accepts."""

    name: str
    url: str
    access_key: str
    secret_key: str

    def client(self, region: str, access_key: str | None = None, secret_key: str | None = None):
        """A boto3 client that tries once and lets bad parameters through."""
        return boto3.session.Session().client(
            "ec2",
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=access_key or self.access_key,
            aws_secret_access_key=secret_key or self.secret_key,
            config=botocore.config.Config(
                retries={"total_max_attempts": 1},
                parameter_validation=False,
                connect_timeout=SECONDS,
                read_timeout=SECONDS,
            ),
        )

    def request(self, region: str, parameters: list[tuple[str, str]], how: "How") -> "Reply":
        """Sends one request as the query API has it, signed as told."""
        body = urllib.parse.urlencode(parameters)
        headers = {"Host": urllib.parse.urlsplit(self.url).netloc}
        if how.method == "POST":
            request = AWSRequest("POST", self.url + "/", data=body, headers={**headers, "Content-Type": CONTENT_TYPE})
        else:
            request = AWSRequest(how.method, f"{self.url}/?{body}", headers=headers)
        if how.sign:
            credentials = Credentials(how.access_key or self.access_key, how.secret_key or self.secret_key)
            signer = SigV4QueryAuth if how.presign else SigV4Auth
            with _clock_moved(how.clock):
                signer(credentials, "ec2", region).add_auth(request)
        prepared = request.prepare()
        sent = prepared.body or b""
        if how.tamper is not None:
            sent = how.tamper(sent if isinstance(sent, bytes) else sent.encode())
        parts = urllib.parse.urlsplit(prepared.url)
        connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
        with contextlib.closing(connection):
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request(how.method, target, sent, {key: _text(value) for key, value in prepared.headers.items()})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
            headers = {key.lower(): value for key, value in response.getheaders()}
            return Reply(response.status, headers, text, response.will_close)


@dataclass
class How:
    """How a raw request is sent and signed."""

    method: str = "POST"
    sign: bool = True
    presign: bool = False
    access_key: str | None = None
    secret_key: str | None = None
    clock: datetime.timedelta = datetime.timedelta()
    tamper: object = None


@dataclass
class Reply:
    """What came back on the wire."""

    status: int
    headers: dict
    body: str
    closes: bool


def _text(value) -> str:
    return value.decode() if isinstance(value, bytes) else value


@contextlib.contextmanager
def _clock_moved(by: datetime.timedelta):
    if not by:
        yield
        return
    now = datetime.datetime.now(datetime.timezone.utc) + by
    with mock.patch("botocore.auth.get_current_datetime", lambda remove_tzinfo=True: now.replace(tzinfo=None)):
        yield
